"""What the handler of `order_stored` does. This file is yours: it is never written again."""

from decimal import Decimal

from ..handlers.handler_order_stored import HandlerOrderStored
from ..models.model_order_stored_event import ModelOrderStoredEvent
from ..models.model_order_totals_state import ModelOrderTotalsState

STATE = ModelOrderTotalsState(customer_id="ada", orders=2, total=Decimal(400))


def event(total: int, *, created: bool = True) -> ModelOrderStoredEvent:
    return ModelOrderStoredEvent(
        customer_id="ada", total=Decimal(total), created=created
    )


def test_a_new_order_is_counted() -> None:
    after, intents = HandlerOrderStored().handle(STATE, event(50))

    assert (after.orders, after.total, intents) == (3, Decimal(450), [])


def test_an_order_that_was_there_already_changes_nothing() -> None:
    assert HandlerOrderStored().handle(STATE, event(50, created=False)) == (STATE, [])


def test_the_order_that_reaches_500_asks_for_a_reward_once() -> None:
    after, intents = HandlerOrderStored().handle(STATE, event(100))
    _, more_intents = HandlerOrderStored().handle(after, event(100))

    assert [intent.total for intent in intents] == [Decimal(500)]
    assert more_intents == []
