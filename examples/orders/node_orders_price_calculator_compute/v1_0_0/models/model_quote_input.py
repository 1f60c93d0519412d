"""What `quote` is given."""

from pydantic import BaseModel, ConfigDict, Field

from .model_line import ModelLine


class ModelQuoteInput(BaseModel):
    """What `quote` is given."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    lines: list[ModelLine] = Field(min_length=1)
