from __future__ import annotations

import json

import pydantic
import pytest
from generation.odd_system import compute

from nodesmith.contract.node_contract import build
from nodesmith.generation.example_text import TOO_LONG, text_candidates
from nodesmith.generation.examples import NoExampleError, example
from nodesmith.spec.loading import load_node_document


def example_of(field: object) -> object:
    document = {**compute("a"), "operations": {"work_out": {"input": {"thing": field}, "output": {}}}}
    return example(build(load_node_document(document, source="test")).operations[0].input)["thing"]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("str", "text"),
        ({"type": "str", "max_length": 2}, "te"),
        ({"type": "str", "min_length": 6}, "textxx"),
        ({"type": "int", "ge": 10, "multiple_of": 4}, 12),
        ({"type": "int", "lt": -5}, -6),
        ({"type": "int", "gt": 10**299, "multiple_of": 7}, 10**299 - 10**299 % 7 + 7),
        ({"type": "float", "gt": 1e300}, 2e300),
        ({"type": "float", "gt": 0, "lt": 0.5}, 0.25),
        ({"type": "decimal", "ge": "2.5", "le": "2.5"}, "2.5"),
        ({"type": "bytes", "min_length": 7}, "aGVsbG9vbw=="),
        ({"type": "bytes", "max_length": 3}, "aGVs"),
        ({"type": "list[int]", "min_length": 2}, [1, 1]),
        ({"type": "list[int]", "max_length": 0}, []),
        ({"type": "dict[str, bool]", "min_length": 1}, {"key_1": True}),
        ({"enum": ["b", "a"]}, "b"),
        ("uuid | null", "0b54b0f6-4f0c-4b7e-9d3a-6f1a2c3d4e5f"),
    ],
)
def test_an_example_fits_its_field(field: object, expected: object) -> None:
    assert example_of(field) == expected


@pytest.mark.parametrize(
    "pattern",
    [r"^[A-Z]{2}-\d+$", r"^\S+@\S+\.\w{2,}$", r"^(?:foo|bar)\w*$", r"^\+?[0-9]{7,15}$", r"^[^a-y]z$", r"^\d{4}-\d{2}-\d{2}$"],
)  # fmt: skip
def test_a_text_is_found_for_a_usual_pattern(pattern: str) -> None:
    adapter: pydantic.TypeAdapter[str] = pydantic.TypeAdapter(pydantic.constr(pattern=pattern))

    assert adapter.validate_python(example_of({"type": "str", "pattern": pattern}))


def test_where_no_text_is_found_there_is_no_example() -> None:
    with pytest.raises(NoExampleError):
        example_of({"type": "str", "pattern": "^ab$", "min_length": 3})


@pytest.mark.parametrize(
    "field",
    [
        {"type": "str", "min_length": 2_000_000_000},
        {"type": "bytes", "min_length": 2_000_000_000},
        {"type": "list[int]", "min_length": 2_000_000_000},
        {"type": "dict[str, int]", "min_length": 2_000_000_000},
        {"type": "str", "min_length": 2000, "max_length": 2001, "pattern": "^((((((((a+)+)+)+)+)+)+)+)+$"},
        {"type": "float", "gt": 1.7e308},
        {"type": "float", "ge": 1e300, "multiple_of": 1e-300},
    ],
)
def test_what_would_be_huge_has_no_example_at_once(field: object) -> None:
    with pytest.raises(NoExampleError):
        example_of(field)


@pytest.mark.parametrize("pattern", ["(a{64}){64}", "^((((((((a+)+)+)+)+)+)+)+)+b$"])
def test_repetitions_inside_repetitions_stay_short(pattern: str) -> None:
    assert all(len(text) <= TOO_LONG for text in text_candidates({"pattern": pattern, "min_length": 64}))


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", r"(a)\1", "[^\\s\\S]", "a{99999}"])
def test_an_odd_pattern_does_no_harm(pattern: str) -> None:
    assert json.dumps(list(text_candidates({"pattern": pattern})))
