"""What is decorated here is held against the same class decorated by the standard library."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from nodesmith.records import dataclass

Decorator = Callable[..., Callable[[type], Any]]

OPTIONS = [
    {"frozen": True, "slots": True, "kw_only": True},
    {"frozen": True},
    {"frozen": True, "slots": True, "eq": False},
    {"slots": True},
    {"frozen": True, "kw_only": True, "order": True},
]


def decorated(decorator: Decorator, options: dict[str, bool]) -> Any:
    class Point:
        x: int
        y: int = 2
        names: list[str] = dataclasses.field(default_factory=list)

    return decorator(**options)(Point)


@pytest.fixture(params=OPTIONS, ids=str)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    return decorated(dataclass, request.param), decorated(dataclasses.dataclass, request.param)


def outcome(act: Callable[[], object]) -> object:
    """Return what comes of something: a value, or the type and text of an error."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - whatever comes is what is compared
        return type(error), str(error)


CREATIONS: list[Callable[[Any], object]] = [
    lambda cls: repr(cls(x=1)),
    lambda cls: repr(cls(1, 3)),
    lambda cls: repr(cls(x=1, y=5, names=["a"])),
    lambda cls: repr(cls()),
    lambda cls: repr(cls(x=1, z=2)),
    lambda cls: cls(x=1).names is cls(x=1).names,
    lambda cls: repr(dataclasses.replace(cls(x=1), y=7)),
    lambda cls: dataclasses.asdict(cls(x=1)),
    lambda cls: [field.name for field in dataclasses.fields(cls)],
    lambda cls: cls.__match_args__,
]


@pytest.mark.parametrize("act", CREATIONS)
def test_objects_are_created_and_shown_in_the_same_way(
    pair: tuple[Any, Any], act: Callable[[Any], object]
) -> None:
    ours, theirs = pair

    assert outcome(lambda: act(ours)) == outcome(lambda: act(theirs))


COMPARISONS: list[Callable[[Any, Any], object]] = [
    lambda one, other: one == other,
    lambda one, other: one != other,
    lambda one, other: one == (1, 2, []),
    lambda one, other: one < other,
    lambda one, other: one >= other,
    lambda one, other: type(one).__hash__ is None,
    lambda one, other: hasattr(one, "__dict__"),
]


@pytest.mark.parametrize("act", COMPARISONS)
@pytest.mark.parametrize("other", [1, 4])
def test_objects_compare_in_the_same_way(
    pair: tuple[Any, Any], act: Callable[[Any, Any], object], other: int
) -> None:
    ours, theirs = (outcome(lambda cls=cls: act(cls(x=1), cls(x=other))) for cls in pair)  # type: ignore[misc]

    assert ours == theirs


def test_equal_frozen_objects_have_equal_hashes() -> None:
    @dataclass(frozen=True, slots=True)
    class Name:
        text: str

    assert len({Name("a"), Name("a"), Name("b")}) == 2


def test_frozen_objects_stay_as_they_are() -> None:
    frozen = decorated(dataclass, {"frozen": True, "slots": True})(1)

    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        frozen.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del frozen.x
