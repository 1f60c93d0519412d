"""How `order_stored` changes the state. This file is yours: it is never written again."""

from decimal import Decimal

from ..models.model_order_stored_event import ModelOrderStoredEvent
from ..models.model_order_totals_state import ModelOrderTotalsState
from ..models.model_reward_customer_intent import ModelRewardCustomerIntent

REWARD_FROM = Decimal(500)


class HandlerOrderStored:
    """An order was stored."""

    def handle(
        self, state: ModelOrderTotalsState, event: ModelOrderStoredEvent
    ) -> tuple[ModelOrderTotalsState, list[ModelRewardCustomerIntent]]:
        """Count an order that is new; ask for a reward once, when the customer's total reaches 500."""
        if not event.created:
            return state, []
        after = ModelOrderTotalsState(
            customer_id=state.customer_id,
            orders=state.orders + 1,
            total=state.total + event.total,
        )
        if not state.total < REWARD_FROM <= after.total:
            return after, []
        reward = ModelRewardCustomerIntent(
            customer_id=after.customer_id, total=after.total
        )
        return after, [reward]
