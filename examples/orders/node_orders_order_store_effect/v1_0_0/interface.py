"""What the node asks of its handlers: one that does not fit its operation is a type error in `node.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .models.model_delete_order_input import ModelDeleteOrderInput
    from .models.model_delete_order_output import ModelDeleteOrderOutput
    from .models.model_store_order_input import ModelStoreOrderInput
    from .models.model_store_order_output import ModelStoreOrderOutput


class HandlesStoreOrder(Protocol):
    """Store one order; an order that is there already stays as it is."""

    def handle(
        self, request: ModelStoreOrderInput, /
    ) -> ModelStoreOrderOutput | Awaitable[ModelStoreOrderOutput]:
        """Do what `request` asks for and return what came of it."""
        ...


class HandlesDeleteOrder(Protocol):
    """Remove one order, if it is there."""

    def handle(
        self, request: ModelDeleteOrderInput, /
    ) -> ModelDeleteOrderOutput | Awaitable[ModelDeleteOrderOutput]:
        """Do what `request` asks for and return what came of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """The node's handlers, each under its operation's name."""

    store_order: HandlesStoreOrder
    delete_order: HandlesDeleteOrder
