"""A reducer whose state is the list of all events in the order they counted in, written in the form of generated nodes."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from nodesmith.errors import TemporaryError
from nodesmith.runtime import (
    NodeDefinition,
    NodeIdentity,
    NodeService,
    Reducer,
    StateMachine,
    Subscription,
    current_command,
    default_instance_id,
    make_node_id,
)
from nodesmith.runtime.bus import EventPublisher

if TYPE_CHECKING:
    from uuid import UUID

# Each test has a node, and so topics and a group, of its own.
NAME = os.environ.get("HISTORY_NAME", "history")
SOURCE_TOPIC = f"onex.evt.test.{NAME}-source-completed.v1"
SOURCE_EVENT = "test.source.note.completed"


class ModelHistoryState(BaseModel):
    key: str
    numbers: list[int] = []
    status: str = "open"


class ModelNotedEvent(BaseModel):
    key: str
    number: int


class ModelKey(BaseModel):
    key: str


class ModelSeenIntent(BaseModel):
    key: str
    number: int


class Handlers:
    def noted(
        self, state: ModelHistoryState, event: ModelNotedEvent
    ) -> tuple[ModelHistoryState, list[ModelSeenIntent]]:
        assert current_command().operation == "noted"
        folder = Path(os.environ["HISTORY_FOLDER"])
        if event.number < 0:
            raise ValueError(f"{event.number} is negative")
        if event.number == 13 and not (folder / "lucky").exists():
            raise TemporaryError("13 is not for today")
        while (folder / f"wait {event.key}").exists():
            time.sleep(0.02)
        after = state.model_copy(update={"numbers": [*state.numbers, event.number]})
        return after, [ModelSeenIntent(key=state.key, number=event.number)]

    def closed(
        self, state: ModelHistoryState, _: ModelKey
    ) -> tuple[ModelHistoryState, list[ModelSeenIntent]]:
        return state, []


class NodeHistoryReducer:
    """Keeps the history of each key."""

    def __init__(self) -> None:
        self.reducer = Reducer(
            name=NAME,
            domain="test",
            state_model=ModelHistoryState,
            key="key",
            machine=StateMachine(
                field="status",
                transitions={
                    ("noted", "open"): "open",
                    ("closed", "open"): "closed",
                    ("closed", "closed"): "open",
                },
            ),
            intents={"seen": ModelSeenIntent},
        )
        handlers = Handlers()
        self.definition = NodeDefinition(
            identity=NodeIdentity(name=NAME, domain="test", archetype="reducer"),
            operations=(
                self.reducer.event(name="noted", event_model=ModelNotedEvent, handler=handlers.noted),
                self.reducer.event(name="closed", event_model=ModelKey, handler=handlers.closed),
                self.reducer.query(input_model=ModelKey),
            ),
            subscriptions=(
                Subscription(topic=SOURCE_TOPIC, event_type=SOURCE_EVENT, operation="noted"),
                Subscription(
                    topic=SOURCE_TOPIC, event_type="test.source.close.completed", operation="closed"
                ),
            ),
            resources=self.reducer,
        )
        self.event_publisher: EventPublisher | None = None
        self._instance_id = default_instance_id()
        self._shutdown_event = asyncio.Event()
        self._service: NodeService | None = None

    async def initialize(self) -> None:
        self.event_publisher = EventPublisher(
            bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"], source=NAME
        )
        self._service = NodeService(
            definition=self.definition,
            node_id=make_node_id(self.definition.identity, self._instance_id),
            instance_id=self._instance_id,
            publisher=self.event_publisher,
            client_installed=True,
            announce=self._publish_introspection_event,
        )
        await self._service.start()

    async def shutdown(self) -> None:
        if self._service is not None:
            await self._service.stop()

    async def _publish_introspection_event(
        self, reason: str = "startup", correlation_id: UUID | None = None
    ) -> None:
        assert self.event_publisher is not None
        assert self._service is not None
        await self.event_publisher.publish(
            self._service.introspection(reason=reason, capabilities=[], correlation_id=correlation_id)
        )
