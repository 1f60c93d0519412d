"""What the step `quote` reads of the answer of `price_calculator.quote`."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class ModelQuoteStepOutput(BaseModel):
    """What the step `quote` reads of the answer of `price_calculator.quote`."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
    )

    discount: Decimal
    total: Decimal
