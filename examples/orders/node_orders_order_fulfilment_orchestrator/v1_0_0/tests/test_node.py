"""The node as a whole, off any bus."""

import asyncio
from pathlib import Path

import pytest
from nodesmith.errors import InvalidPayloadError, UnknownOperationError

from ..node import NodeOrderFulfilmentOrchestrator


def test_the_node_lists_its_operations() -> None:
    operations = NodeOrderFulfilmentOrchestrator().definition.operations

    assert [operation.name for operation in operations] == [
        "fulfil_order",
    ]


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(UnknownOperationError):
        asyncio.run(NodeOrderFulfilmentOrchestrator().process("no such operation", {}))


def test_a_payload_that_does_not_fit_is_refused() -> None:
    payload = {"no such field": 1}

    with pytest.raises(InvalidPayloadError):
        asyncio.run(NodeOrderFulfilmentOrchestrator().process("fulfil_order", payload))


@pytest.mark.parametrize("name", ["contract.yaml", "version.manifest.yaml"])
def test_the_contract_can_be_read(name: str) -> None:
    yaml = pytest.importorskip("yaml")
    text = (Path(__file__).parents[1] / name).read_text(encoding="utf-8")

    assert isinstance(yaml.safe_load(text), dict)
