"""A node on the disk as the pipeline leaves it, cut short to one module, and as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.waiting import wait_until

from nodesmith.generation.event_bus.splice import splice_event_bus
from nodesmith.generation.event_bus_integration import event_bus_blocks, startup_script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

STOP_SECONDS = 20.0
CLASS = "NodeGreeterEffect"
FOLDER = "node_crm_greeter_effect"
CAPABILITIES = ("crm.greet", 'crm.it\'s "odd" \\ {{ text }}\n')

GREETER = '''\
"""Greets people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.runtime import NodeDefinition, NodeIdentity, Operation
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Mapping


class ModelGreetInput(BaseModel):
    """Whom to greet."""

    name: str


class ModelGreetOutput(BaseModel):
    """The greeting."""

    greeting: str


class HandlerGreet:
    """Greets one person."""

    def handle(self, request: ModelGreetInput) -> ModelGreetOutput:
        """Greet."""
        return ModelGreetOutput(greeting=f"Hello, {request.name}!")


class NodeGreeterEffect:
    """Greets people."""

    def __init__(self) -> None:
        """Put the node together; nothing is opened before `initialize()`."""
        self.definition = NodeDefinition(
            identity=NodeIdentity(name="greeter", domain="crm", archetype="effect"),
            operations=(
                Operation(
                    name="greet",
                    input_model=ModelGreetInput,
                    output_model=ModelGreetOutput,
                    handler=HandlerGreet().handle,
                ),
            ),
        )

    async def process(
        self, operation: str, payload: Mapping[str, object] | BaseModel
    ) -> BaseModel:
        """Run one operation on `payload`, with or without an event bus."""
        return await self.definition.run(operation, payload)
'''


def write_package(target: Path, *, class_name: str = CLASS, source: str = GREETER) -> Path:
    """Write a node with the bus in it, and return the path of its start script."""
    blocks = event_bus_blocks(service_name="greeter", capabilities=CAPABILITIES)
    version = target / FOLDER / "v1_0_0"
    version.mkdir(parents=True)
    for folder in (version.parent, version):
        (folder / "__init__.py").write_text("")
    (version / "node.py").write_text(splice_event_bus(source, class_name=class_name, blocks=blocks))
    script = version / "start_node.py"
    script.write_text(startup_script(class_name=class_name))
    script.chmod(0o755)
    return script


def without_client(target: Path) -> dict[str, str]:
    """Return an environment in which confluent-kafka cannot be imported."""
    shadow = target / "no_client"
    shadow.mkdir()
    (shadow / "confluent_kafka.py").write_text("raise ModuleNotFoundError(name='confluent_kafka')\n")
    return {"PYTHONPATH": str(shadow)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningNode:
    """A node's process and its log."""

    process: subprocess.Popen[bytes]
    log: Path

    def ready(self) -> tuple[int, dict[str, Any]]:
        """Return the status and the body of `/health/ready`."""
        found = wait_until(
            lambda: re.search(r"health at (\S+)", self.text()), why="the node's health address"
        )
        address = re.sub(r"/health/\w+$", "", found[1])
        try:
            with urllib.request.urlopen(f"{address}/health/ready", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def wait_ready(self) -> dict[str, Any]:
        """Wait until the node says that it is ready."""
        return wait_until(
            lambda: body if (body := self.ready()[1])["ready"] else None, why=f"ready: {self.log}"
        )

    def text(self) -> str:
        """Return the log; fail where the process has ended by itself."""
        text = self.log.read_text()
        assert self.process.poll() is None, text
        return text

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def running(
    command: list[str], *, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[RunningNode]:
    """Run a command that starts a node, in `folder`, with the options it gets from its environment at their defaults."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "node.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=folder, env=clean_environment(folder, environment), stdout=output, stderr=output
        ) as process,
    ):
        try:
            yield RunningNode(process=process, log=log)
        finally:
            if process.poll() is None:
                process.kill()


def clean_environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return our environment without a node's settings, with this Python first on the path."""
    settings = ("KAFKA_", "NODESMITH_", "HEALTH_", "NODE_", "LOG_LEVEL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    path = os.pathsep.join([os.path.dirname(sys.executable), kept.get("PATH", "")])  # noqa: PTH120
    return {
        **kept,
        "PATH": path,
        "NODESMITH_DATA_DIR": str(folder),
        "HEARTBEAT_SECONDS": "0.5",
        **(more or {}),
    }
