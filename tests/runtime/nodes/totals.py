"""A small reducer node, written by hand in the form that generated nodes have."""

from __future__ import annotations

import asyncio
import os
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from nodesmith.runtime import (
    NodeDefinition,
    NodeIdentity,
    NodeService,
    Reducer,
    StateMachine,
    Subscription,
    default_instance_id,
    make_node_id,
)
from nodesmith.runtime.bus import EventPublisher

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

SOURCE_TOPIC = "onex.evt.orders.order-store-completed.v1"
SOURCE_EVENT = "orders.order-store.store-order.completed"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EnumStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class ModelTotalsState(_Model):
    customer_id: str
    orders: int = 0
    total: Decimal = Decimal(0)
    status: EnumStatus = EnumStatus.OPEN


class ModelOrderStoredEvent(_Model):
    customer_id: str
    total: Decimal


class ModelCustomerKey(_Model):
    customer_id: str


class ModelNotifyVipIntent(_Model):
    customer_id: str
    total: Decimal


class HandlerOrderStored:
    def handle(
        self, state: ModelTotalsState, event: ModelOrderStoredEvent
    ) -> tuple[ModelTotalsState, list[ModelNotifyVipIntent]]:
        total = state.total + event.total
        after = state.model_copy(update={"orders": state.orders + 1, "total": total})
        intent = ModelNotifyVipIntent(customer_id=state.customer_id, total=total)
        return after, [intent] if total >= Decimal(100) else []


class HandlerCustomerLeft:
    def handle(
        self, state: ModelTotalsState, _event: ModelCustomerKey
    ) -> tuple[ModelTotalsState, list[ModelNotifyVipIntent]]:
        return state, []


class NodeTotalsReducer:
    """Keeps totals per customer."""

    def __init__(self) -> None:
        self.reducer = Reducer(
            name="totals",
            domain="orders",
            state_model=ModelTotalsState,
            key="customer_id",
            machine=StateMachine(
                field="status",
                transitions={("order_stored", "open"): "open", ("customer_left", "open"): "closed"},
            ),
            intents={"notify_vip": ModelNotifyVipIntent},
        )
        self.definition = NodeDefinition(
            identity=NodeIdentity(name="totals", domain="orders", archetype="reducer"),
            operations=(
                self.reducer.event(
                    name="order_stored",
                    description="One more order.",
                    event_model=ModelOrderStoredEvent,
                    handler=HandlerOrderStored().handle,
                ),
                self.reducer.event(
                    name="customer_left", event_model=ModelCustomerKey, handler=HandlerCustomerLeft().handle
                ),
                self.reducer.query(input_model=ModelCustomerKey),
            ),
            subscriptions=(
                Subscription(topic=SOURCE_TOPIC, event_type=SOURCE_EVENT, operation="order_stored"),
            ),
            resources=self.reducer,
        )
        self.event_publisher: EventPublisher | None = None
        self._bootstrap_servers = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
        self._instance_id = default_instance_id()
        self._node_id = make_node_id(self.definition.identity, self._instance_id)
        self._shutdown_event = asyncio.Event()
        self._service: NodeService | None = None

    async def process(self, operation: str, payload: Mapping[str, object] | BaseModel) -> BaseModel:
        return await self.definition.run(operation, payload)

    async def initialize(self) -> None:
        self.event_publisher = EventPublisher(bootstrap_servers=self._bootstrap_servers, source="totals")
        self._service = NodeService(
            definition=self.definition,
            node_id=self._node_id,
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
            self._service.introspection(
                reason=reason, capabilities=["orders.totals.order-stored"], correlation_id=correlation_id
            )
        )
