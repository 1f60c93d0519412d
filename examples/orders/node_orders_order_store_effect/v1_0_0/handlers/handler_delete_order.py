"""How `delete_order` is done. This file is yours: it is never written again."""

from ..models.model_delete_order_input import ModelDeleteOrderInput
from ..models.model_delete_order_output import ModelDeleteOrderOutput
from ..resources import Resources


class HandlerDeleteOrder:
    """Remove one order, if it is there."""

    def __init__(self, resources: Resources) -> None:
        """Keep the node's resources; they are open while the node runs."""
        self._resources = resources

    def handle(self, request: ModelDeleteOrderInput) -> ModelDeleteOrderOutput:
        """Delete the order, and say whether there was one."""
        with self._resources.transaction() as database:
            gone = database.execute(
                "DELETE FROM orders WHERE order_id = ?", (request.order_id,)
            )
        return ModelDeleteOrderOutput(deleted=gone.rowcount == 1)
