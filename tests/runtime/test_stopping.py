"""SIGTERM and SIGINT: what runs is finished, what is not is somebody else's, and nothing hangs."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from support.nodes import running_node
from support.waiting import wait_until
from support.wire import command, committed, reading, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.broker import RunBroker, RunningBroker
    from support.nodes import RunningNode

COMMANDS = "onex.cmd.demo.greeter-requested.v1"
COMPLETED = "onex.evt.demo.greeter-completed.v1"
INTROSPECTION = "onex.evt.platform.node-introspection.v1"


@pytest.fixture
def own_broker(run_broker: RunBroker, tmp_path: Path) -> Iterator[RunningBroker]:
    with run_broker(tmp_path / "broker") as broker:
        yield broker


def journal(folder: Path) -> str:
    file = folder / "journal"
    return file.read_text() if file.exists() else ""


def environment(servers: str, folder: Path, *, drain_seconds: float = 20) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "GREETER_JOURNAL": str(folder),
        "DRAIN_SECONDS": str(drain_seconds),
    }


def begin_to_wait(servers: str, node: RunningNode, folder: Path) -> None:
    """Give the node a command whose handler waits for a file."""
    node.wait_ready()
    send(servers, COMMANDS, command("demo.greeter.wait", {"name": "ann"}), key="ann")
    wait_until(lambda: "waiting ann" in journal(folder), why="the handler running")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_running_handler_is_finished_answered_and_committed_before_the_node_goes(
    own_broker: RunningBroker, start_greeter: Path, tmp_path: Path, number: signal.Signals
) -> None:
    servers = own_broker.bootstrap_servers
    with running_node(start_greeter, tmp_path / "log", environment=environment(servers, tmp_path)) as node:
        begin_to_wait(servers, node, tmp_path)
        node.process.send_signal(number)
        node.wait_for_output("draining: 1 commands are running")
        assert node.readiness()["state"] == "draining"
        send(servers, COMMANDS, command("demo.greeter.greet", {"name": "late"}), key="ann")
        node.process.send_signal(number)
        (tmp_path / "go").touch()
        assert node.process.wait(20) == 0
    with reading(servers, COMPLETED) as completed, reading(servers, INTROSPECTION) as introspections:
        assert completed.wait_for_count(1)[0].payload["greeting"] == "hello ann 0"
        introspections.wait_for(lambda record: record.payload["reason"] == "shutdown")
    assert committed(servers, "demo.greeter", COMMANDS) == 1
    assert "greet late" not in journal(tmp_path)
    assert journal(tmp_path).splitlines()[-1] == "shut"


def test_work_that_does_not_finish_in_time_is_cut_off_said_and_not_committed(
    own_broker: RunningBroker, start_greeter: Path, tmp_path: Path
) -> None:
    servers = own_broker.bootstrap_servers
    settings = environment(servers, tmp_path, drain_seconds=0.3)
    with running_node(start_greeter, tmp_path / "log", environment=settings) as node:
        begin_to_wait(servers, node, tmp_path)
        assert node.stop() == 5
    assert "1 commands were cut off" in node.output
    assert committed(servers, "demo.greeter", COMMANDS) == 0


def test_a_thread_that_never_ends_does_not_keep_the_process(
    own_broker: RunningBroker, start_greeter: Path, tmp_path: Path
) -> None:
    servers = own_broker.bootstrap_servers
    settings = environment(servers, tmp_path, drain_seconds=0.3)
    with running_node(start_greeter, tmp_path / "log", environment=settings) as node:
        node.wait_ready()
        send(servers, COMMANDS, command("demo.greeter.hang", {}))
        wait_until(lambda: "hanging" in journal(tmp_path), why="the handler running")
        assert node.stop() == 5


def test_a_node_whose_broker_is_gone_stops_all_the_same(
    own_broker: RunningBroker, start_greeter: Path, tmp_path: Path
) -> None:
    settings = environment(own_broker.bootstrap_servers, tmp_path)
    with running_node(start_greeter, tmp_path / "log", environment=settings) as node:
        node.wait_ready()
        own_broker.kill()
        wait_until(lambda: "bus away" in node.output, why="the bus being missed")
        begun = time.monotonic()
        assert node.stop() == 0
    assert time.monotonic() - begun < 8


def test_a_broker_that_hangs_does_not_hang_a_node_that_stops(
    own_broker: RunningBroker, start_greeter: Path, tmp_path: Path
) -> None:
    settings = environment(own_broker.bootstrap_servers, tmp_path)
    with running_node(start_greeter, tmp_path / "log", environment=settings) as node:
        node.wait_ready()
        own_broker.process.send_signal(signal.SIGSTOP)
        try:
            assert node.stop(seconds=30) == 0
        finally:
            own_broker.process.send_signal(signal.SIGCONT)
