"""The models: what fits them and what does not."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from ..models.model_fulfil_order_input import ModelFulfilOrderInput
from ..models.model_fulfil_order_output import ModelFulfilOrderOutput
from ..models.model_line import ModelLine
from ..models.model_quote_step_input import ModelQuoteStepInput
from ..models.model_quote_step_output import ModelQuoteStepOutput
from ..models.model_store_step_input import ModelStoreStepInput
from ..models.model_store_step_output import ModelStoreStepOutput
from ..models.model_store_undo_input import ModelStoreUndoInput

EXAMPLES: list[tuple[type[BaseModel], dict[str, object]]] = [
    (
        ModelFulfilOrderInput,
        {
            "order_id": "text",
            "customer_id": "text",
            "lines": [{"sku": "text", "quantity": 1, "unit_price": "1.5"}],
        },
    ),
    (ModelLine, {"sku": "text", "quantity": 1, "unit_price": "1.5"}),
    (
        ModelFulfilOrderOutput,
        {"order_id": "text", "discount": "1.5", "total": "1.5", "created": True},
    ),
    (
        ModelQuoteStepInput,
        {"lines": [{"sku": "text", "quantity": 1, "unit_price": "1.5"}]},
    ),
    (ModelQuoteStepOutput, {"discount": "1.5", "total": "1.5"}),
    (ModelStoreStepInput, {"order_id": "text", "customer_id": "text", "total": "1.5"}),
    (ModelStoreStepOutput, {"order_id": "text", "total": "1.5", "created": True}),
    (ModelStoreUndoInput, {"order_id": "text"}),
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
