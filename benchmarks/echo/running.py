"""What a generated node does to run, once for the nodes that are measured."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from nodesmith.runtime import NodeService, default_instance_id, make_node_id
from nodesmith.runtime.bus import EventPublisher

if TYPE_CHECKING:
    from uuid import UUID

    from nodesmith.runtime import NodeDefinition


class MeasuredNode:
    """The shape of a generated node, around a definition."""

    def __init__(self, definition: NodeDefinition) -> None:
        self.definition = definition
        self._instance_id = default_instance_id()
        self._shutdown_event = asyncio.Event()
        self._publisher: EventPublisher | None = None
        self._service: NodeService | None = None

    async def initialize(self) -> None:
        """Start."""
        servers = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
        self._publisher = EventPublisher(bootstrap_servers=servers, source="echo")
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
        """Stop."""
        if self._service is not None:
            await self._service.stop()

    async def announce(self, reason: str = "startup", correlation_id: UUID | None = None) -> None:
        """Say what this node is."""
        assert self._publisher is not None
        assert self._service is not None
        await self._publisher.publish(
            self._service.introspection(reason=reason, capabilities=[], correlation_id=correlation_id)
        )
