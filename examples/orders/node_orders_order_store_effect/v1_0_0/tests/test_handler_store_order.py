"""What the handler of `store_order` does. This file is yours: it is never written again."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from ..handlers.handler_store_order import HandlerStoreOrder
from ..models.model_store_order_input import ModelStoreOrderInput
from ..models.model_store_order_output import ModelStoreOrderOutput
from ..resources import Resources


async def store(*totals: str) -> list[ModelStoreOrderOutput]:
    """Store the same order with each of these totals in turn."""
    async with Resources() as resources:
        handler = HandlerStoreOrder(resources)
        return [
            handler.handle(
                ModelStoreOrderInput(
                    order_id="o-1", customer_id="ada", total=Decimal(total)
                )
            )
            for total in totals
        ]


def test_an_order_that_is_there_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLITE_PATH", str(tmp_path / "orders.sqlite3"))

    first, second = asyncio.run(store("7.00", "9.00"))

    assert (first.created, second.created) == (True, False)
    assert second.total == Decimal("7.00")
