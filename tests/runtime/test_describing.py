"""What a node tells to who asks for details, and the digest by which it is known."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, Field

from nodesmith.runtime import NodeDefinition, NodeIdentity, Operation
from nodesmith.runtime.describing import MOST_BYTES, contract_beside, describe

if TYPE_CHECKING:
    from pathlib import Path


class ModelOrder(BaseModel):
    customer: str = Field(max_length=5)


class ModelLong(BaseModel):
    field: str = Field(description="x" * 60_000)


class Odd:
    pass


class ModelOdd(BaseModel, arbitrary_types_allowed=True):
    odd: Odd


def definition(model: type[BaseModel] = ModelOrder, *, operations: int = 1) -> NodeDefinition:
    return NodeDefinition(
        identity=NodeIdentity(name="store", domain="shop", archetype="effect"),
        operations=tuple(
            Operation(
                name=f"put_{number}",
                input_model=model,
                output_model=ModelOrder,
                handler=lambda each: each,
                key="customer",
                timeout_seconds=2.5,
            )
            for number in range(operations)
        ),
    )


def test_operations_are_told_with_their_schemas_and_where_they_are_asked_for() -> None:
    details = describe(definition(), contract="name: store\n")

    (operation,) = details["operations"]
    assert operation["event_type"] == "shop.store.put-0"
    assert operation["input_schema"]["properties"]["customer"]["maxLength"] == 5
    assert (operation["key"], operation["timeout_seconds"]) == ("customer", 2.5)
    assert details["topics"] == {
        "subscribes": ["onex.cmd.shop.store-requested.v1"],
        "publishes": ["onex.evt.shop.store-completed.v1", "onex.evt.shop.store-failed.v1"],
        "dead_letters": "onex.dlq.shop.store.v1",
    }
    assert details["contract"] == "name: store\n"
    assert "truncated" not in details


def test_the_digest_is_the_same_for_the_same_and_another_for_anything_else() -> None:
    digests = [
        describe(each, contract=contract)["contract_digest"]
        for each, contract in (
            (definition(), "a"),
            (definition(), "a"),
            (definition(), "b"),
            (definition(operations=2), "a"),
        )
    ]

    assert digests[0] == digests[1]
    assert len({*digests}) == 3
    assert all(len(digest) == 16 for digest in digests)


@pytest.mark.parametrize(("contract", "kept"), [("short", "short"), ("x" * 600_000, None)])
def test_details_that_are_too_long_say_that_they_were_cut(contract: str, kept: str | None) -> None:
    details = describe(definition(ModelLong, operations=10), contract=contract)

    assert details["truncated"] is True
    assert {each["input_schema"] for each in details["operations"]} == {None}
    assert details["contract"] == kept
    assert len(json.dumps(details)) < MOST_BYTES


def test_a_type_without_a_schema_leaves_only_that_out() -> None:
    (operation,) = describe(definition(ModelOdd), contract=None)["operations"]

    assert operation["input_schema"] is None
    assert operation["output_schema"]["type"] == "object"


def test_the_contract_is_the_file_beside_the_class_of_the_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "node_with_contract.py").write_text("class Node:\n    pass\n")
    (tmp_path / "contract.yaml").write_text("name: node\n")
    monkeypatch.syspath_prepend(tmp_path)

    node = import_module("node_with_contract").Node()

    assert contract_beside(node) == "name: node\n"
    (tmp_path / "contract.yaml").unlink()
    assert contract_beside(node) is None
    assert contract_beside(None) is None
