"""A customer has spent enough to be thanked."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class ModelRewardCustomerIntent(BaseModel):
    """A customer has spent enough to be thanked."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    customer_id: str
    total: Decimal
