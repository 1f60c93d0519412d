"""A reducer that counts events by key: checked, counted, remembered, sent, acknowledged, committed."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from pydantic import BaseModel

from nodesmith.runtime import (
    NodeDefinition,
    NodeIdentity,
    NodeService,
    Reducer,
    default_instance_id,
    make_node_id,
    run_node,
)
from nodesmith.runtime.bus import EventPublisher

if TYPE_CHECKING:
    from uuid import UUID


class Text(BaseModel):
    """What comes."""

    key: str
    text: str


class Count(BaseModel):
    """What is kept of a key, and leaves."""

    key: str
    events: int = 0
    letters: int = 0


def count(before: Count, event: Text) -> tuple[Count, list[BaseModel]]:
    """Count one more."""
    return Count(key=before.key, events=before.events + 1, letters=before.letters + len(event.text)), []


class Echo:
    """The shape of a generated reducer, in one file."""

    def __init__(self) -> None:
        self.reducer = Reducer(name="echo", domain=os.environ["BENCH_DOMAIN"], state_model=Count, key="key")
        self.definition = NodeDefinition(
            identity=NodeIdentity(name="echo", domain=os.environ["BENCH_DOMAIN"], archetype="reducer"),
            operations=(self.reducer.event(name="count", event_model=Text, handler=count),),
            resources=self.reducer,
        )
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


if __name__ == "__main__":
    sys.exit(run_node(Echo, sys.argv[1:]))
