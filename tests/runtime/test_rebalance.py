"""Instances that come and go while commands flow: each command is done once, by one of them."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from support.nodes import running_node
from support.waiting import wait_until
from support.wire import command, committed, reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.broker import RunBroker, RunningBroker
    from support.nodes import RunningNode

COMMANDS = "onex.cmd.demo.greeter-requested.v1"
COMPLETED = "onex.evt.demo.greeter-completed.v1"
GROUP = "demo.greeter"
PARTITIONS = 4
NAMES = [f"name-{number}" for number in range(12)]
EACH = 60


@pytest.fixture
def bus(run_broker: RunBroker, tmp_path: Path) -> Iterator[RunningBroker]:
    with run_broker(tmp_path / "broker", partitions=PARTITIONS) as broker:
        yield broker


class Fleet:
    """Instances of the greeter that share a folder of data and a journal."""

    def __init__(self, stack: ExitStack, servers: str, script: Path, folder: Path, **settings: str) -> None:
        self._stack = stack
        self._script = script
        self._folder = folder
        self._environment = {
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "GREETER_JOURNAL": str(folder),
            "NODESMITH_DATA_DIR": str(folder / "data"),
            **settings,
        }

    def start(self, name: str) -> RunningNode:
        environment = {**self._environment, "NODE_INSTANCE_ID": name}
        log = self._folder / f"log-{name}"
        return self._stack.enter_context(running_node(self._script, log, environment=environment))


def send(
    servers: str, partition_of: dict[str, int], payloads: list[dict[str, object]], operation: str
) -> None:
    producer = Producer({"bootstrap.servers": servers, "log_level": 2})
    for payload in payloads:
        name = str(payload["name"])
        value = json.dumps(command(f"demo.greeter.{operation}", payload))
        producer.produce(COMMANDS, value, key=name, partition=partition_of[name])
    assert producer.flush(10) == 0


def members(servers: str) -> list[bool]:
    """Return of each member of the group whether it has a partition."""
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 2})
    described = admin.describe_consumer_groups([GROUP])[GROUP].result(10)
    return sorted(bool(member.assignment.topic_partitions) for member in described.members)


def done(folder: Path) -> Counter[str]:
    """Return how often each command was done."""
    lines = (folder / "journal").read_text().splitlines()
    return Counter(line.removeprefix("greet ") for line in lines if line.startswith("greet "))


def test_while_instances_come_and_go_no_command_is_done_twice_and_keys_keep_their_order(
    bus: RunningBroker, start_greeter: Path, tmp_path: Path
) -> None:
    servers = bus.bootstrap_servers
    partition_of = {name: number % PARTITIONS for number, name in enumerate(NAMES)}
    total = len(NAMES) * EACH
    with ExitStack() as stack:
        fleet = Fleet(stack, servers, start_greeter, tmp_path)
        running = [fleet.start("0").wait_ready()]
        for change in range(6):
            first = change * EACH // 6
            numbers = range(first, first + EACH // 6)
            payloads = [{"name": name, "number": number} for number in numbers for name in NAMES]
            if change % 2:
                running[0].process.terminate()
            else:
                running.append(fleet.start(str(change + 1)))
            send(servers, partition_of, payloads, "greet")
            if change % 2:
                assert running.pop(0).process.wait(20) == 0
            else:
                running[-1].wait_ready()
        wait_until(lambda: committed(servers, GROUP, COMMANDS) == total, seconds=40, why="all committed")
        with reading(servers, COMPLETED) as completed:
            completed.wait_for_count(total)
    counts = done(tmp_path)
    assert len(counts) == total
    assert set(counts.values()) == {1}
    in_order = [line.split() for line in (tmp_path / "journal").read_text().splitlines()]
    for name in NAMES:
        numbers_done = [int(words[2]) for words in in_order if words[:2] == ["greet", name]]
        assert numbers_done == list(range(EACH))


@pytest.mark.parametrize("seconds", [30.0, 0.2], ids=["within the deadline", "slower than it"])
def test_what_runs_of_a_partition_that_moves_is_done_once_within_the_deadline_or_later(
    bus: RunningBroker, start_greeter: Path, tmp_path: Path, seconds: float
) -> None:
    servers, names = bus.bootstrap_servers, NAMES[:PARTITIONS]
    with ExitStack() as stack:
        fleet = Fleet(stack, servers, start_greeter, tmp_path, REBALANCE_SECONDS=str(seconds))
        fleet.start("one").wait_ready()
        send(servers, dict(zip(names, range(PARTITIONS), strict=True)), [{"name": n} for n in names], "wait")
        journal = tmp_path / "journal"
        wait_until(lambda: journal.read_text().count("waiting") == PARTITIONS, why="all of them running")
        fleet.start("two")
        moved = [True, True] if seconds < 1 else [False, True]
        wait_until(lambda: members(servers) == moved, why="the second instance in the group", seconds=20)
        (tmp_path / "go").touch()
        wait_until(lambda: committed(servers, GROUP, COMMANDS) == PARTITIONS, seconds=20, why="all committed")
        with reading(servers, COMPLETED) as completed:
            completed.wait_for_count(PARTITIONS)
            answered = Counter(record.payload["greeting"] for record in completed.records)
    assert done(tmp_path) == {f"{name} 0": 1 for name in names}
    assert journal.read_text().count("waiting") == PARTITIONS
    assert len(answered) == PARTITIONS
    assert seconds < 1 or set(answered.values()) == {1}
