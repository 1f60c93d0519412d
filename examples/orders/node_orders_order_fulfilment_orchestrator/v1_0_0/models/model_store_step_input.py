"""What the step `store` sends to `order_store.store_order`."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class ModelStoreStepInput(BaseModel):
    """What the step `store` sends to `order_store.store_order`."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    order_id: str = Field(min_length=1)
    customer_id: str = Field(min_length=1)
    total: Decimal = Field(ge=Decimal(0))
