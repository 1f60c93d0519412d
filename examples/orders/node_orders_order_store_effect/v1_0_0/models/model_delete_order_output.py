"""What `delete_order` answers."""

from pydantic import BaseModel, ConfigDict


class ModelDeleteOrderOutput(BaseModel):
    """What `delete_order` answers."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    deleted: bool
