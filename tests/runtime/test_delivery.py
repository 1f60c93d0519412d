"""What is not lost, and what is not done twice without need: processes and brokers that die."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from support.nodes import running_node
from support.waiting import wait_until
from support.wire import command, committed, reading, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.broker import RunBroker, RunningBroker

COMMANDS = "onex.cmd.demo.greeter-requested.v1"
COMPLETED = "onex.evt.demo.greeter-completed.v1"
FAILED = "onex.evt.demo.greeter-failed.v1"
INTROSPECTION = "onex.evt.platform.node-introspection.v1"


@pytest.fixture
def own_broker(run_broker: RunBroker, tmp_path: Path) -> Iterator[RunningBroker]:
    with run_broker(tmp_path / "broker") as broker:
        yield broker


def lines(journal: Path) -> list[str]:
    file = journal / "journal"
    return file.read_text().splitlines() if file.exists() else []


def environment(servers: str, journal: Path) -> dict[str, str]:
    return {"KAFKA_BOOTSTRAP_SERVERS": servers, "GREETER_JOURNAL": str(journal), "HEARTBEAT_SECONDS": "1"}


def test_a_command_whose_node_is_killed_in_the_middle_is_done_by_the_next_one(
    own_broker: RunningBroker, start_greeter: Path, tmp_path: Path
) -> None:
    servers = own_broker.bootstrap_servers
    sent = uuid4()
    with running_node(start_greeter, tmp_path / "one.log", environment=environment(servers, tmp_path)) as one:
        one.wait_ready()
        value = command("demo.greeter.wait", {"name": "ann"}, envelope_id=str(sent))
        send(servers, COMMANDS, value, key="ann")
        wait_until(lambda: "waiting ann" in lines(tmp_path), why="the handler running")
        one.process.kill()
        one.process.wait()
    assert committed(servers, "demo.greeter", COMMANDS) == 0
    (tmp_path / "go").touch()
    with (
        running_node(start_greeter, tmp_path / "two.log", environment=environment(servers, tmp_path)),
        reading(servers, COMPLETED) as completed,
    ):
        result = completed.wait_for_count(1)[0]
        assert result.envelope["parent_envelope_id"] == str(sent)
        wait_until(lambda: committed(servers, "demo.greeter", COMMANDS) == 1, why="the offset committed")
    assert lines(tmp_path).count("waiting ann") == 2


def test_a_broker_that_dies_and_comes_back_costs_no_command_and_two_lines_of_log(
    run_broker: RunBroker, start_greeter: Path, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(run_broker(tmp_path / "broker"))
        servers = first.bootstrap_servers
        node = stack.enter_context(
            running_node(start_greeter, tmp_path / "log", environment=environment(servers, tmp_path))
        ).wait_ready()
        send(servers, COMMANDS, command("demo.greeter.wait", {"name": "ann"}), key="ann")
        wait_until(lambda: "waiting ann" in lines(tmp_path), why="the handler running")
        first.kill()
        wait_until(lambda: not node.readiness()["ready"], why="the node saying that the bus is away")
        away = node.readiness()
        assert servers in away["reasons"][0]
        assert (away["state"], away["event_bus"]["state"]) == ("degraded", "away")
        (tmp_path / "go").touch()
        wait_until(lambda: "greet ann 0" in lines(tmp_path), why="the handler done while the bus is away")
        stack.enter_context(run_broker(tmp_path / "broker", port=first.port))
        node.wait_ready()
        with reading(servers, COMPLETED) as completed, reading(servers, INTROSPECTION) as introspections:
            completed.wait_for_count(1)
            send(servers, COMMANDS, command("demo.greeter.greet", {"name": "bob"}), key="bob")
            completed.wait_for(lambda record: record.payload["greeting"] == "hello bob 0", seconds=30)
            startups = introspections.wait_for_count(2)
        assert [record.payload["reason"] for record in startups[:2]] == ["startup", "startup"]
        assert node.stop() == 0
        assert node.output.count("bus away") == 1
        assert node.output.count("bus joined") == 2


def test_a_node_makes_its_topics_again_where_the_broker_came_back_without_them(
    run_broker: RunBroker, start_greeter: Path, tmp_path: Path
) -> None:
    with run_broker(tmp_path / "broker") as first:
        servers = first.bootstrap_servers
        with running_node(
            start_greeter, tmp_path / "log", environment=environment(servers, tmp_path)
        ) as node:
            node.wait_ready()
            first.kill()
            node.wait_for_output("bus away")
            with run_broker(tmp_path / "another", port=first.port):
                node.wait_ready()
                assert {COMMANDS, COMPLETED, FAILED} <= topics(servers)
                assert node.stop() == 0


def topics(servers: str) -> set[str]:
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 2})
    return set(admin.list_topics(timeout=5).topics)


def test_two_instances_share_the_work_and_a_stopped_one_hands_over_at_once(
    own_broker: RunningBroker, start_greeter: Path, tmp_path: Path
) -> None:
    servers = own_broker.bootstrap_servers
    with (
        running_node(start_greeter, tmp_path / "one.log", environment=environment(servers, tmp_path)) as one,
        running_node(start_greeter, tmp_path / "two.log", environment=environment(servers, tmp_path)) as two,
        reading(servers, COMPLETED) as completed,
    ):
        one.wait_ready()
        two.wait_ready()
        values = [command("demo.greeter.greet", {"name": str(n % 20), "number": n}) for n in range(200)]
        for number, value in enumerate(values):
            send(servers, COMMANDS, value, key=str(number % 20))
            if number == 100:
                assert one.stop() == 0
        completed.wait_for_count(200, seconds=30)
        wait_until(
            lambda: committed(servers, "demo.greeter", COMMANDS) == 200,
            why="all offsets committed",
            seconds=20,
        )
    greeted = {line for line in lines(tmp_path) if line.startswith("greet")}
    assert greeted == {f"greet {n % 20} {n}" for n in range(200)}


def test_every_command_of_a_load_is_answered_and_in_order_over_a_killed_node_and_a_killed_broker(
    run_broker: RunBroker, start_greeter: Path, tmp_path: Path
) -> None:
    sent: list[str] = []

    def burst(servers: str) -> None:
        for _ in range(100):
            key, number, sent_id = str(len(sent) % 10), len(sent), str(uuid4())
            value = command("demo.greeter.greet", {"name": key, "number": number}, envelope_id=sent_id)
            send(servers, COMMANDS, value, key=key)
            sent.append(sent_id)

    with ExitStack() as stack:
        first = stack.enter_context(run_broker(tmp_path / "broker"))
        servers = first.bootstrap_servers
        settings = environment(servers, tmp_path)
        one = stack.enter_context(running_node(start_greeter, tmp_path / "one.log", environment=settings))
        one.wait_ready()
        burst(servers)
        one.process.kill()
        stack.enter_context(running_node(start_greeter, tmp_path / "two.log", environment=settings))
        burst(servers)
        first.kill()
        stack.enter_context(run_broker(tmp_path / "broker", port=first.port))
        burst(servers)
        completed = stack.enter_context(reading(servers, COMPLETED))

        def unanswered() -> set[str]:
            completed.read()
            return set(sent) - {record.envelope["parent_envelope_id"] for record in completed.records}

        wait_until(lambda: not unanswered(), seconds=40, why="an answer to each command")
    for key in range(10):
        begun = [int(line.split()[2]) for line in lines(tmp_path) if line.startswith(f"greet {key} ")]
        assert list(dict.fromkeys(begun)) == list(range(key, 300, 10))
