"""What `delete_order` is given."""

from pydantic import BaseModel, ConfigDict


class ModelDeleteOrderInput(BaseModel):
    """What `delete_order` is given."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
    )

    order_id: str
