"""The models: what fits them and what does not."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from ..models.model_get_state_input import ModelGetStateInput
from ..models.model_order_stored_event import ModelOrderStoredEvent
from ..models.model_order_totals_state import ModelOrderTotalsState
from ..models.model_reward_customer_intent import ModelRewardCustomerIntent

EXAMPLES: list[tuple[type[BaseModel], dict[str, object]]] = [
    (ModelOrderTotalsState, {"customer_id": "text", "orders": 1, "total": "1.5"}),
    (ModelOrderStoredEvent, {"customer_id": "text", "total": "1.5", "created": True}),
    (ModelGetStateInput, {"customer_id": "text"}),
    (ModelRewardCustomerIntent, {"customer_id": "text", "total": "1.5"}),
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
