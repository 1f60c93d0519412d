"""What `fulfil_order` answers."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class ModelFulfilOrderOutput(BaseModel):
    """What `fulfil_order` answers."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    order_id: str
    discount: Decimal
    total: Decimal
    created: bool
