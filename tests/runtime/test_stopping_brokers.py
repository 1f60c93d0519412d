"""A node that stops while its broker is paused, dead, swallowing or silent: never late, nothing lost, nothing done twice."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from chaos.interference import Proxy
from support.broker import running_broker
from support.kafka import running_kafka
from support.nodes import running_node
from support.waiting import wait_until
from support.wire import command, committed, reading, send

from nodesmith.runtime.watchdog import CLOSE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from support.broker import RunBroker, RunningBroker
    from support.nodes import RunningNode

    Trouble = Callable[[RunningBroker, Proxy], AbstractContextManager[None]]

COMMANDS = "onex.cmd.demo.greeter-requested.v1"
COMPLETED = "onex.evt.demo.greeter-completed.v1"
DRAIN_SECONDS = 1.0
SLACK_SECONDS = 2.0


@contextmanager
def paused(broker: RunningBroker, _proxy: Proxy) -> Iterator[None]:
    broker.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        broker.process.send_signal(signal.SIGCONT)


@contextmanager
def killed(broker: RunningBroker, _proxy: Proxy) -> Iterator[None]:
    broker.kill()
    yield


@contextmanager
def swallowed(_broker: RunningBroker, proxy: Proxy) -> Iterator[None]:
    proxy.tell("swallow")
    try:
        yield
    finally:
        proxy.tell("pass")


def stop_all(nodes: list[RunningNode], *, meanwhile: Callable[[], None]) -> None:
    """Send each SIGTERM, and see that each has drained and is gone in time."""
    begun = time.monotonic()
    for node in nodes:
        node.process.send_signal(signal.SIGTERM)
    meanwhile()
    for node in nodes:
        left = begun + DRAIN_SECONDS + CLOSE_SECONDS - time.monotonic()
        assert node.process.wait(left) == 0, node.output
        assert "nothing was cut off" in node.output


@pytest.mark.parametrize(
    ("run", "trouble"),
    [
        (running_broker, paused),
        (running_broker, killed),
        (running_broker, swallowed),
        (running_kafka, paused),
    ],
    ids=["paused", "killed", "swallowed", "paused kafka"],
)
def test_nodes_at_work_idle_and_joining_stop_in_time_and_what_they_did_is_answered_later(
    run: RunBroker, trouble: Trouble, start_greeter: Path, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        broker = stack.enter_context(run(tmp_path / "broker"))
        proxy = stack.enter_context(closing(Proxy(broker.port)))
        servers = proxy.servers if trouble is swallowed else broker.bootstrap_servers

        def start(name: str) -> RunningNode:
            environment = {
                "KAFKA_BOOTSTRAP_SERVERS": servers,
                "GREETER_JOURNAL": str(tmp_path),
                "NODESMITH_DATA_DIR": str(tmp_path / "data"),
                "DRAIN_SECONDS": str(DRAIN_SECONDS),
                "NODE_INSTANCE_ID": name,
            }
            return stack.enter_context(
                running_node(start_greeter, tmp_path / f"log-{name}", environment=environment)
            )

        nodes = [start(name).wait_ready() for name in ("one", "two")]
        send(broker.bootstrap_servers, COMMANDS, command("demo.greeter.wait", {"name": "ann"}), key="ann")
        wait_until(lambda: "waiting ann" in (tmp_path / "journal").read_text(), why="the handler running")
        with trouble(broker, proxy):
            joining = start("three")
            joining.wait_for_output("started;")
            stop_all([*nodes, joining], meanwhile=(tmp_path / "go").touch)
        if broker.process.poll() is not None:
            stack.enter_context(run(tmp_path / "broker", port=broker.port))
        start("four").wait_ready()
        with reading(broker.bootstrap_servers, COMPLETED) as completed:
            assert completed.wait_for_count(1, seconds=30)[0].payload["greeting"] == "hello ann 0"
        wait_until(
            lambda: committed(broker.bootstrap_servers, "demo.greeter", COMMANDS) == 1,
            why="the command being committed",
            seconds=30,
        )
    assert (tmp_path / "journal").read_text().count("greet ann") == 1


@contextmanager
def a_silent_listener() -> Iterator[str]:
    """Listen on a port whose connections the system accepts, and nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_node_whose_broker_accepts_and_says_nothing_stops_in_time(
    start_greeter: Path, tmp_path: Path
) -> None:
    with a_silent_listener() as servers:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "GREETER_JOURNAL": str(tmp_path),
            "DRAIN_SECONDS": str(DRAIN_SECONDS),
        }
        with running_node(start_greeter, tmp_path / "log", environment=environment) as node:
            node.wait_for_output("started;")
            begun = time.monotonic()
            assert node.stop() == 0
            assert time.monotonic() - begun < SLACK_SECONDS
