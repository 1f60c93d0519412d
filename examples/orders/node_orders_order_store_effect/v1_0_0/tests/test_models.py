"""The models: what fits them and what does not."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from ..models.model_delete_order_input import ModelDeleteOrderInput
from ..models.model_delete_order_output import ModelDeleteOrderOutput
from ..models.model_store_order_input import ModelStoreOrderInput
from ..models.model_store_order_output import ModelStoreOrderOutput

EXAMPLES: list[tuple[type[BaseModel], dict[str, object]]] = [
    (ModelStoreOrderInput, {"order_id": "text", "customer_id": "text", "total": "1.5"}),
    (
        ModelStoreOrderOutput,
        {"order_id": "text", "customer_id": "text", "total": "1.5", "created": True},
    ),
    (ModelDeleteOrderInput, {"order_id": "text"}),
    (ModelDeleteOrderOutput, {"deleted": True}),
]
STRICT = [pair for pair in EXAMPLES if pair[0].model_config.get("extra") == "forbid"]


@pytest.mark.parametrize(("model", "example"), EXAMPLES)
def test_an_example_fits_and_survives_the_wire(
    model: type[BaseModel], example: dict[str, object]
) -> None:
    read = model.model_validate_json(json.dumps(example))

    assert model.model_validate_json(read.model_dump_json()) == read


@pytest.mark.parametrize(("model", "example"), STRICT)
def test_an_unknown_key_is_refused(
    model: type[BaseModel], example: dict[str, object]
) -> None:
    with pytest.raises(ValidationError, match="no such field"):
        model.model_validate_json(json.dumps({**example, "no such field": 1}))
