"""What the handler of `delete_order` does. This file is yours: it is never written again."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from ..handlers.handler_delete_order import HandlerDeleteOrder
from ..handlers.handler_store_order import HandlerStoreOrder
from ..models.model_delete_order_input import ModelDeleteOrderInput
from ..models.model_store_order_input import ModelStoreOrderInput
from ..resources import Resources


async def store_and_delete_twice() -> list[bool]:
    """Return what each of the two deletions says."""
    order = ModelStoreOrderInput(
        order_id="o-1", customer_id="ada", total=Decimal("7.00")
    )
    async with Resources() as resources:
        HandlerStoreOrder(resources).handle(order)
        delete = HandlerDeleteOrder(resources)
        request = ModelDeleteOrderInput(order_id=order.order_id)
        return [delete.handle(request).deleted for _ in range(2)]


def test_an_order_is_deleted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLITE_PATH", str(tmp_path / "orders.sqlite3"))

    assert asyncio.run(store_and_delete_twice()) == [True, False]
