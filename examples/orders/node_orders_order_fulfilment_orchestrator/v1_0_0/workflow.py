"""The workflow of `fulfil_order`: its steps, and what each of them is sent.

A run is kept in memory: a process that dies in the middle leaves what was done so far.
"""

from __future__ import annotations

from nodesmith.orchestration import Step, Undo, Workflow, WorkflowRun

from .models.model_fulfil_order_input import ModelFulfilOrderInput
from .models.model_quote_step_input import ModelQuoteStepInput
from .models.model_quote_step_output import ModelQuoteStepOutput
from .models.model_store_step_input import ModelStoreStepInput
from .models.model_store_step_output import ModelStoreStepOutput
from .models.model_store_undo_input import ModelStoreUndoInput


def _quote_request(run: WorkflowRun) -> dict[str, object]:
    request = run.input(ModelFulfilOrderInput)
    return {
        "lines": request.lines,
    }


def _store_request(run: WorkflowRun) -> dict[str, object]:
    request = run.input(ModelFulfilOrderInput)
    quote_answer = run.answer("quote", ModelQuoteStepOutput)
    return {
        "order_id": request.order_id,
        "customer_id": request.customer_id,
        "total": quote_answer.total,
    }


def _result(run: WorkflowRun) -> dict[str, object]:
    store_answer = run.answer("store", ModelStoreStepOutput)
    quote_answer = run.answer("quote", ModelQuoteStepOutput)
    return {
        "order_id": store_answer.order_id,
        "discount": quote_answer.discount,
        "total": store_answer.total,
        "created": store_answer.created,
    }


WORKFLOW = Workflow(
    name="fulfil_order",
    steps=(
        Step(
            name="quote",
            domain="orders",
            node="price_calculator",
            operation="quote",
            request=_quote_request,
            request_model=ModelQuoteStepInput,
            answer_model=ModelQuoteStepOutput,
            timeout_seconds=10.0,
            retries=2,
        ),
        Step(
            name="store",
            domain="orders",
            node="order_store",
            operation="store_order",
            request=_store_request,
            request_model=ModelStoreStepInput,
            answer_model=ModelStoreStepOutput,
            after=("quote",),
            timeout_seconds=10.0,
            retries=0,
            key="customer_id",
            undo=Undo(
                domain="orders",
                node="order_store",
                operation="delete_order",
                request_model=ModelStoreUndoInput,
                timeout_seconds=10.0,
            ),
        ),
    ),
    result=_result,
)
