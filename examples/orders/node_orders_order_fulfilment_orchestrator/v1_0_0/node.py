"""Takes an order from its lines to the store."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING
from uuid import UUID

from nodesmith.orchestration import StepCaller
from nodesmith.runtime import (
    NodeDefinition,
    NodeIdentity,
    NodeService,
    Operation,
    default_instance_id,
    event_bus_skipped,
    make_node_id,
)

from .handlers.handler_fulfil_order import HandlerFulfilOrder
from .interface import NodeInterface
from .models.model_fulfil_order_input import ModelFulfilOrderInput
from .models.model_fulfil_order_output import ModelFulfilOrderOutput
from .workflow import WORKFLOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

# Event bus: without the Kafka client this node still works, only off the bus.
try:
    from nodesmith.runtime.bus import EventPublisher
except ImportError:
    EVENT_BUS_AVAILABLE = False
else:
    EVENT_BUS_AVAILABLE = True


class NodeOrderFulfilmentOrchestrator:
    """Takes an order from its lines to the store."""

    def __init__(self) -> None:
        """Put the node together; its steps work once it is on an event bus."""
        self.steps = StepCaller(source="order_fulfilment", workflows=(WORKFLOW,))
        interface = NodeInterface(
            fulfil_order=HandlerFulfilOrder(self.steps).handle,
        )
        self.definition = NodeDefinition(
            identity=NodeIdentity(
                name="order_fulfilment",
                domain="orders",
                archetype="orchestrator",
                version=(1, 0, 0),
                description="Takes an order from its lines to the store.",
            ),
            operations=(
                Operation(
                    name="fulfil_order",
                    description="Quote an order, then store it.",
                    input_model=ModelFulfilOrderInput,
                    output_model=ModelFulfilOrderOutput,
                    handler=interface.fulfil_order,
                    key="customer_id",
                ),
            ),
            bus_clients=(self.steps,),
        )
        self.event_publisher: EventPublisher | None = None
        self._bootstrap_servers = os.environ.get(  # node-purity-ok: set at deployment
            "KAFKA_BOOTSTRAP_SERVERS", "omninode-bridge-redpanda:9092"
        )
        self._service_name = "order_fulfilment"
        self._instance_id = default_instance_id()
        self._node_id = make_node_id(self.definition.identity, self._instance_id)
        self.is_running = False
        self._shutdown_event = asyncio.Event()
        self._service: NodeService | None = None

    async def process(
        self, operation: str, payload: Mapping[str, object] | BaseModel
    ) -> BaseModel:
        """Run one operation on `payload` and return its output, on a bus or off it."""
        return await self.definition.run(operation, payload)

    async def initialize(self) -> None:
        """Open the resources, serve health and join the event bus where there is one.

        What was opened is closed again where a later step fails.
        """
        if self._service is not None:
            return
        try:
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
        except BaseException:
            await self.shutdown()
            raise
        self.is_running = True

    async def shutdown(self) -> None:
        """Take no new work, finish what runs, say goodbye and close; again is fine."""
        self._shutdown_event.set()
        try:
            if self._service is not None:
                await self._service.stop()
        finally:
            self._service = None
            self.event_publisher = None
            self.is_running = False

    async def _publish_introspection_event(
        self, reason: str = "startup", correlation_id: UUID | None = None
    ) -> None:
        """Tell discovery who this node is, where it is served and what it can do."""
        publisher, service = self.event_publisher, self._service
        if not EVENT_BUS_AVAILABLE or publisher is None or service is None:
            return
        await publisher.publish(
            service.introspection(
                reason=reason,
                capabilities=self._get_node_capabilities(),
                correlation_id=correlation_id,
            )
        )

    def _get_node_capabilities(self) -> list[str]:
        """Return the names of what this node can do for others."""
        return list(self.definition.capabilities)
