"""One `line` record."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class ModelLine(BaseModel):
    """One `line` record."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    sku: str = Field(min_length=1)
    quantity: int = Field(ge=1)
    unit_price: Decimal = Field(ge=Decimal(0))
