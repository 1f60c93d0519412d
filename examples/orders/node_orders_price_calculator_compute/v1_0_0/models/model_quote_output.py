"""What `quote` answers."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class ModelQuoteOutput(BaseModel):
    """What `quote` answers."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    subtotal: Decimal
    discount: Decimal
    total: Decimal
