"""What the handler of `store_order` does. This file is yours: it is never written again."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from nodesmith.runtime import Command, command_at_hand

from ..handlers.handler_store_order import HandlerStoreOrder
from ..models.model_store_order_input import ModelStoreOrderInput
from ..models.model_store_order_output import ModelStoreOrderOutput
from ..resources import Resources


@pytest.fixture(autouse=True)
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep orders in a file of the test's own."""
    monkeypatch.setenv("SQLITE_PATH", str(tmp_path / "orders.sqlite3"))


def command() -> Command:
    """Return a new command to store an order."""
    return Command(operation="store_order", event_type="orders.order-store.store-order")


async def store(*orders: tuple[Command, str]) -> list[ModelStoreOrderOutput]:
    """Store the same order with each of these totals in turn."""
    outputs = []
    async with Resources() as resources:
        handler = HandlerStoreOrder(resources)
        for asked, total in orders:
            request = ModelStoreOrderInput(
                order_id="o-1", customer_id="ada", total=Decimal(total)
            )
            with command_at_hand(asked):
                outputs.append(handler.handle(request))
    return outputs


def test_an_order_that_is_there_stays_as_it_is() -> None:
    first, second = asyncio.run(store((command(), "7.00"), (command(), "9.00")))

    assert (first.created, second.created) == (True, False)
    assert second.total == Decimal("7.00")


def test_a_command_that_comes_again_has_the_answer_it_had() -> None:
    asked = command()

    first, again = asyncio.run(store((asked, "7.00"), (asked, "7.00")))

    assert first.created
    assert again == first
