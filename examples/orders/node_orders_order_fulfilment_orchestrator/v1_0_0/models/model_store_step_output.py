"""What the step `store` reads of the answer of `order_store.store_order`."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class ModelStoreStepOutput(BaseModel):
    """What the step `store` reads of the answer of `order_store.store_order`."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
    )

    order_id: str
    total: Decimal
    created: bool
