"""One greeter and one broker, asked the way any Kafka client would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from support.nodes import RunningNode, running_node
from support.waiting import wait_until
from support.wire import Record, Topic, command, committed, reading, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.broker import RunningBroker

COMMANDS = "onex.cmd.demo.greeter-requested.v1"
COMPLETED = "onex.evt.demo.greeter-completed.v1"
FAILED = "onex.evt.demo.greeter-failed.v1"
DEAD_LETTERS = "onex.dlq.demo.greeter.v1"
INTROSPECTION = "onex.evt.platform.node-introspection.v1"
HEARTBEAT = "onex.evt.platform.node-heartbeat.v1"
REQUEST = "onex.cmd.platform.request-introspection.v1"


@pytest.fixture(scope="module")
def journal(broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal")


@pytest.fixture(scope="module")
def greeter(broker: RunningBroker, start_greeter: Path, journal: Path) -> Iterator[RunningNode]:
    environment = {
        "GREETER_JOURNAL": str(journal),
        "HEARTBEAT_SECONDS": "0.5",
        "NODE_INSTANCE_ID": "greeter-1",
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
    }
    with running_node(start_greeter, journal / "log", environment=environment) as node:
        yield node.wait_ready()


@pytest.fixture(scope="module")
def completed(broker: RunningBroker) -> Iterator[Topic]:
    with reading(broker.bootstrap_servers, COMPLETED) as topic:
        yield topic


@pytest.fixture(scope="module")
def failed(broker: RunningBroker) -> Iterator[Topic]:
    with reading(broker.bootstrap_servers, FAILED) as topic:
        yield topic


@pytest.fixture(scope="module")
def introspections(broker: RunningBroker) -> Iterator[Topic]:
    with reading(broker.bootstrap_servers, INTROSPECTION) as topic:
        yield topic


def of_the_greeter(record: Record) -> bool:
    """Return whether a record is of this module's node: the bus is shared with those of others."""
    return bool(record.payload["metadata"].get("instance_id") == "greeter-1")


def answers(command_id: UUID) -> Any:
    return lambda record: record.envelope.get("parent_envelope_id") == str(command_id)


@pytest.mark.usefixtures("greeter")
def test_a_command_is_answered_with_its_output_its_ids_its_key_and_its_trace(
    broker: RunningBroker, completed: Topic
) -> None:
    sent, story = uuid4(), uuid4()
    value = command("demo.greeter.greet", {"name": "ann"}, envelope_id=str(sent), correlation_id=str(story))
    send(broker.bootstrap_servers, COMMANDS, value, key="ann")
    result = completed.wait_for(answers(sent))
    assert result.payload == {"greeting": "hello ann 0", "idempotency_key": str(sent)}
    assert result.envelope["event_type"] == "demo.greeter.greet.completed"
    assert result.envelope["correlation_id"] == str(story)
    assert result.envelope["source_tool"] == "greeter"
    assert result.key == b"ann"
    assert result.headers["ce_id"] == result.envelope["envelope_id"]


def failure(broker: RunningBroker, failed: Topic, value: dict[str, Any] | bytes) -> Record:
    """Send one command that cannot be done, and return its failure."""
    before = len(failed.records)
    send(broker.bootstrap_servers, COMMANDS, value, key="f")
    return failed.wait_for_count(before + 1)[before]


@pytest.mark.parametrize(
    ("operation", "payload", "error_type", "message", "retryable"),
    [
        ("unwritten", {}, "HandlerNotImplementedError", "nodes/greeter.py", False),
        ("break-down", {}, "ConnectionError", "the other side is away", True),
        ("hurry", {}, "TimeoutError", "took longer than 0.1 s", True),
        ("dance", {}, "UnknownOperationError", "it has demo.greeter.greet, demo.greeter.wait", False),
        ("shout", {"name": "x"}, "PublishError", "and 1,000,000 may be sent", False),
        ("greet", {"nam": "x"}, "InvalidPayloadError", "name: Field required", False),
        ("misbehave", {"name": "exit"}, "OperationError", "asked to end the process", False),
        ("misbehave", {"name": "cancel"}, "OperationError", "was cancelled", False),
        ("misbehave", {"name": "raise"}, "OSError", r"cannot read \udcff", True),
        ("misbehave", {"name": "return"}, "PublishError", "cannot be written as JSON", False),
    ],
)
@pytest.mark.usefixtures("greeter")
def test_what_cannot_be_done_is_answered_with_why(
    broker: RunningBroker,
    failed: Topic,
    operation: str,
    payload: dict[str, Any],
    error_type: str,
    message: str,
    retryable: bool,
) -> None:
    result = failure(broker, failed, command(f"demo.greeter.{operation}", payload))
    assert result.payload["error_type"] == error_type
    assert message in result.payload["message"]
    assert (result.payload["retryable"], result.payload["attempts"]) == (retryable, 1)
    assert result.envelope["event_type"] == f"demo.greeter.{operation}.failed"
    assert result.key == b"f"


@pytest.mark.parametrize("value", [b"no json", b"", b'{"payload": [1]}', b"\xff"])
@pytest.mark.usefixtures("greeter")
def test_a_record_that_is_no_envelope_is_answered_and_does_not_stop_the_next(
    broker: RunningBroker, failed: Topic, completed: Topic, value: bytes
) -> None:
    assert failure(broker, failed, value).payload["error_type"] == "InvalidEnvelopeError"
    sent = uuid4()
    after = command("demo.greeter.greet", {"name": "after"}, envelope_id=str(sent))
    send(broker.bootstrap_servers, COMMANDS, after, key="f")
    completed.wait_for(answers(sent))


@pytest.mark.usefixtures("greeter")
def test_a_command_that_does_not_say_its_operation_is_told_which_there_are(
    broker: RunningBroker, failed: Topic
) -> None:
    result = failure(broker, failed, {"payload": {"name": "x"}})
    assert result.payload["error_type"] == "UnknownOperationError"
    assert "a command without event_type" in result.payload["message"]


@pytest.mark.usefixtures("greeter")
def test_commands_of_one_key_are_done_in_order(broker: RunningBroker, journal: Path) -> None:
    for key in ("x", "y"):
        values = [command("demo.greeter.greet", {"name": key, "number": n}) for n in range(1, 101)]
        send(broker.bootstrap_servers, COMMANDS, *values, key=key)

    def done() -> list[str]:
        lines = (journal / "journal").read_text().splitlines()
        return [line for line in lines if line.startswith(("greet x ", "greet y "))]

    wait_until(lambda: len(done()) == 200, why="200 greetings")
    for key in ("x", "y"):
        mine = [line for line in done() if line.startswith(f"greet {key} ")]
        assert mine == [f"greet {key} {n}" for n in range(1, 101)]


@pytest.mark.usefixtures("greeter")
def test_one_slow_key_does_not_hold_up_another(
    broker: RunningBroker, completed: Topic, journal: Path
) -> None:
    slow, quick = uuid4(), uuid4()
    waits = command("demo.greeter.wait", {"name": "slow"}, envelope_id=str(slow))
    greets = command("demo.greeter.greet", {"name": "quick"}, envelope_id=str(quick))
    send(broker.bootstrap_servers, COMMANDS, waits, key="same partition")
    send(broker.bootstrap_servers, COMMANDS, greets, key="same partition")
    completed.wait_for(answers(quick))
    assert not any(answers(slow)(record) for record in completed.records)
    (journal / "go").touch()
    completed.wait_for(answers(slow))


@pytest.mark.usefixtures("greeter")
def test_offsets_are_committed_when_everything_is_answered(
    broker: RunningBroker, completed: Topic, failed: Topic
) -> None:
    send(broker.bootstrap_servers, COMMANDS, command("demo.greeter.greet", {"name": "last"}))
    servers = broker.bootstrap_servers

    def all_done() -> bool:
        completed.read()
        failed.read()
        answered = len(completed.records) + len(failed.records)
        return committed(servers, "demo.greeter", COMMANDS) == answered

    wait_until(all_done, why="as many offsets committed as there are answers")


def test_a_node_says_who_it_is_when_it_joins(greeter: RunningNode, introspections: Topic) -> None:
    said = introspections.wait_for(of_the_greeter).payload
    assert said["reason"] == "startup"
    assert said["node_name"] == "greeter"
    assert said["node_type"] == "effect"
    assert said["node_version"] == {"major": 1, "minor": 2, "patch": 3}
    assert said["discovered_capabilities"]["operations"][0] == "greet"
    assert said["discovered_capabilities"]["has_fsm"] is False
    assert said["endpoints"]["health"] == f"{greeter.address}/health/live"
    assert said["event_bus"]["subscribe_topics"][0]["topic"] == COMMANDS
    assert [entry["topic"] for entry in said["event_bus"]["publish_topics"]] == [
        COMPLETED,
        FAILED,
        DEAD_LETTERS,
    ]
    assert said["metadata"]["instance_id"] == "greeter-1"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ({}, True),
        ({"node_name": "greeter"}, True),
        ({"node_name": "somebody"}, False),
        ({"node_id": str(uuid4())}, False),
    ],
)
@pytest.mark.usefixtures("greeter")
def test_a_request_for_introspection_is_answered_by_whom_it_concerns(
    broker: RunningBroker, introspections: Topic, asked: dict[str, str], answered: bool
) -> None:
    mine, everybody = str(uuid4()), str(uuid4())
    # Two requests in one partition: once the second is answered, the first was heard as well.
    first = {"payload": asked, "correlation_id": mine}
    send(broker.bootstrap_servers, REQUEST, first, {"payload": {}, "correlation_id": everybody}, key="k")
    introspections.wait_for(lambda record: record.payload["correlation_id"] == everybody)
    reasons = [r.payload["reason"] for r in introspections.records if r.payload.get("correlation_id") == mine]
    assert reasons == (["request"] if answered else [])


@pytest.mark.usefixtures("greeter")
def test_heartbeats_say_state_incarnation_and_how_long_they_are_good_for(
    broker: RunningBroker, introspections: Topic
) -> None:
    mine = introspections.wait_for(of_the_greeter).payload["node_id"]
    with reading(broker.bootstrap_servers, HEARTBEAT) as heartbeats:
        first = heartbeats.wait_for(lambda record: bool(record.payload["node_id"] == mine))
        second = heartbeats.wait_for(
            lambda record: bool(record.payload["node_id"] == mine and record is not first)
        )
    assert set(first.payload) == {
        "node_id",
        "node_type",
        "node_version",
        "uptime_seconds",
        "active_operations_count",
        "correlation_id",
        "timestamp",
    }
    assert first.headers["ns-state"] == "ready"
    assert first.headers["ns-ttl"] == "1.5"
    assert first.headers["ns-in-flight"] == "0"
    assert first.headers["ns-incarnation"] == second.headers["ns-incarnation"]
    assert int(first.headers["ns-sequence"]) < int(second.headers["ns-sequence"])


def test_health_and_metrics_are_served_where_the_node_says(
    broker: RunningBroker, greeter: RunningNode, introspections: Topic
) -> None:
    said = introspections.wait_for(of_the_greeter).payload
    assert said["endpoints"]["metrics"] == f"{greeter.address}/metrics"
    assert greeter.get("/health/live")[0] == 200
    readiness = greeter.readiness()
    assert (readiness["state"], readiness["ready"], readiness["reasons"]) == ("ready", True, [])
    assert readiness["event_bus"] == {"state": "joined", "servers": broker.bootstrap_servers}
    numbers = greeter.get("/metrics")[1]
    assert f'messaging_destination_name="{COMMANDS}"' in numbers
    assert "nodesmith_bus_up 1.0" in numbers
    assert 'nodesmith_node_state{state="ready"} 1.0' in numbers
