"""How `fulfil_order` is run. This file is yours: it is never written again."""

from nodesmith.orchestration import StepCaller, run_workflow

from ..models.model_fulfil_order_input import ModelFulfilOrderInput
from ..models.model_fulfil_order_output import ModelFulfilOrderOutput
from ..workflow import WORKFLOW


class HandlerFulfilOrder:
    """Quote an order, then store it."""

    def __init__(self, steps: StepCaller) -> None:
        """Keep the client that sends the steps' commands to other nodes."""
        self._steps = steps

    async def handle(self, request: ModelFulfilOrderInput) -> ModelFulfilOrderOutput:
        """Run the workflow and return its result; a run does not outlive its process."""
        return await run_workflow(
            WORKFLOW, request, steps=self._steps, output_model=ModelFulfilOrderOutput
        )
