"""The node that the page's tests send commands to: its form has a bit of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.written_nodes import WrittenNode, write_node
from registry.nodes import DOMAIN, shown_node

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from support.nodes import RunningNode

SHOP = "page_shop"
SHOP_NAME = f"{DOMAIN}/{SHOP}"

# The model that its operations take and give stands in place of the plain number of other written nodes.
BODY = '''
def handlers(self):
    return {"order": self.order, "refuse": self.refuse}

async def order(self, request: Number) -> Number:
    """Add up what an order comes to."""
    total = sum(line.quantity * line.unit_price for line in request.lines)
    return request.model_copy(update={"total": total})

async def refuse(self, request: Number) -> Number:
    raise OperationError(f"{request.customer} has no credit")


from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field


class Line(BaseModel):
    sku: Annotated[str, Field(min_length=1)]
    quantity: Annotated[int, Field(ge=1, le=99)]
    unit_price: Decimal


class Number(BaseModel):
    customer: Annotated[str, Field(min_length=2, description="Who pays.")]
    priority: Literal["low", "normal", "high"] = "normal"
    gift: bool
    lines: list[Line] = []
    due: datetime | None = None
    total: Decimal | None = None
'''


def shop_node(servers: str, folder: Path) -> AbstractContextManager[RunningNode]:
    """Run the shop."""
    write_node(folder, WrittenNode(name=SHOP, body=BODY, domain=DOMAIN))
    return shown_node(SHOP, servers, folder)
