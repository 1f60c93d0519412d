"""What the node asks of its handlers: one that does not fit its operation is a type error in `node.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .models.model_order_stored_event import ModelOrderStoredEvent
    from .models.model_order_totals_state import ModelOrderTotalsState
    from .models.model_reward_customer_intent import ModelRewardCustomerIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInterface:
    """How each operation is done, under its name; a pure function of state and event."""

    order_stored: Callable[
        [ModelOrderTotalsState, ModelOrderStoredEvent],
        tuple[ModelOrderTotalsState, Sequence[ModelRewardCustomerIntent]],
    ]
