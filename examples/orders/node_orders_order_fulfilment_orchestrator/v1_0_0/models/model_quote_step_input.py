"""What the step `quote` sends to `price_calculator.quote`."""

from pydantic import BaseModel, ConfigDict, Field

from .model_line import ModelLine


class ModelQuoteStepInput(BaseModel):
    """What the step `quote` sends to `price_calculator.quote`."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    lines: list[ModelLine] = Field(min_length=1)
