from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodesmith.generation.example_fit import accepted_by_pydantic, fits, fits_by_bounds
from nodesmith.spec.model import ScalarName

# A constraint that no value can hold to is refused by pydantic when the model is built, which other tests see to.
BOUNDS = ("ge", "gt", "le", "lt")
VALUES: dict[ScalarName, st.SearchStrategy[Any]] = {
    ScalarName.INT: st.integers(),
    ScalarName.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    ScalarName.DECIMAL: st.decimals(allow_nan=False, allow_infinity=False),
}
LENGTHS = st.dictionaries(st.sampled_from(["min_length", "max_length"]), st.integers(0, 5))


@st.composite
def bounded(draw: st.DrawFn) -> tuple[ScalarName, dict[str, Any], Any]:
    """Return a number with bounds near it as often as not."""
    name = draw(st.sampled_from(list(VALUES)))
    value = draw(VALUES[name])
    return name, draw(st.dictionaries(st.sampled_from(BOUNDS), VALUES[name] | st.just(value))), value


@settings(deadline=None)
@given(bounded())
def test_bounds_are_held_to_as_pydantic_has_it(case: tuple[ScalarName, dict[str, Any], Any]) -> None:
    name, bounds, value = case

    assert fits_by_bounds(name, bounds, value) == accepted_by_pydantic(name, bounds, value)


@settings(deadline=None)
@given(st.text(max_size=8), LENGTHS)
def test_lengths_are_held_to_as_pydantic_has_it(text: str, lengths: dict[str, int]) -> None:
    for name, value in ((ScalarName.STR, text), (ScalarName.BYTES, text.encode())):
        assert fits_by_bounds(name, lengths, value) == accepted_by_pydantic(name, lengths, value)


@pytest.mark.parametrize(
    ("name", "constraints", "value"),
    [
        (ScalarName.STR, {"pattern": "^a$"}, "a"),
        (ScalarName.INT, {"multiple_of": 3}, 3),
        (ScalarName.FLOAT, {"ge": 2**60 + 1}, 2.0**60),
        (ScalarName.DECIMAL, {"max_digits": 3}, Decimal("1.5")),
    ],
)
def test_what_is_more_than_a_bound_is_left_to_pydantic(
    name: ScalarName, constraints: dict[str, Any], value: Any
) -> None:
    assert fits_by_bounds(name, constraints, value) is None
    assert fits(name, constraints, value)


def test_what_is_not_finite_never_fits() -> None:
    assert not fits(ScalarName.FLOAT, {}, float("inf"))
    assert not fits(ScalarName.DECIMAL, {}, Decimal("NaN"))
