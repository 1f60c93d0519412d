"""Hand-written nodes of many shapes: integrated by the command, started by their script, asked over a real broker."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from event_bus.handwritten import NODES, PRINTER, HandWritten
from event_bus.packages import clean_environment, running, without_client
from support.kafka_clients import consumer, read
from support.waiting import wait_until

from nodesmith.naming import INTROSPECTION_TOPIC
from nodesmith.runtime.caller import Answer, CommandCaller

if TYPE_CHECKING:
    from pathlib import Path

    from support.broker import RunningBroker


@pytest.fixture
def broker(both_brokers: RunningBroker) -> RunningBroker:
    return both_brokers


def integrate(node: HandWritten, target: Path) -> Path:
    """Write the node, integrate it, and return its start script."""
    module = node.write(target)
    done = subprocess.run(
        [sys.executable, "-m", "nodesmith", "integrate", str(module), *node.options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return module.with_name("start_node.py")


async def call(servers: str, node: HandWritten) -> Answer:
    operation, payload, _ = node.call
    async with CommandCaller(source="test", bootstrap_servers=servers) as caller:
        return await caller.call(node.domain, node.name, operation, payload, timeout_seconds=15)


def hello_of(servers: str, name: str) -> dict[str, Any]:
    with consumer(servers, f"watch-{name}") as client:
        client.subscribe([INTROSPECTION_TOPIC])

        def found() -> dict[str, Any]:
            value = read(client, 1)[0].value() or b""
            # Other tests write what is no introspection to this topic.
            payload: dict[str, Any] = json.loads(value)["payload"] if name.encode() in value else {}
            return payload if payload.get("node_name") == name else {}

        return wait_until(found, why=f"an introspection of {name}")


@pytest.mark.parametrize("shape", NODES)
def test_an_integrated_node_starts_takes_a_command_answers_and_drains(
    shape: str, broker: RunningBroker, tmp_path: Path
) -> None:
    node = NODES[shape]
    script = integrate(node, tmp_path / "home")
    servers = broker.bootstrap_servers
    command = [sys.executable, "-W", "error", str(script), "--kafka-servers", servers]

    with running(command, folder=tmp_path / "run") as process:
        ready = process.wait_ready().readiness()
        answer = asyncio.run(call(servers, node))
        status = process.stop()

    assert ready["event_bus"]["state"] == "joined"
    assert answer.payload == node.call[2]
    assert status == 0, process.output


def test_an_integrated_node_says_what_it_is_and_nothing_more(broker: RunningBroker, tmp_path: Path) -> None:
    node = NODES["orchestrator"]
    script = integrate(node, tmp_path / "home")
    command = [sys.executable, str(script), "--kafka-servers", broker.bootstrap_servers]

    with running(command, folder=tmp_path / "run") as process:
        process.wait_ready()
        hello = hello_of(broker.bootstrap_servers, node.name)
        assert process.stop() == 0

    assert hello["node_type"] == "orchestrator"
    assert hello["declared_capabilities"] == {"capabilities": ["general.check-out"]}
    assert hello["discovered_capabilities"]["method_signatures"] == {"check_out": "(Order) -> Receipt"}
    # It tells no story of workflows, as those do that the runtime runs.
    topics = [entry["topic"] for entry in hello["event_bus"]["publish_topics"]]
    assert topics == [
        "onex.evt.general.checkout-completed.v1",
        "onex.evt.general.checkout-failed.v1",
        "onex.dlq.general.checkout.v1",
    ]


def test_what_a_node_opens_is_opened_and_closed_with_it(tmp_path: Path) -> None:
    script = integrate(NODES["resources"], tmp_path)

    with running([sys.executable, str(script), "--skip-event-bus"], folder=tmp_path / "run") as process:
        process.wait_ready()
        assert "keeper: closed" not in process.output
        assert process.stop() == 0

    assert "keeper: closed" in process.output


@pytest.mark.parametrize(
    ("shape", "module"),
    [
        ("dataclass", "printing.start_node"),
        ("package", "shop.node_shop_adder_compute.start_node"),
        ("orchestrator", "flows.start_node"),
    ],
)
def test_its_start_script_runs_as_a_module_as_well(shape: str, module: str, tmp_path: Path) -> None:
    integrate(NODES[shape], tmp_path / "home")
    command = [sys.executable, "-m", module, "--skip-event-bus"]

    with running(
        command, folder=tmp_path / "run", environment={"PYTHONPATH": str(tmp_path / "home")}
    ) as process:
        assert process.wait_ready().readiness()["ready"]
        assert process.stop() == 0


def test_without_the_client_it_runs_and_says_why_it_is_not_ready(tmp_path: Path) -> None:
    script = integrate(PRINTER, tmp_path / "home")
    environment = without_client(tmp_path)

    with running([str(script)], folder=tmp_path / "run", environment=environment) as process:
        process.wait_for_output("started")
        reasons = process.readiness()["reasons"]
        assert process.stop() == 0

    assert "client is not installed" in reasons[0]


NO_OPERATION = "class NodeIdleEffect:\n    def look(self, place: str) -> str:\n        return place\n"
UNRESOLVED = """\
from __future__ import annotations
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from orders import Order

class NodeLateEffect:
    def take(self, order: Order) -> Order:
        return order
"""


@pytest.mark.parametrize(
    ("source", "words"),
    [(NO_OPERATION, "has no operation"), (UNRESOLVED, "name 'Order' is not defined")],
    ids=["no operation", "unresolved hints"],
)
def test_a_node_that_cannot_be_one_says_so_when_it_is_started(
    source: str, words: str, tmp_path: Path
) -> None:
    script = integrate(HandWritten("node.py", {"node.py": source}, ("", {}, {})), tmp_path)

    done = subprocess.run(
        [sys.executable, script], env=clean_environment(tmp_path), capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert words in done.stderr
    assert "fix:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_typed_node_stays_typed(tmp_path: Path, mypy_cache: Path) -> None:
    script = integrate(PRINTER, tmp_path)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "node.py", script.name]

    done = subprocess.run(
        [*command, "--cache-dir", str(mypy_cache)],
        cwd=script.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
