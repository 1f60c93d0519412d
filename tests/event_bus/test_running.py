"""A node with the bus spliced in, started by its own script: on a real broker, off the bus, without a client."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from event_bus.packages import (
    CAPABILITIES,
    FOLDER,
    clean_environment,
    running,
    without_client,
    write_package,
)
from support.kafka_clients import consumer, read
from support.waiting import wait_until

from nodesmith.naming import INTROSPECTION_TOPIC
from nodesmith.runtime.caller import Answer, CommandCaller

if TYPE_CHECKING:
    from pathlib import Path

    from confluent_kafka import Consumer
    from support.broker import RunningBroker

MODULE = f"{FOLDER}.v1_0_0.start_node"


@pytest.fixture
def broker(both_brokers: RunningBroker) -> RunningBroker:
    return both_brokers


async def call(servers: str, payload: dict[str, object]) -> Answer:
    async with CommandCaller(source="test", bootstrap_servers=servers) as caller:
        return await caller.call("crm", "greeter", "greet", payload, timeout_seconds=15)


def next_payload(client: Consumer, reason: str) -> dict[str, Any]:
    def found() -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(read(client, 1)[0].value() or b"")["payload"]
        # The bus is shared: other tests' nodes have said hello as well.
        mine = (payload["node_name"], payload["reason"]) == ("greeter", reason)
        return payload if mine and payload["metadata"]["domain"] == "crm" else {}

    return wait_until(found, why=f"an introspection with reason {reason}")


def test_on_a_broker_it_says_what_it_can_do_works_and_says_goodbye(
    broker: RunningBroker, tmp_path: Path
) -> None:
    script = write_package(tmp_path)
    servers = broker.bootstrap_servers
    command = [sys.executable, str(script), "--kafka-servers", servers]

    with running(command, folder=tmp_path / "run") as node, consumer(servers, "watch-crm") as watch:
        ready = node.wait_ready().readiness()
        watch.subscribe([INTROSPECTION_TOPIC])
        hello = next_payload(watch, "startup")
        answer = asyncio.run(call(servers, {"name": "Ada"}))
        status = node.stop()
        goodbye = next_payload(watch, "shutdown")

    assert ready["event_bus"]["state"] == "joined"
    assert hello["declared_capabilities"] == {"capabilities": list(CAPABILITIES)}
    assert hello["node_name"] == "greeter"
    assert answer.payload == {"greeting": "Hello, Ada!"}
    assert status == 0
    assert goodbye["node_id"] == hello["node_id"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_a_module_off_the_bus_it_is_ready_and_stops_with_status_0(
    tmp_path: Path, number: signal.Signals
) -> None:
    write_package(tmp_path)
    command = [sys.executable, "-m", MODULE, "--skip-event-bus"]

    with running(command, folder=tmp_path / "run", environment={"PYTHONPATH": str(tmp_path)}) as node:
        ready = node.wait_ready().readiness()
        status = node.stop(number)

    assert ready["event_bus"] == {"state": "skipped"}
    assert status == 0


def test_without_the_client_it_runs_says_why_it_is_not_ready_and_stops_with_status_0(tmp_path: Path) -> None:
    script = write_package(tmp_path)

    with running(
        [sys.executable, str(script)], folder=tmp_path / "run", environment=without_client(tmp_path)
    ) as node:
        node.wait_for_output("started")
        readiness = node.readiness()
        exit_status = node.stop()

    assert not readiness["ready"]
    assert "client is not installed" in readiness["reasons"][0]
    assert node.output.count("WARNING") == 1
    assert exit_status == 0


USE = f"""
import asyncio
from {FOLDER}.v1_0_0 import node

async def main():
    greeter = node.NodeGreeterEffect()
    await greeter._publish_introspection_event()
    answer = await greeter.process("greet", {{"name": "Ada"}})
    await greeter.shutdown()
    await greeter.shutdown()
    return node.EVENT_BUS_AVAILABLE, answer.greeting, greeter.is_running, greeter.event_publisher

print(asyncio.run(main()))
"""


def use(folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", USE],
        cwd=folder,
        env=clean_environment(folder, environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_without_the_client_process_works_and_the_bus_is_said_to_be_away(tmp_path: Path) -> None:
    write_package(tmp_path)

    assert use(tmp_path, without_client(tmp_path)) == "(False, 'Hello, Ada!', False, None)"


def test_with_the_client_process_works_without_initialize(tmp_path: Path) -> None:
    write_package(tmp_path)

    assert use(tmp_path, {}) == "(True, 'Hello, Ada!', False, None)"


LIVES = f"""
import asyncio, os
from {FOLDER}.v1_0_0 import node

async def main():
    greeter = node.NodeGreeterEffect()
    await greeter.initialize()
    first = greeter._service
    await greeter.initialize()
    same = greeter._service is first
    running = greeter.is_running
    await asyncio.gather(greeter.shutdown(), greeter.shutdown())
    os.environ["HEALTH_PORT"] = "-1"
    try:
        await greeter.initialize()
    except Exception as error:
        failure = type(error).__name__
    os.environ["HEALTH_PORT"] = "0"
    after = greeter._service, greeter.event_publisher, greeter.is_running
    await greeter.initialize()
    again = greeter.is_running
    await greeter.shutdown()
    return same, running, failure, after, again, greeter._shutdown_event.is_set()

print(asyncio.run(main()))
"""


def test_initialize_and_shutdown_may_be_called_again_and_a_failed_start_leaves_nothing(
    tmp_path: Path,
) -> None:
    write_package(tmp_path)
    # A port nobody listens on: the node is on the way to a bus that is away.
    environment = clean_environment(tmp_path, {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"})

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LIVES],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stdout.strip() == "(True, True, 'InputError', (None, None, False), True, True)", done.stderr
