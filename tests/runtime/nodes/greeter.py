"""A small effect node, written by hand in the form that generated nodes have.

Its handlers write what they do into the journal folder that GREETER_JOURNAL names, where tests read it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from nodesmith.runtime import (
    HandlerNotImplementedError,
    NodeDefinition,
    NodeIdentity,
    NodeService,
    Operation,
    current_command,
    default_instance_id,
    event_bus_skipped,
    make_node_id,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

try:
    from nodesmith.runtime.bus import EventPublisher
except ImportError:
    EVENT_BUS_AVAILABLE = False
else:
    EVENT_BUS_AVAILABLE = True

STEP_SECONDS = 0.01


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ModelGreetInput(_Model):
    name: str
    number: int = 0


class ModelGreetOutput(_Model):
    greeting: str
    idempotency_key: UUID


class ModelNothing(_Model):
    pass


class Journal:
    """The folder in which handlers leave traces.

    Opening it fails while a file called `closed` is in it, waits for ever while there is one called `slow`, and holds the
    event loop while there is one called `stuck`.
    """

    def __init__(self) -> None:
        self.folder = Path(os.environ.get("GREETER_JOURNAL", "."))

    async def __aenter__(self) -> Self:
        if (self.folder / "closed").exists():
            raise ConnectionError("the journal is closed")
        if (self.folder / "slow").exists():
            await asyncio.Event().wait()
        if (self.folder / "stuck").exists():
            threading.Event().wait()
        self.note("opened")
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.note("shut")

    def note(self, line: str) -> None:
        with (self.folder / "journal").open("a") as file:
            file.write(f"{line}\n")


class Handlers:
    """Sync and async handlers, quick and slow ones, and some that fail."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def greet(self, request: ModelGreetInput) -> ModelGreetOutput:
        self.journal.note(f"greet {request.name} {request.number}")
        key = current_command().idempotency_key
        return ModelGreetOutput(greeting=f"hello {request.name} {request.number}", idempotency_key=key)

    async def wait(self, request: ModelGreetInput) -> ModelGreetOutput:
        self.journal.note(f"waiting {request.name}")
        while not (self.journal.folder / "go").exists():  # noqa: ASYNC110 - a test tells through the folder
            await asyncio.sleep(STEP_SECONDS)
        return self.greet(request)

    async def hurry(self, _request: ModelNothing) -> ModelNothing:
        await asyncio.Event().wait()
        return ModelNothing()

    def shout(self, request: ModelGreetInput) -> ModelGreetOutput:
        """Answer more than a record may hold."""
        key = current_command().idempotency_key
        return ModelGreetOutput(greeting=request.name * 2_000_000, idempotency_key=key)

    async def misbehave(self, request: ModelGreetInput) -> ModelGreetOutput:
        """Do what no handler should, and must cost nobody but who asked for it."""
        if request.name == "exit":
            sys.exit(0)
        if request.name == "cancel":
            raise asyncio.CancelledError
        if request.name == "raise":
            raise OSError("cannot read \udcff")
        return ModelGreetOutput(greeting="\udcff", idempotency_key=current_command().idempotency_key)

    def hang(self, _request: ModelNothing) -> ModelNothing:
        """Hold a thread for ever."""
        self.journal.note("hanging")
        threading.Event().wait()
        return ModelNothing()

    async def block(self, _request: ModelNothing) -> ModelNothing:
        """Hold the event loop for ever."""
        self.journal.note("blocking")
        return self.hang(_request)

    def linger(self, _request: ModelNothing) -> ModelNothing:
        """Leave a thread behind for which the interpreter waits."""
        threading.Thread(target=threading.Event().wait).start()
        return ModelNothing()

    async def cling(self, _request: ModelNothing) -> ModelNothing:
        """Hear of no cancellation."""
        self.journal.note("clinging")
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    def break_down(self, _request: ModelNothing) -> ModelNothing:
        raise ConnectionError("the other side is away")

    def unwritten(self, _request: ModelNothing) -> ModelNothing:
        raise HandlerNotImplementedError(operation="unwritten", file=__file__)


class NodeGreeterEffect:
    """Greets."""

    def __init__(self) -> None:
        self.resources = Journal()
        do = Handlers(self.resources)
        nothing = ModelNothing
        self.definition = NodeDefinition(
            identity=NodeIdentity(name="greeter", domain="demo", archetype="effect", version=(1, 2, 3)),
            operations=(
                Operation(
                    name="greet",
                    input_model=ModelGreetInput,
                    output_model=ModelGreetOutput,
                    handler=do.greet,
                    key="name",
                ),
                Operation(
                    name="wait", input_model=ModelGreetInput, output_model=ModelGreetOutput, handler=do.wait
                ),
                Operation(
                    name="shout", input_model=ModelGreetInput, output_model=ModelGreetOutput, handler=do.shout
                ),
                Operation(
                    name="misbehave",
                    input_model=ModelGreetInput,
                    output_model=ModelGreetOutput,
                    handler=do.misbehave,
                ),
                Operation(name="hang", input_model=nothing, output_model=nothing, handler=do.hang),
                Operation(name="block", input_model=nothing, output_model=nothing, handler=do.block),
                Operation(name="linger", input_model=nothing, output_model=nothing, handler=do.linger),
                Operation(name="cling", input_model=nothing, output_model=nothing, handler=do.cling),
                Operation(
                    name="hurry",
                    input_model=nothing,
                    output_model=nothing,
                    handler=do.hurry,
                    timeout_seconds=0.1,
                ),
                Operation(
                    name="break_down", input_model=nothing, output_model=nothing, handler=do.break_down
                ),
                Operation(name="unwritten", input_model=nothing, output_model=nothing, handler=do.unwritten),
            ),
            resources=self.resources,
        )
        self.event_publisher: EventPublisher | None = None
        self._bootstrap_servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "omninode-bridge-redpanda:9092")
        self._service_name = "greeter"
        self._instance_id = default_instance_id()
        self._node_id = make_node_id(self.definition.identity, self._instance_id)
        self.is_running = False
        self._shutdown_event = asyncio.Event()
        self._service: NodeService | None = None

    async def process(self, operation: str, payload: Mapping[str, object] | BaseModel) -> BaseModel:
        return await self.definition.run(operation, payload)

    async def initialize(self) -> None:
        if self.is_running:
            return
        if EVENT_BUS_AVAILABLE and not event_bus_skipped():
            self.event_publisher = EventPublisher(
                bootstrap_servers=self._bootstrap_servers, source=self._service_name
            )
        self._service = NodeService(
            definition=self.definition,
            node_id=self._node_id,
            instance_id=self._instance_id,
            publisher=self.event_publisher,
            client_installed=EVENT_BUS_AVAILABLE,
            announce=self._publish_introspection_event,
        )
        await self._service.start()
        self.is_running = True

    async def shutdown(self) -> None:
        self._shutdown_event.set()
        if self._service is not None:
            await self._service.stop()
        self._service = None
        self.is_running = False

    async def _publish_introspection_event(
        self, reason: str = "startup", correlation_id: UUID | None = None
    ) -> None:
        if not EVENT_BUS_AVAILABLE or self.event_publisher is None or self._service is None:
            return
        await self.event_publisher.publish(
            self._service.introspection(
                reason=reason, capabilities=self._get_node_capabilities(), correlation_id=correlation_id
            )
        )

    def _get_node_capabilities(self) -> list[str]:
        return ["demo.greeter.greet", "demo.greeter.wait"]
