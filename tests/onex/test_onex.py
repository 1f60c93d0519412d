"""What nodesmith writes and its nodes say, judged by the real omnibase-core and omnibase-infra."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel
from support.nodes import running_node
from support.specs import compute, effect, one_of_each, orchestrator, reducer
from support.wire import Record, reading, send

from nodesmith.contract.node_contract import build
from nodesmith.contract.onex import contract_document
from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC, REQUEST_INTROSPECTION_TOPIC
from nodesmith.runtime import NodeDefinition, NodeIdentity, Operation
from nodesmith.runtime.introspection import Presence, answering
from nodesmith.runtime.stats import Stats
from nodesmith.spec.model import OperationSpec
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from support.broker import RunningBroker

    from nodesmith.runtime import OutgoingRecord
    from nodesmith.spec.model import NodeSpec

    ArchetypeName = Literal["effect", "compute", "reducer", "orchestrator"]
    Judge = Callable[[str, Iterable[Path]], dict[str, list[str]]]


START_FLAKY = Path(__file__).parents[1] / "runtime" / "nodes" / "start_flaky.py"


class ModelPingInput(BaseModel):
    text: str


def write_contract(folder: Path, spec: NodeSpec, changes: Mapping[str, Any] | None = None) -> Path:
    """Write a contract where omnibase-core takes it for a node's: `nodes/<name>/contract.yaml`."""
    path = folder / "nodes" / build(spec).folder / "contract.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(to_yaml(contract_document(build(spec)) | dict(changes or {})))
    return path


def presence(archetype: ArchetypeName = "effect") -> Presence:
    identity = NodeIdentity(
        name="pinger", domain="demo", archetype=archetype, version=(1, 2, 3), description='Says "pong"\n.'
    )
    operation = Operation(
        name="ping", input_model=ModelPingInput, output_model=ModelPingInput, handler=lambda request: request
    )
    definition = NodeDefinition(identity=identity, operations=(operation,))
    return Presence(definition=definition, node_id=uuid4(), instance_id="host-1", heartbeat_seconds=10.0)


def write_record(
    folder: Path, name: str, record: OutgoingRecord, changes: Mapping[str, Any] | None = None
) -> Path:
    envelope = json.loads(record.envelope.to_json())
    envelope["payload"] |= dict(changes or {})
    path = folder / f"{name}.json"
    path.write_text(json.dumps(envelope))
    return path


def test_the_contracts_of_all_archetypes_pass_the_strict_check(tmp_path: Path, judge: Judge) -> None:
    several = effect(OperationSpec(name="a"), OperationSpec(name="b"), name="several")
    paths = [write_contract(tmp_path, spec) for spec in (*one_of_each(), several)]

    assert judge("contracts", paths) == {str(path): [] for path in paths}


def test_a_broken_contract_fails_the_strict_check(tmp_path: Path, judge: Judge) -> None:
    broken = [
        write_contract(tmp_path, effect(), {"surprise": True}),
        write_contract(tmp_path, compute(), {"algorithm": None, "performance": {}}),
        write_contract(tmp_path, reducer(), {"node_type": "GATEWAY"}),
        write_contract(tmp_path, orchestrator(), {"performance": {}}),
    ]

    assert [path for path, errors in judge("contracts", broken).items() if not errors] == []


@pytest.mark.parametrize("reason", ["startup", "shutdown", "request"])
def test_an_introspection_is_one_to_omnibase_infra(tmp_path: Path, judge: Judge, reason: str) -> None:
    archetypes: tuple[ArchetypeName, ...] = ("effect", "compute", "reducer", "orchestrator")
    records = {
        archetype: presence(archetype).introspection(
            reason=reason,
            state="ready",
            capabilities=["demo.ping"],
            endpoints={"health": "http://127.0.0.1:8080/health/live"},
            correlation_id=UUID(int=7),
        )
        for archetype in archetypes
    }
    paths = [write_record(tmp_path, name, record) for name, record in records.items()]

    assert judge("records", paths) == {str(path): [] for path in paths}


def test_an_answer_with_all_there_is_to_ask_for_is_one_to_omnibase_infra(
    tmp_path: Path, judge: Judge
) -> None:
    speaker = presence()
    speaker.contract = 'name: "pinger"\n'
    stats = Stats(speaker.definition)
    stats.answered("ping", 0.1, "ValueError")
    with answering(("details", "stats")):
        record = speaker.introspection(
            reason="request",
            state="degraded",
            capabilities=["demo.ping"],
            endpoints={},
            waits_for=["postgresql"],
            stats=stats.document(started_at=speaker.started_at, lag={}, in_flight=1, outbox=0),
        )
    path = write_record(tmp_path, "answer", record)

    assert "input_schema" in path.read_text()
    assert judge("records", [path]) == {str(path): []}


def test_all_that_a_running_node_says_is_known_to_omnibase_infra(
    tmp_path: Path, judge: Judge, both_brokers: RunningBroker
) -> None:
    servers = both_brokers.bootstrap_servers
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "FLAKY_NAME": "judged",
        "NODE_INSTANCE_ID": "judged",
        "GREETER_JOURNAL": str(tmp_path),
    }
    with ExitStack() as stack:
        said = [
            stack.enter_context(reading(servers, topic)) for topic in (INTROSPECTION_TOPIC, HEARTBEAT_TOPIC)
        ]
        with running_node(START_FLAKY, tmp_path / "log", environment=environment) as node:
            node.wait_ready()
            question = {"payload": {"instance_id": "judged", "want": ["details", "stats"]}}
            said[0].wait_for(lambda record: of_the_judged(record) == "startup")
            send(servers, REQUEST_INTROSPECTION_TOPIC, question)
            said[0].wait_for(lambda record: of_the_judged(record) == "request")
        goodbye = said[0].wait_for(lambda record: of_the_judged(record) == "shutdown")
        mine = goodbye.payload["node_id"]
        said[1].wait_for(
            lambda record: record.payload["node_id"] == mine and record.headers["ns-state"] == "draining"
        )
    records = [each for topic in said for each in topic.records if each.payload["node_id"] == mine]
    paths = [tmp_path / f"{number}.json" for number in range(len(records))]
    for path, record in zip(paths, records, strict=True):
        path.write_text(json.dumps(record.envelope))

    assert {record.payload.get("reason") for record in records} == {
        *("startup", "health_change", "request", "shutdown"),
        None,
    }
    assert judge("records", paths) == {str(path): [] for path in paths}


def of_the_judged(record: Record) -> str:
    """Return why the node of the test above introduced itself; nothing for another node."""
    is_its = record.payload["metadata"].get("instance_id") == "judged"
    return str(record.payload["reason"]) if is_its else ""


def test_a_heartbeat_is_one_to_omnibase_infra(tmp_path: Path, judge: Judge) -> None:
    path = write_record(tmp_path, "heartbeat", presence().heartbeat(state="ready", in_flight=3))

    assert judge("records", [path]) == {str(path): []}


def test_a_record_that_omnibase_infra_does_not_know_is_refused(tmp_path: Path, judge: Judge) -> None:
    heartbeat = presence().heartbeat(state="ready", in_flight=0)
    broken = [
        write_record(tmp_path, "extra", heartbeat, {"surprise": 1}),
        write_record(tmp_path, "negative", heartbeat, {"uptime_seconds": -1}),
        write_record(tmp_path, "unzoned", heartbeat, {"timestamp": "2026-01-01T00:00:00"}),
    ]

    assert [path for path, errors in judge("records", broken).items() if not errors] == []
