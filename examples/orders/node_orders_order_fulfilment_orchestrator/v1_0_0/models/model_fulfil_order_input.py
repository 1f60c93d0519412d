"""What `fulfil_order` is given."""

from pydantic import BaseModel, ConfigDict, Field

from .model_line import ModelLine


class ModelFulfilOrderInput(BaseModel):
    """What `fulfil_order` is given."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    order_id: str = Field(min_length=1)
    customer_id: str = Field(min_length=1)
    lines: list[ModelLine] = Field(min_length=1)
