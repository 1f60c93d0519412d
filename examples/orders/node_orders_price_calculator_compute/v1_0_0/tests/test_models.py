"""The models: what fits them and what does not."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from ..models.model_line import ModelLine
from ..models.model_quote_input import ModelQuoteInput
from ..models.model_quote_output import ModelQuoteOutput

EXAMPLES: list[tuple[type[BaseModel], dict[str, object]]] = [
    (ModelQuoteInput, {"lines": [{"sku": "text", "quantity": 1, "unit_price": "1.5"}]}),
    (ModelLine, {"sku": "text", "quantity": 1, "unit_price": "1.5"}),
    (ModelQuoteOutput, {"subtotal": "1.5", "discount": "1.5", "total": "1.5"}),
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
