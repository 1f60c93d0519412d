"""Fields written with their types, as programmers write them, are what a node takes and gives back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodesmith.spec.loading import load_node_document
from nodesmith.spec.sentence import understand
from nodesmith.spec.sentence.signatures import find_signature
from nodesmith.spec.sentence.text import read

TAX: tuple[dict[str, Any], dict[str, Any]] = ({"amount": "decimal", "country": "str"}, {"tax": "decimal"})
SIGNED = {
    "compute tax: amount: decimal, country: str -> tax: decimal": TAX,
    "compute node tax_rules, one operation compute_tax: amount: decimal, country: string -> tax: decimal": TAX,
    "Compute node tax_rules. Takes amount: decimal, country: str and returns tax: decimal": TAX,
    "compute node tax_rules\ninput: amount: decimal, country: str\noutput: tax: decimal": TAX,
    "compute_tax(amount: decimal, country: str) -> decimal": (TAX[0], {"result": "decimal"}),
    "effect user_finder, reads users: id: uuid -> name: str | null, tags: list[str]": (
        {"id": "uuid"},
        {"name": "str | null", "tags": "list[str]"},
    ),
}


def test_a_type_behind_the_name_is_what_it_does() -> None:
    understood = understand("slugify: str -> str")

    assert (understood.archetype, understood.name) == ("compute", "slugify")
    (operation,) = understood.document["operations"].values()  # type: ignore[attr-defined]
    assert operation == {"input": {"value": "str"}, "output": {"result": "str"}}


@pytest.mark.parametrize("sentence", SIGNED)
def test_typed_fields_are_the_operations_fields(sentence: str) -> None:
    document: dict[str, Any] = understand(sentence).document

    load_node_document(document, source="the sentence")
    (operation,) = document["operations"].values()
    assert (operation["input"], operation["output"]) == SIGNED[sentence]


@pytest.mark.parametrize(
    "sentence", ["orchestrator etl: extract -> transform -> load", "Pipeline: text -> upload", "name: x -> y"]
)
def test_other_arrows_are_no_signature(sentence: str) -> None:
    assert find_signature(read(sentence)) is None


@given(st.text(alphabet="ab:,->()[]| \nstrint", max_size=60))
def test_a_signature_lies_within_its_text(written: str) -> None:
    text = read(written)

    found = find_signature(text)

    assert found is None or 0 <= found.start < found.end <= len(text.tokens)
