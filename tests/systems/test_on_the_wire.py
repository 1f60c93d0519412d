"""A running system against its AsyncAPI document: every record on every topic is what the document says."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ops.processes import running_up_on
from orchestration.ports import MemoryBus, Number, failing, new_run, step, workflow
from support.wire import reading, send
from systems.payloads import Validator

from nodesmith.cli.application import run
from nodesmith.contract.asyncapi import system_asyncapi
from nodesmith.contract.asyncapi_wire import WORKFLOW_EVENTS
from nodesmith.contract.node_contract import build
from nodesmith.errors import WorkflowFailedError
from nodesmith.orchestration.engine import run_to_end
from nodesmith.spec.loading import load_system

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.processes import Up
    from support.wire import Record

ORDERS = Path(__file__).parents[2] / "examples" / "orders"
LINES = [{"sku": "a", "quantity": 2, "unit_price": "9.95"}]
# The intent is emitted for who has spent enough.
RICH = [{"sku": "a", "quantity": 100, "unit_price": "100"}]


@pytest.fixture(scope="module", params=["embedded", "kafka"])
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Run the example, and let it do and refuse some work, so that there is something on every topic."""
    folder = tmp_path_factory.mktemp("orders")
    for node in ORDERS.glob("node_*"):
        shutil.copytree(node, folder / node.name, ignore=shutil.ignore_patterns("__pycache__"))
    with running_up_on(request.param, folder) as up, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAFKA_BOOTSTRAP_SERVERS", up.kafka_servers)
        for number, lines in enumerate((LINES, RICH)):
            order = fields({"order_id": str(number), "customer_id": "ada"})
            assert run(["call", "order_fulfilment", f"lines:={json.dumps(lines)}", *order]) == 0
        assert run(["call", "order_totals.get_state", "customer_id=ada"]) == 0
        assert run(["call", "order_fulfilment", "lines:=[]", "order_id=3", "customer_id=ada"]) == 5
        for name in ("order-store", "order-totals", "price-calculator"):
            send(
                up.kafka_servers, f"onex.cmd.orders.{name}-requested.v1", {"no": "envelope"}, {"payload": {}}
            )
        yield up


def fields(payload: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in payload.items()]


@pytest.fixture(scope="module")
def document() -> Any:
    specs = load_system(ORDERS / "system.yaml")
    return system_asyncapi(specs.name, specs.description, [build(spec) for spec in specs.nodes])


def judged(schema: object, document: dict[str, Any], value: object) -> list[str]:
    """Return what is wrong with a value by a schema of the document, whose references lead into it."""
    validator = Validator({**document, "allOf": [schema]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def complaints(document: dict[str, Any], topic: str, record: Record) -> dict[str, list[str]]:
    """Return for each message of a channel what keeps a record from being one."""
    channel = document["channels"][topic]
    traits = document["components"]["messageTraits"]
    found = {}
    for name, message in channel["messages"].items():
        headers = traits[message["traits"][0]["$ref"].rpartition("/")[2]]["headers"]
        found[name] = [
            *judged(message["payload"], document, record.envelope),
            *judged(headers, document, dict(record.headers)),
        ]
    return found


def topics() -> list[str]:
    nodes = [build(spec) for spec in load_system(ORDERS / "system.yaml").nodes]
    return sorted({topic for node in nodes for topic in (*node.topics.subscribe, *node.topics.publish)})


@pytest.mark.parametrize("topic", topics())
def test_each_record_is_one_of_the_messages_of_its_channel(system: Up, document: Any, topic: str) -> None:
    with reading(system.kafka_servers, topic) as on_topic:
        on_topic.wait_for(lambda record: not all(complaints(document, topic, record).values()))
    found = [complaints(document, topic, record) for record in on_topic.records]

    fitting = [[name for name, wrong in messages.items() if not wrong] for messages in found]

    if topic.startswith("onex.cmd"):
        # Some of the commands were there to be refused.
        fitting = [names for names in fitting if names]
    assert fitting
    assert all(len(names) == 1 for names in fitting), json.dumps(found, indent=1)


def test_a_command_that_no_node_takes_is_no_message(system: Up, document: Any) -> None:
    topic = "onex.cmd.orders.order-store-requested.v1"

    with reading(system.kafka_servers, topic) as found:
        refused = found.wait_for(lambda record: record.envelope == {"payload": {}})

    assert all(complaints(document, topic, refused).values())


def test_the_events_of_a_workflow_that_fails_and_undoes_are_what_the_document_says(document: Any) -> None:
    bus = MemoryBus(handlers={"second": failing(retryable=False), "undo_first": failing(retryable=False)})
    flow = workflow(
        step("first", undo=True), step("zeroth", undo=True), step("second", after=("first", "zeroth"))
    )

    with pytest.raises(WorkflowFailedError):
        asyncio.run(run_to_end(flow, new_run(flow), bus=bus, output_model=Number))

    assert {event.moment.value for event in bus.events} == WORKFLOW_EVENTS.keys() - {"workflow-completed"}
    for event in bus.events:
        name, _ = WORKFLOW_EVENTS[event.moment.value]
        assert judged({"$ref": f"#/components/schemas/{name}"}, document, event.payload()) == []
