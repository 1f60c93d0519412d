"""What a real node serves at `/metrics`, compared with what happened on a broker of each kind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition
from support.metrics import numbers_of, read_numbers
from support.nodes import running_node
from support.ports import free_port
from support.waiting import wait_until
from support.wire import command, committed, send

from nodesmith import __version__
from nodesmith.runtime.metrics import NodeMetrics

if TYPE_CHECKING:
    from pathlib import Path

    from support.broker import RunBroker
    from support.metrics import Numbers
    from support.nodes import RunningNode

COMMANDS = "onex.cmd.demo.flaky-requested.v1"
COMPLETED = "onex.evt.demo.flaky-completed.v1"
FAILED = "onex.evt.demo.flaky-failed.v1"
DEAD_LETTERS = "onex.dlq.demo.flaky.v1"
WAITING = "onex.cmd.demo.greeter-requested.v1"
TOPIC = "messaging_destination_name"


def written(name: str, *, sent: str = "", **payload: Any) -> dict[str, Any]:
    return command("demo.flaky.write", {"name": name, **payload}, envelope_id=sent or str(uuid4()))


def records_on(servers: str, topic: str) -> int:
    """Return how many records the broker has."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "count", "log_level": 2})
    try:
        partitions = consumer.list_topics(topic, timeout=5).topics[topic].partitions
        bounds = [
            consumer.get_watermark_offsets(TopicPartition(topic, each), timeout=5) for each in partitions
        ]
        return sum(high - low for low, high in bounds)
    finally:
        consumer.close()


def lag(node: RunningNode) -> float:
    return numbers_of(node).value("nodesmith_consumer_lag_messages")


def test_every_number_is_what_happened(run_broker: RunBroker, start_greeter: Path, tmp_path: Path) -> None:
    again = str(uuid4())
    environment = {
        "GREETER_JOURNAL": str(tmp_path),
        "RETRY_ATTEMPTS": "2",
        "RETRY_BASE_SECONDS": "0.01",
        "HEARTBEAT_SECONDS": "600",
    }
    with run_broker(tmp_path / "broker") as broker:
        servers = environment["KAFKA_BOOTSTRAP_SERVERS"] = broker.bootstrap_servers
        script = start_greeter.with_name("start_flaky.py")
        with running_node(script, tmp_path / "log", environment=environment) as node:
            node.wait_ready()
            good = [written("a", sent=again), written("b"), written("c", failures=1)]
            bad = [written("d", failures=9), written("e", then="boom")]
            poison: list[dict[str, Any] | bytes] = [
                b"no json",
                *({"payload": {}, "event_type": f"made.up.{n}"} for n in range(200)),
            ]
            send(servers, COMMANDS, *good, *bad, *poison, written("a", sent=again), key="same partition")
            wait_until(lambda: committed(servers, "demo.flaky", COMMANDS) == 207, seconds=30, why="all done")
            wait_until(lambda: lag(node) == 0, why="no lag")
            check_numbers(numbers_of(node), servers)


def check_numbers(numbers: Numbers, servers: str) -> None:
    assert numbers.value("messaging_client_consumed_messages_total", **{TOPIC: COMMANDS}) == 207
    sent = {
        topic: numbers.value("messaging_client_sent_messages_total", **{TOPIC: topic})
        for topic in (COMPLETED, FAILED, DEAD_LETTERS)
    }
    assert sent == {COMPLETED: 4, FAILED: 203, DEAD_LETTERS: 202}
    assert sent == {topic: records_on(servers, topic) for topic in sent}
    assert numbers.value("messaging_client_operation_duration_seconds_count", **{TOPIC: FAILED}) == 203
    by_error = ("operation", "error_type")
    assert numbers.by("nodesmith_commands_failed_total", *by_error) == {
        ("write", "TemporaryError"): 1,
        ("write", "ValueError"): 1,
        ("", "InvalidEnvelopeError"): 1,
        ("", "UnknownOperationError"): 200,
    }
    assert numbers.by("nodesmith_commands_retried_total", *by_error) == {("write", "TemporaryError"): 2}
    assert numbers.by("nodesmith_dead_letters_total", "error_type") == {
        ("TemporaryError",): 1,
        ("InvalidEnvelopeError",): 1,
        ("UnknownOperationError",): 200,
    }
    assert numbers.by("nodesmith_commands_answered_again_total", "operation") == {("write",): 1}
    assert numbers.by("nodesmith_handler_duration_seconds_count", *by_error) == {
        ("write", ""): 3,
        ("write", "TemporaryError"): 3,
        ("write", "ValueError"): 1,
    }
    assert numbers.by("messaging_process_duration_seconds_count", *by_error) == {
        ("write", ""): 4,
        ("write", "TemporaryError"): 1,
        ("write", "ValueError"): 1,
        ("", "InvalidEnvelopeError"): 1,
        ("", "UnknownOperationError"): 200,
    }
    for idle in ("commands_in_flight", "commands_waiting", "outbox_messages", "outbox_bytes", "circuit_open"):
        assert numbers.value(f"nodesmith_{idle}") == 0
    assert numbers.by("nodesmith_bus_state", "state") == {("joined",): 1}
    assert numbers.value("nodesmith_bus_up") == 1
    assert numbers.value("target_info", service_name="flaky", service_namespace="demo") == 1
    assert numbers.value("nodesmith_build_info", version=__version__) == 1
    assert not [sample for sample in numbers.samples if "made.up" in str(sample.labels)]


def test_lag_is_what_is_not_committed_worked_on_waiting_or_not_yet_taken(
    run_broker: RunBroker, start_greeter: Path, tmp_path: Path
) -> None:
    with run_broker(tmp_path / "broker") as broker:
        servers = broker.bootstrap_servers
        environment = {
            "GREETER_JOURNAL": str(tmp_path),
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "PREFETCH_MAX_RECORDS": "20",
        }
        with running_node(start_greeter, tmp_path / "log", environment=environment) as node:
            node.wait_ready()
            wait = command("demo.greeter.wait", {"name": "x"})
            greet = [command("demo.greeter.greet", {"name": "x"}) for _ in range(50)]
            send(servers, WAITING, wait, *greet, key="one partition")
            wait_until(lambda: lag(node) == 51, why="a lag of all that was sent")
            assert numbers_of(node).value("nodesmith_commands_in_flight") > 0
            # The partition is paused now, so nothing tells its end without being asked.
            send(servers, WAITING, *greet, key="one partition")
            wait_until(lambda: lag(node) == 101, seconds=20, why="a lag of what was not even fetched")
            (tmp_path / "go").touch()
            wait_until(lambda: lag(node) == 0, why="no lag")
        with running_node(start_greeter, tmp_path / "again", environment=environment) as node:
            node.wait_ready()
            wait_until(lambda: partitions(node) == 4, seconds=20, why="the lag of every partition")
            assert lag(node) == 0
            broker.kill()
            wait_until(lambda: partitions(node) == 0, seconds=20, why="no lag that nobody knows")


def partitions(node: RunningNode) -> int:
    names = [sample.name for sample in numbers_of(node).samples]
    return names.count("nodesmith_consumer_lag_messages")


def test_a_bus_that_is_away_shows(start_greeter: Path, tmp_path: Path) -> None:
    environment = {"GREETER_JOURNAL": str(tmp_path), "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}
    with running_node(start_greeter, tmp_path / "log", environment=environment) as node:
        wait_until(lambda: numbers_of(node).by("nodesmith_node_state", "state") == {("degraded",): 1})
        numbers = numbers_of(node)
    assert numbers.value("nodesmith_bus_up") == 0
    assert numbers.by("nodesmith_bus_state", "state") == {("away",): 1}


def test_values_from_outside_do_not_become_labels_without_end() -> None:
    metrics = NodeMetrics(node="n")
    for number in range(1_000):
        metrics.dead_lettered(f"Error{number}").inc()
        metrics.record_acknowledged(f"topic-{number}", 0.01)
    metrics.set_waits_for({f"host-{number}": number == 999 for number in range(1_000)})
    numbers = read_numbers(metrics.text().decode())

    assert numbers.value("nodesmith_dead_letters_total") == 1_000
    assert len(numbers.by("nodesmith_dead_letters_total", "error_type")) == 101
    assert numbers.value("nodesmith_dead_letters_total", error_type="_OTHER") == 900
    assert numbers.value("messaging_client_sent_messages_total", **{TOPIC: "_OTHER"}) == 900
    assert numbers.by("nodesmith_circuit_open", "dependency") == {("_OTHER",): 1}


@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.02, 10.0, 11.0])
def test_a_duration_counts_in_every_bucket_that_holds_it(seconds: float) -> None:
    metrics = NodeMetrics(node="n")
    metrics.handler_seconds("greet", "").observe(seconds)
    numbers = read_numbers(metrics.text().decode())
    counted = numbers.by("nodesmith_handler_duration_seconds_bucket", "le", operation="greet")
    assert all(float(bound) >= seconds for (bound,) in counted)
    assert numbers.value("nodesmith_handler_duration_seconds_sum") == seconds
    assert counted["+Inf",] == 1


def test_counting_costs_little() -> None:
    metrics = NodeMetrics(node="n")
    cell = metrics.consumed("topic")
    begun = time.process_time()
    for _ in range(100_000):
        cell.inc()
        metrics.process_seconds("topic", "greet", "").observe(0.01)
    assert (time.process_time() - begun) / 100_000 < 10e-6
