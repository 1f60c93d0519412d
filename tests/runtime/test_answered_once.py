"""A command that comes twice is done once and answered twice alike: processes that die, partitions that move."""

from __future__ import annotations

import json
import sqlite3
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from support.nodes import running_node
from support.postgresql import running_postgresql
from support.waiting import wait_until
from support.wire import Topic, command, committed, reading, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.broker import RunBroker, RunningBroker
    from support.nodes import RunningNode
    from support.postgresql import RunningPostgresql
    from support.wire import Record

COMMANDS = "onex.cmd.demo.greeter-requested.v1"
COMPLETED = "onex.evt.demo.greeter-completed.v1"
FAILED = "onex.evt.demo.greeter-failed.v1"
GROUP = "demo.greeter"


@pytest.fixture
def bus(run_broker: RunBroker, tmp_path: Path) -> Iterator[RunningBroker]:
    with run_broker(tmp_path / "bus") as running:
        yield running


@contextmanager
def greeter(
    script: Path, bus: RunningBroker, folder: Path, name: str, **settings: str
) -> Iterator[RunningNode]:
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": bus.bootstrap_servers,
        "GREETER_JOURNAL": str(folder),
        "NODESMITH_DATA_DIR": str(folder / "data"),
        "NODE_INSTANCE_ID": name,
        "ANSWER_LEASE_SECONDS": "3",
        **settings,
    }
    with running_node(script, folder / f"{name}.log", environment=environment) as node:
        yield node


def lines(folder: Path) -> list[str]:
    file = folder / "journal"
    return file.read_text().splitlines() if file.exists() else []


def essence(record: Record) -> tuple[Any, ...]:
    """Return all of a record that its receiver sees."""
    return record.key, json.dumps([dict(record.headers), record.envelope], sort_keys=True)


def the_same_twice(topic: Topic) -> None:
    first, second = topic.wait_for_count(2, seconds=40)[:2]
    assert essence(first) == essence(second)


def test_a_command_that_is_sent_twice_is_done_once_and_answered_twice_alike(
    bus: RunningBroker, start_greeter: Path, tmp_path: Path
) -> None:
    value = command("demo.greeter.greet", {"name": "ann"}, envelope_id=str(uuid4()))
    with (
        greeter(start_greeter, bus, tmp_path, "one") as node,
        reading(bus.bootstrap_servers, COMPLETED) as completed,
    ):
        send(bus.bootstrap_servers, COMMANDS, value, value, key="ann")
        the_same_twice(completed)
        assert lines(tmp_path).count("greet ann 0") == 1
        assert 'answered_again_total{operation="greet"} 1.0' in node.get("/metrics")[1]


def test_a_failure_is_an_answer_as_well(bus: RunningBroker, start_greeter: Path, tmp_path: Path) -> None:
    value = command("demo.greeter.break-down", {}, envelope_id=str(uuid4()))
    with greeter(start_greeter, bus, tmp_path, "one"), reading(bus.bootstrap_servers, FAILED) as failed:
        send(bus.bootstrap_servers, COMMANDS, value, value, key="ann")
        the_same_twice(failed)


def answers_over_a_kill(
    bus: RunningBroker, script: Path, folder: Path, *, one: dict[str, str], two: dict[str, str]
) -> list[tuple[Any, ...]]:
    """Kill an instance between handling a command and its commit, start another, and return what answers the command."""
    servers = bus.bootstrap_servers
    with ExitStack() as stack:
        completed = stack.enter_context(reading(servers, COMPLETED))
        first = stack.enter_context(greeter(script, bus, folder, "one", **one)).wait_ready()
        # An earlier record of the partition that is not done: nothing behind it can be committed.
        waits = command("demo.greeter.wait", {"name": "slow"})
        # The command comes without an id: its second delivery is known all the same.
        asked = command("demo.greeter.greet", {"name": "ann"})
        send(servers, COMMANDS, waits, asked, key="same partition")
        completed.wait_for(lambda record: record.payload["greeting"] == "hello ann 0")
        first.process.kill()
        first.process.wait()
        assert committed(servers, GROUP, COMMANDS) == 0
        (folder / "go").touch()
        stack.enter_context(greeter(script, bus, folder, "two", **two))
        wait_until(lambda: committed(servers, GROUP, COMMANDS) == 2, seconds=40, why="both being committed")
        completed.wait_for_count(3)
        return [essence(each) for each in completed.records if each.payload["greeting"] == "hello ann 0"]


def test_a_command_whose_node_dies_between_handling_and_commit_is_answered_again_and_not_done_again(
    bus: RunningBroker, start_greeter: Path, tmp_path: Path
) -> None:
    answers = answers_over_a_kill(bus, start_greeter, tmp_path, one={}, two={})

    assert len(answers) == 2
    assert answers[0] == answers[1]
    assert lines(tmp_path).count("greet ann 0") == 1


def test_instances_on_two_hosts_share_answers_in_postgresql_while_the_partition_moves(
    bus: RunningBroker, postgresql: RunningPostgresql, start_greeter: Path, tmp_path: Path
) -> None:
    forget(postgresql)
    one, two = (
        {"NODESMITH_ANSWERS_URL": postgresql.url, "NODESMITH_DATA_DIR": str(tmp_path / host)}
        for host in ("host1", "host2")
    )

    answers = answers_over_a_kill(bus, start_greeter, tmp_path, one=one, two=two)

    assert len(answers) == 2
    assert answers[0] == answers[1]
    assert lines(tmp_path).count("greet ann 0") == 1
    assert lines(tmp_path).count("waiting slow") == 2


def test_a_command_that_another_instance_works_on_is_waited_for_and_not_done_twice(
    bus: RunningBroker, postgresql: RunningPostgresql, start_greeter: Path, tmp_path: Path
) -> None:
    servers = bus.bootstrap_servers
    settings = {"NODESMITH_ANSWERS_URL": postgresql.url}
    forget(postgresql)
    value = command("demo.greeter.wait", {"name": "ann"}, envelope_id=str(uuid4()))
    with (
        greeter(start_greeter, bus, tmp_path, "one", NODESMITH_DATA_DIR=str(tmp_path / "host1"), **settings),
        greeter(start_greeter, bus, tmp_path, "two", NODESMITH_DATA_DIR=str(tmp_path / "host2"), **settings),
        reading(servers, COMPLETED) as completed,
    ):
        # In all partitions, so in those of both instances.
        for number in range(16):
            send(servers, COMMANDS, value, key=str(number))
        wait_until(lambda: "waiting ann" in lines(tmp_path), why="one handler running")
        wait_until(lambda: waiting_for(postgresql) == 1, why="one claim")
        (tmp_path / "go").touch()
        answers = {essence(record) for record in completed.wait_for_count(16, seconds=40)}
    assert lines(tmp_path).count("waiting ann") == 1
    assert len(answers) == 1


def test_while_postgresql_is_away_a_node_takes_no_command_and_says_so(
    bus: RunningBroker, start_greeter: Path, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        database = stack.enter_context(running_postgresql())
        settings = {"NODESMITH_ANSWERS_URL": database.url}
        node = stack.enter_context(greeter(start_greeter, bus, tmp_path, "one", **settings)).wait_ready()
        completed = stack.enter_context(reading(bus.bootstrap_servers, COMPLETED))
        database.stop()
        wait_until(lambda: not node.readiness()["ready"], why="the node saying that it takes nothing")
        assert "the records of answers in PostgreSQL are away" in node.readiness()["reasons"][0]
        send(bus.bootstrap_servers, COMMANDS, command("demo.greeter.greet", {"name": "ann"}), key="ann")
        stack.enter_context(running_postgresql(database.folder, database.port))
        completed.wait_for_count(1, seconds=40)
        node.wait_ready()
    assert lines(tmp_path).count("greet ann 0") == 1


def test_an_answer_that_waits_for_the_broker_is_kept_over_a_stop_and_sent_by_the_next_start(
    run_broker: RunBroker, start_greeter: Path, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(run_broker(tmp_path / "bus"))
        one = stack.enter_context(greeter(start_greeter, first, tmp_path, "one")).wait_ready()
        send(first.bootstrap_servers, COMMANDS, command("demo.greeter.wait", {"name": "ann"}), key="ann")
        wait_until(lambda: "waiting ann" in lines(tmp_path), why="the handler running")
        first.kill()
        wait_until(lambda: "bus away" in one.output, why="the bus being missed")
        (tmp_path / "go").touch()
        wait_until(lambda: "greet ann 0" in lines(tmp_path), why="the handler done")
        assert one.stop() == 0, one.output
        with closing(sqlite3.connect(tmp_path / "data" / "demo.greeter" / "outbox-1.sqlite3")) as rows:
            assert rows.execute("SELECT count(*) FROM waiting WHERE topic = ?", (COMPLETED,)).fetchone() == (
                1,
            )
        second = stack.enter_context(run_broker(tmp_path / "bus", first.port))
        completed = stack.enter_context(reading(second.bootstrap_servers, COMPLETED))
        stack.enter_context(greeter(start_greeter, second, tmp_path, "two"))
        the_same_twice(completed)
        wait_until(
            lambda: committed(second.bootstrap_servers, GROUP, COMMANDS) == 1, why="the command committed"
        )
    assert lines(tmp_path).count("greet ann 0") == 1


def forget(postgresql: RunningPostgresql) -> None:
    """Forget the answers of other tests' nodes of the same name."""
    with psycopg.connect(postgresql.url) as connection:
        connection.execute("DROP TABLE IF EXISTS nodesmith_command_answers")


def waiting_for(postgresql: RunningPostgresql) -> int:
    with psycopg.connect(postgresql.url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM nodesmith_command_answers WHERE finished IS NULL"
        ).fetchone()
    assert row is not None
    return int(row[0])
