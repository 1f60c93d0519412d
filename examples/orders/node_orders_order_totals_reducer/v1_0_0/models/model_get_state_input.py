"""Whose state `get_state` asks for."""

from pydantic import BaseModel, ConfigDict


class ModelGetStateInput(BaseModel):
    """Whose state `get_state` asks for."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    customer_id: str
