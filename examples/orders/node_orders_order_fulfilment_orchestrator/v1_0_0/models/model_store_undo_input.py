"""What of its request takes the step `store` back."""

from pydantic import BaseModel, ConfigDict


class ModelStoreUndoInput(BaseModel):
    """What of its request takes the step `store` back."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    order_id: str
