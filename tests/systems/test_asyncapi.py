"""AsyncAPI documents of nodes and systems: accepted by the official schema, complete, and the same in every run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from generation.any_system import systems
from generation.odd_system import NODES
from generation.odd_system import load as load_odd
from hypothesis import HealthCheck, given, settings

from nodesmith.contract.asyncapi import node_asyncapi, system_asyncapi
from nodesmith.contract.asyncapi_check import reference_findings
from nodesmith.contract.node_contract import build
from nodesmith.generation.gates.syntax import read_yaml
from nodesmith.spec.loading import load_system
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from generation.any_fields import Pair

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.spec.model import SystemSpec

ROOT = Path(__file__).parents[2]
ORDERS = ROOT / "examples" / "orders" / "system.yaml"
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]

Complaints = "Callable[[object], list[str]]"


def documents(specs: SystemSpec) -> list[dict[str, Any]]:
    """Return the document of each node and of all together."""
    contracts = [build(spec) for spec in specs.nodes]
    together = system_asyncapi(specs.name, specs.description, contracts)
    return [*(node_asyncapi(contract) for contract in contracts), together]


@pytest.fixture(scope="module")
def orders() -> dict[str, NodeContract]:
    return {spec.name: build(spec) for spec in load_system(ORDERS).nodes}


def problems(document: object, complaints: Callable[[object], list[str]]) -> list[str]:
    """Return what the official schema finds in a document as it is read back from YAML, and references to nothing."""
    read = read_yaml(to_yaml(document))
    assert read == document
    assert isinstance(read, dict)
    return [*complaints(read), *(finding.message for finding in reference_findings(read, file="x"))]


def test_the_official_schema_accepts_the_documents_of_the_example(
    asyncapi_complaints: Callable[[object], list[str]],
) -> None:
    for document in documents(load_system(ORDERS)):
        assert problems(document, asyncapi_complaints) == []


def test_the_official_schema_accepts_the_documents_of_the_oddest_system(
    tmp_path: Path, asyncapi_complaints: Callable[[object], list[str]]
) -> None:
    for document in documents(load_odd(tmp_path, NODES)):
        assert problems(document, asyncapi_complaints) == []


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(system=systems())
def test_the_official_schema_accepts_the_documents_of_any_system(
    tmp_path: Path, asyncapi_complaints: Callable[[object], list[str]], system: Pair
) -> None:
    file = tmp_path / "system.yaml"
    file.write_text(to_yaml(system.odd), encoding="utf-8")

    for document in documents(load_system(file)):
        assert problems(document, asyncapi_complaints) == []


def test_the_official_schema_is_no_rubber_stamp(
    orders: dict[str, NodeContract], asyncapi_complaints: Callable[[object], list[str]]
) -> None:
    document = node_asyncapi(orders["order_store"])

    document["operations"] = {"x": {"action": "shout", "channel": {"$ref": "#/channels/x"}}}

    assert asyncapi_complaints(document) != []


def test_a_document_has_every_topic_of_its_node_and_no_other(orders: dict[str, NodeContract]) -> None:
    for node in orders.values():
        channels = node_asyncapi(node)["channels"]

        assert isinstance(channels, dict)
        assert set(channels) == {*node.topics.subscribe, *node.topics.publish}
        assert all(channel["address"] == topic for topic, channel in channels.items())


def test_the_system_s_document_has_every_topic_of_its_nodes_and_each_message_once(
    orders: dict[str, NodeContract],
) -> None:
    nodes = list(orders.values())
    document = system_asyncapi("orders", "", nodes)
    channels: Any = document["channels"]

    assert set(channels) == {
        topic for node in nodes for topic in (*node.topics.subscribe, *node.topics.publish)
    }
    stored = channels[orders["order_store"].topics.completed]["messages"]
    assert list(stored) == [
        "orders.order-store.store-order.completed",
        "orders.order-store.delete-order.completed",
    ]


def test_a_command_has_its_reply_and_its_key(orders: dict[str, NodeContract]) -> None:
    document: Any = node_asyncapi(orders["order_store"])
    operation = document["operations"]["orders.order-store.handle.store-order"]
    command = document["channels"]["onex.cmd.orders.order-store-requested.v1"]["messages"]

    assert operation["action"] == "receive"
    assert operation["reply"]["channel"] == {"$ref": "#/channels/onex.evt.orders.order-store-completed.v1"}
    assert operation["bindings"]["kafka"]["groupId"]["const"] == "orders.order-store"
    assert "kafka" in command["orders.order-store.store-order"]["bindings"]
    assert "bindings" not in command["orders.order-store.delete-order"]


def test_a_workflow_s_calls_are_the_messages_of_the_nodes_it_calls(orders: dict[str, NodeContract]) -> None:
    document: Any = system_asyncapi("orders", "", list(orders.values()))
    store = document["operations"]["orders.order-fulfilment.call.store"]
    undo = document["operations"]["orders.order-fulfilment.undo.store"]
    handled = document["operations"]["orders.order-store.handle.store-order"]
    listened = document["operations"]["orders.order-totals.listen.order-stored"]

    assert (store["action"], store["messages"]) == ("send", handled["messages"])
    assert store["reply"]["messages"] == handled["reply"]["messages"] == listened["messages"]
    assert undo["messages"][0]["$ref"].endswith("orders.order-store.delete-order")


def test_alone_a_workflow_s_calls_are_described_by_what_it_sends_and_reads(
    orders: dict[str, NodeContract],
) -> None:
    document: Any = node_asyncapi(orders["order_fulfilment"])
    sent = document["channels"]["onex.cmd.orders.order-store-requested.v1"]["messages"]

    message = sent["orders.order-fulfilment.call.store"]

    assert message["payload"]["allOf"][1]["properties"] == {
        "payload": {"$ref": "#/components/schemas/ModelStoreStepInput"},
        "event_type": {"const": "orders.order-store.store-order"},
    }
    assert "additionalProperties" not in document["components"]["schemas"]["ModelStoreStepOutput"]


def test_a_node_off_the_bus_has_schemas_and_no_channels(
    tmp_path: Path, asyncapi_complaints: Callable[[object], list[str]]
) -> None:
    file = tmp_path / "adder.node.yaml"
    file.write_text("node: compute\nname: adder\noperations: {add: {input: {a: int}, output: {b: date}}}\n")

    document: Any = node_asyncapi(build(load_system(file).nodes[0]))

    assert problems(document, asyncapi_complaints) == []
    assert (document["channels"], document["operations"]) == ({}, {})
    assert set(document["components"]["schemas"]) == {"ModelAddInput", "ModelAddOutput", "date"}


def test_two_nodes_may_have_different_classes_of_one_name(tmp_path: Path) -> None:
    operations = "operations: {add: {input: {a: int}}}"
    other = "operations: {add: {input: {a: str}}}"
    file = tmp_path / "system.yaml"
    file.write_text(
        f"system: two\nnodes:\n- {{node: effect, name: first, {operations}}}\n- {{node: effect, name: second, {other}}}\n"
    )

    schemas: Any = documents(load_system(file))[-1]["components"]["schemas"]

    assert schemas["general.first.ModelAddInput"]["properties"]["a"] == {"type": "integer"}
    assert schemas["general.second.ModelAddInput"]["properties"]["a"] == {"type": "string"}


def test_a_reference_in_a_default_is_data(tmp_path: Path) -> None:
    file = tmp_path / "adder.node.yaml"
    file.write_text(
        'node: effect\nname: adder\noperations: {add: {input: {a: {type: json, default: {"$ref": "#/x"}}}}}\n'
    )

    document = documents(load_system(file))[0]

    assert list(reference_findings(document, file="x")) == []
