"""A node that publishes in its handler and answers with what became of that."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from pydantic import BaseModel

from nodesmith.errors import PublishError
from nodesmith.runtime import (
    NodeDefinition,
    NodeIdentity,
    NodeService,
    Operation,
    OutgoingRecord,
    default_instance_id,
    make_node_id,
    run_node,
)
from nodesmith.runtime.bus import EventPublisher
from nodesmith.runtime.envelope import make_envelope

if TYPE_CHECKING:
    from uuid import UUID


class ModelTellInput(BaseModel):
    size: int


class ModelTellOutput(BaseModel):
    error: str


class NodeStoringEffect:
    """Tells the topic `onex.evt.demo.told.v1` as many bytes as it is asked to."""

    def __init__(self) -> None:
        tell = Operation(
            name="tell", input_model=ModelTellInput, output_model=ModelTellOutput, handler=self.tell
        )
        identity = NodeIdentity(name="storing", domain="demo", archetype="effect")
        self.definition = NodeDefinition(identity=identity, operations=(tell,))
        self._instance_id = default_instance_id()
        self._shutdown_event = asyncio.Event()
        self._service: NodeService | None = None
        self._publisher: EventPublisher | None = None

    async def tell(self, request: ModelTellInput) -> ModelTellOutput:
        assert self._publisher is not None
        envelope = make_envelope({"text": "x" * request.size}, event_type="demo.told", source="storing")
        try:
            await self._publisher.publish(OutgoingRecord(topic="onex.evt.demo.told.v1", envelope=envelope))
        except PublishError as error:
            return ModelTellOutput(error=error.message)
        return ModelTellOutput(error="")

    async def initialize(self) -> None:
        servers = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
        self._publisher = EventPublisher(bootstrap_servers=servers, source="storing")
        self._service = NodeService(
            definition=self.definition,
            node_id=make_node_id(self.definition.identity, self._instance_id),
            instance_id=self._instance_id,
            publisher=self._publisher,
            client_installed=True,
            announce=self.announce,
        )
        await self._service.start()

    async def shutdown(self) -> None:
        if self._service is not None:
            await self._service.stop()

    async def announce(self, reason: str = "startup", correlation_id: UUID | None = None) -> None:
        assert self._publisher is not None
        assert self._service is not None
        await self._publisher.publish(
            self._service.introspection(reason=reason, capabilities=[], correlation_id=correlation_id)
        )


if __name__ == "__main__":
    raise SystemExit(run_node(NodeStoringEffect))
