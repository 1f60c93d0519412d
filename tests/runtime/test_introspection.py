"""What a running node says of itself on the bus: when something changes, when it is asked, and when it drains."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from support.nodes import RunningNode, running_node
from support.wire import Record, Topic, command, reading, send

from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC, REQUEST_INTROSPECTION_TOPIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.broker import RunningBroker

START_FLAKY = Path(__file__).parent / "nodes" / "start_flaky.py"
NAME = "introspective"
FAILED = f"onex.evt.demo.{NAME}-failed.v1"
COMMANDS = f"onex.cmd.demo.{NAME}-requested.v1"


@contextmanager
def running_flaky(
    broker: RunningBroker, folder: Path, *, instance: str, **more: str
) -> Iterator[RunningNode]:
    environment = {
        "GREETER_JOURNAL": str(folder),
        "FLAKY_NAME": NAME,
        "NODE_INSTANCE_ID": instance,
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "RETRY_ATTEMPTS": "2",
        "RETRY_BASE_SECONDS": "0.01",
        "BREAKER_FAILURES": "2",
        "BREAKER_PAUSE_SECONDS": "0.1",
        **more,
    }
    with running_node(START_FLAKY, folder / "log", environment=environment) as node:
        yield node.wait_ready()


@pytest.fixture(scope="module")
def flaky(broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    folder = tmp_path_factory.mktemp("flaky")
    with running_flaky(broker, folder, instance="asked", HEARTBEAT_SECONDS="0.3") as node:
        yield node


@pytest.fixture(scope="module")
def introspections(broker: RunningBroker) -> Iterator[Topic]:
    with reading(broker.bootstrap_servers, INTROSPECTION_TOPIC) as topic:
        yield topic


@pytest.fixture(scope="module")
def heartbeats(broker: RunningBroker) -> Iterator[Topic]:
    with reading(broker.bootstrap_servers, HEARTBEAT_TOPIC) as topic:
        yield topic


def said_by(record: Record, instance: str, **expected: Any) -> bool:
    """Return whether an introspection is of that instance of ours and says what is expected."""
    metadata = record.payload["metadata"]
    said = {**metadata, "reason": record.payload["reason"]}
    return metadata["instance_id"] == instance and all(
        said.get(name) == value for name, value in expected.items()
    )


def ask(broker: RunningBroker, **asked: Any) -> str:
    question = str(uuid4())
    send(
        broker.bootstrap_servers,
        REQUEST_INTROSPECTION_TOPIC,
        {"payload": asked, "correlation_id": question},
        key="k",
    )
    return question


def answer_to(introspections: Topic, question: str) -> dict[str, Any]:
    metadata: dict[str, Any] = introspections.wait_for(
        lambda record: record.payload["correlation_id"] == question
    ).payload["metadata"]
    return metadata


@pytest.mark.usefixtures("flaky")
def test_every_introspection_says_since_when_and_under_which_contract(
    introspections: Topic, broker: RunningBroker
) -> None:
    said = introspections.wait_for(lambda record: said_by(record, "asked")).payload["metadata"]
    details = answer_to(introspections, ask(broker, node_name=NAME, want=["details"]))["details"]

    assert datetime.fromisoformat(said["started_at"]).tzinfo is not None
    assert said["contract_digest"] == details["contract_digest"]
    assert "details" not in said


@pytest.mark.usefixtures("flaky")
def test_details_and_stats_come_to_who_wants_them(broker: RunningBroker, introspections: Topic) -> None:
    with reading(broker.bootstrap_servers, FAILED) as failed:
        for payload in ({"name": "a", "then": "no such ledger"}, {"name": "b", "failures": 9}):
            send(broker.bootstrap_servers, COMMANDS, command(f"demo.{NAME}.write", payload))
        failed.wait_for_count(2)

    said = answer_to(introspections, ask(broker, node_name=NAME, want=["stats", "details", "poetry"]))

    write, note = said["stats"]["endpoints"]
    assert (write["num_requests"], write["num_errors"], write["num_retries"]) == (2, 2, 1)
    assert (write["num_dead_letters"], note["num_requests"]) == (1, 0)
    assert write["last_error"] in {"ValueError: no such ledger", "TemporaryError: attempt 2 came to nothing"}
    assert 0 < write["p50_ms"] <= write["p99_ms"] <= write["processing_time_ms"]
    assert set(said["stats"]["lag"]) == {COMMANDS}
    assert [each["name"] for each in said["details"]["operations"]] == ["write", "note"]
    assert said["details"]["operations"][0]["input_schema"]["required"] == ["name"]
    assert said["details"]["contract"] is None


@pytest.mark.usefixtures("flaky")
def test_heartbeats_carry_what_was_counted(broker: RunningBroker, heartbeats: Topic) -> None:
    send(broker.bootstrap_servers, COMMANDS, command(f"demo.{NAME}.note", {"name": "c"}))

    beat = heartbeats.wait_for(
        lambda record: record.headers["ns-node"] == NAME and int(record.headers.get("ns-requests", 0)) >= 1
    )

    assert {"ns-errors", "ns-retries", "ns-dead-letters", "ns-p50-ms", "ns-p99-ms"} <= set(beat.headers)


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ({"node_name": "Introspective", "domain": "demo"}, True),
        ({"instance_id": "asked"}, True),
        ({"deadline": in_seconds(86_400), "node_name": None}, True),
        ({"node_name": NAME, "domain": "elsewhere"}, False),
        ({"instance_id": "somebody"}, False),
        ({"node_id": 7}, False),
        ({"deadline": in_seconds(-600)}, False),
        ({"deadline": "soon"}, False),
    ],
)
@pytest.mark.usefixtures("flaky")
def test_a_question_is_answered_by_whom_it_concerns_while_it_matters(
    broker: RunningBroker, introspections: Topic, asked: dict[str, Any], answered: bool
) -> None:
    mine = ask(broker, **asked)
    # Both questions are in one partition: once the second is answered, the first was heard as well.
    answer_to(introspections, ask(broker, instance_id="asked"))

    answers = [
        record
        for record in introspections.records
        if record.payload.get("correlation_id") == mine and said_by(record, "asked")
    ]
    assert len(answers) == answered


def test_a_change_is_told_at_once_and_so_is_the_drain(
    broker: RunningBroker, tmp_path: Path, introspections: Topic, heartbeats: Topic
) -> None:
    alone = {"FLAKY_NAME": "changing", "HEARTBEAT_SECONDS": "600"}
    commands = [command("demo.changing.write", {"name": "d"})] * 4
    with running_flaky(broker, tmp_path, instance="changing", **alone) as node:
        (tmp_path / "down").touch()
        send(broker.bootstrap_servers, "onex.cmd.demo.changing-requested.v1", *commands)
        degraded = {"state": "degraded", "reason": "health_change", "waits_for": ["ledger"]}
        introspections.wait_for(lambda record: said_by(record, "changing", **degraded))
        (tmp_path / "down").unlink()
        better = introspections.wait_for(
            lambda record: said_by(record, "changing", state="ready", reason="health_change", waits_for=[])
        )
        assert node.stop() == 0

    draining = introspections.wait_for(
        lambda record: said_by(record, "changing", state="draining", reason="health_change")
    )
    goodbye = introspections.wait_for(
        lambda record: said_by(record, "changing", state="stopped", reason="shutdown")
    )
    mine = draining.payload["node_id"]
    heartbeats.wait_for(
        lambda record: record.payload["node_id"] == mine and record.headers["ns-state"] == "draining"
    )
    sequences = [each.payload["metadata"]["sequence"] for each in (better, draining, goodbye)]
    assert sequences == sorted(sequences)
