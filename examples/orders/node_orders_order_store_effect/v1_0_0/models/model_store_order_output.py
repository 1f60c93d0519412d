"""What `store_order` answers."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class ModelStoreOrderOutput(BaseModel):
    """What `store_order` answers."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    order_id: str
    customer_id: str
    total: Decimal
    created: bool
