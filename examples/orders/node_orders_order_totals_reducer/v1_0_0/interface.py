"""What the node asks of its handlers: one that does not fit its operation is a type error in `node.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .models.model_order_stored_event import ModelOrderStoredEvent
    from .models.model_order_totals_state import ModelOrderTotalsState
    from .models.model_reward_customer_intent import ModelRewardCustomerIntent


class HandlesOrderStored(Protocol):
    """An order was stored."""

    def handle(
        self, state: ModelOrderTotalsState, event: ModelOrderStoredEvent, /
    ) -> tuple[ModelOrderTotalsState, Sequence[ModelRewardCustomerIntent]]:
        """Return the state after `event`, and what is wanted done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """The node's handlers, each under its operation's name."""

    order_stored: HandlesOrderStored
