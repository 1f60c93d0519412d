"""What the node asks of its handlers: one that does not fit its operation is a type error in `node.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .models.model_fulfil_order_input import ModelFulfilOrderInput
    from .models.model_fulfil_order_output import ModelFulfilOrderOutput


class HandlesFulfilOrder(Protocol):
    """Quote an order, then store it."""

    def handle(
        self, request: ModelFulfilOrderInput, /
    ) -> ModelFulfilOrderOutput | Awaitable[ModelFulfilOrderOutput]:
        """Do what `request` asks for and return what came of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """The node's handlers, each under its operation's name."""

    fulfil_order: HandlesFulfilOrder
