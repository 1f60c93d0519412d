"""What order_totals keeps for each `customer_id`."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class ModelOrderTotalsState(BaseModel):
    """What order_totals keeps for each `customer_id`."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    customer_id: str
    orders: int = 0
    total: Decimal = Decimal(0)
