"""What `store_order` is given."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class ModelStoreOrderInput(BaseModel):
    """What `store_order` is given."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    order_id: str = Field(min_length=1)
    customer_id: str = Field(min_length=1)
    total: Decimal = Field(ge=Decimal(0))
