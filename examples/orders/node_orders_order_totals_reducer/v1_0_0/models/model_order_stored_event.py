"""An order was stored."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class ModelOrderStoredEvent(BaseModel):
    """An order was stored."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    customer_id: str
    total: Decimal
    created: bool
