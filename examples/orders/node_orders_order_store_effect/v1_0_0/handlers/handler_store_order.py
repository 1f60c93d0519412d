"""How `store_order` is done. This file is yours: it is never written again."""

from decimal import Decimal

from nodesmith.runtime.sql_answers import record_output, recorded_output

from ..models.model_store_order_input import ModelStoreOrderInput
from ..models.model_store_order_output import ModelStoreOrderOutput
from ..resources import Resources


class HandlerStoreOrder:
    """Store one order; an order that is there already stays as it is."""

    def __init__(self, resources: Resources) -> None:
        """Keep the node's resources; they are open while the node runs."""
        self._resources = resources

    def handle(self, request: ModelStoreOrderInput) -> ModelStoreOrderOutput:
        """Insert the order where there is none with its id, and return what is stored.

        The order and the record that this command is done are written in one
        transaction: a crash right after it repeats neither.
        """
        with self._resources.transaction() as database:
            if done := recorded_output(database, ModelStoreOrderOutput):
                return done
            inserted = database.execute(
                "INSERT INTO orders VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (request.order_id, request.customer_id, str(request.total)),
            )
            customer_id, total = database.execute(
                "SELECT customer_id, total FROM orders WHERE order_id = ?",
                (request.order_id,),
            ).fetchone()
            output = ModelStoreOrderOutput(
                order_id=request.order_id,
                customer_id=customer_id,
                total=Decimal(total),
                created=inserted.rowcount == 1,
            )
            record_output(database, output)
        return output
