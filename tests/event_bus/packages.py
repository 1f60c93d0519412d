"""A node on the disk as the pipeline leaves it, cut short to one module, and as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.nodes import RunningNode

from nodesmith.generation.event_bus.splice import splice_event_bus
from nodesmith.generation.event_bus_integration import event_bus_blocks, startup_script
from nodesmith.generation.rendering import packaged_templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CLASS = "NodeGreeterEffect"
FOLDER = "node_crm_greeter_effect"
CAPABILITIES = ("crm.greet",)

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
    blocks = event_bus_blocks(packaged_templates(), service_name="greeter")
    version = target / FOLDER / "v1_0_0"
    version.mkdir(parents=True)
    for folder in (version.parent, version):
        (folder / "__init__.py").write_text("")
    (version / "node.py").write_text(splice_event_bus(source, class_name=class_name, blocks=blocks))
    script = version / "start_node.py"
    script.write_text(startup_script(packaged_templates(), class_name=class_name).text)
    script.chmod(0o755)
    return script


def without_client(target: Path) -> dict[str, str]:
    """Return an environment in which confluent-kafka cannot be imported."""
    shadow = target / "no_client"
    shadow.mkdir()
    (shadow / "confluent_kafka.py").write_text("raise ModuleNotFoundError(name='confluent_kafka')\n")
    return {"PYTHONPATH": str(shadow)}


@contextmanager
def running(
    command: list[str], *, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[RunningNode]:
    """Run a command that starts a node, in `folder`, with every setting of the environment at its default."""
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
