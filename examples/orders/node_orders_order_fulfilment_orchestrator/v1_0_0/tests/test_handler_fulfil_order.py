"""What the handler of `fulfil_order` does. This file is yours: it is never written again."""

import asyncio

import pytest
from nodesmith.errors import BusUnavailableError
from nodesmith.orchestration import StepCaller

from ..handlers.handler_fulfil_order import HandlerFulfilOrder
from ..models.model_fulfil_order_input import ModelFulfilOrderInput


def test_the_workflow_needs_an_event_bus() -> None:
    handler = HandlerFulfilOrder(StepCaller(source="test"))
    request = ModelFulfilOrderInput.model_construct()

    with pytest.raises(BusUnavailableError):
        asyncio.run(handler.handle(request))
