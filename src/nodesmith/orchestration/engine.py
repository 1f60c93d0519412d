"""Run a workflow's steps: each as soon as those before it are done, and all taken back when one fails.

The engine keeps everything it knows in a `WorkflowRun` in memory. It is NOT durable yet.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from nodesmith.errors import InvalidPayloadError, WorkflowFailedError, in_words
from nodesmith.orchestration.attempts import UNKNOWN_OUTCOME, CommandPort, command_for, with_retries
from nodesmith.orchestration.events import EventPort, Moment, WorkflowEvent
from nodesmith.orchestration.run import StepState, StepStatus, WorkflowRun
from nodesmith.orchestration.undo import undo_steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodesmith.orchestration.workflow import Step, Workflow

OutputT = TypeVar("OutputT", bound=BaseModel)


class Bus(CommandPort, EventPort, Protocol):
    """What a workflow needs of the bus."""


async def run_to_end(
    workflow: Workflow, run: WorkflowRun, *, bus: Bus, output_model: type[OutputT]
) -> OutputT:
    """Carry out every step and return the workflow's result.

    Raises WorkflowFailedError, which names the failed step, what was taken back and what was not. When a step fails no
    other is started, but those under way are awaited: what they did must be taken back as well.
    """
    bus.tell(WorkflowEvent(moment=Moment.WORKFLOW_STARTED, run=run))
    failed = await _run_steps(workflow, run, bus=bus)
    if failed is None:
        try:
            result = output_model.model_validate(workflow.result(run), from_attributes=True)
        except Exception as error:  # noqa: BLE001 - whatever the mapping raises, the steps must be taken back
            failed = ("result", error)
        else:
            bus.tell(
                WorkflowEvent(moment=Moment.WORKFLOW_COMPLETED, run=run, facts={"steps": list(run.done)})
            )
            return result
    raise await _give_up(workflow, run, bus=bus, step=failed[0], error=failed[1]) from failed[1]


async def _run_steps(workflow: Workflow, run: WorkflowRun, *, bus: Bus) -> tuple[str, Exception] | None:
    """Run steps until all are done or one failed and the others have finished; return the first that failed."""
    order = workflow.order()
    running: dict[asyncio.Task[None], str] = {}
    failed: tuple[str, Exception] | None = None
    try:
        while True:
            if failed is None:
                for name in order.get_ready():
                    running[asyncio.create_task(_run_step(workflow.step(name), run, bus=bus))] = name
            if not running:
                return failed
            finished, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                name = running.pop(task)
                error = task.exception()
                if error is None:
                    order.done(name)
                elif not isinstance(error, Exception):
                    raise error
                elif failed is None:
                    failed = (name, error)
    finally:
        # Only left over when the workflow itself is cancelled; another process may then do it again, under the same ids.
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _run_step(step: Step, run: WorkflowRun, *, bus: Bus) -> None:
    """Run one step and keep its answer in the run."""
    state = run.steps[step.name]
    state.status = StepStatus.RUNNING
    bus.tell(WorkflowEvent(moment=Moment.STAGE_STARTED, run=run, step=step.name, facts=_called(step)))
    try:
        state.request = _request(step, run)
        payload = await _send(step, state, run, bus=bus)
        run.done.append(step.name)
        state.answer = _answer(step, payload)
    except Exception as error:
        state.status = StepStatus.UNKNOWN if isinstance(error, UNKNOWN_OUTCOME) else StepStatus.FAILED
        state.error = in_words(error)
        facts = {**_called(step), "attempt": state.attempt, **describe(error)}
        bus.tell(WorkflowEvent(moment=Moment.STAGE_FAILED, run=run, step=step.name, facts=facts))
        raise
    state.status = StepStatus.COMPLETED
    facts = {**_called(step), "attempt": state.attempt}
    bus.tell(WorkflowEvent(moment=Moment.STAGE_COMPLETED, run=run, step=step.name, facts=facts))


async def _send(step: Step, state: StepState, run: WorkflowRun, *, bus: Bus) -> Mapping[str, object]:
    request = state.request
    assert request is not None, "the request is made before it is sent"

    async def send(attempt: int) -> Mapping[str, object]:
        state.attempt = attempt
        command = command_for(step, request, run, name=step.name, attempt=attempt)
        return await bus.send(command)

    return await with_retries(send, retries=step.retries)


def _request(step: Step, run: WorkflowRun) -> BaseModel:
    try:
        return step.request_model.model_validate(step.request(run), from_attributes=True)
    except ValidationError as error:
        raise InvalidPayloadError(
            f"its request does not fit {step.request_model.__name__}: {error}"
        ) from error


def _answer(step: Step, payload: Mapping[str, object]) -> BaseModel:
    try:
        # JSON mode: that is how the answer travelled, and how bytes, dates and decimals are spelled in it.
        return step.answer_model.model_validate_json(json.dumps(payload))
    except ValidationError as error:
        raise InvalidPayloadError(f"its answer does not fit {step.answer_model.__name__}: {error}") from error


async def _give_up(
    workflow: Workflow, run: WorkflowRun, *, bus: Bus, step: str, error: Exception
) -> WorkflowFailedError:
    """Take back what was done, tell of the failure and return the error that says so."""
    left = await undo_steps(workflow, run, bus=bus)
    unknown = tuple(name for name, state in run.steps.items() if state.status is StepStatus.UNKNOWN)
    failure = WorkflowFailedError(
        f"workflow '{workflow.name}' failed at step '{step}': {in_words(error)}",
        step=step,
        undone=left.undone,
        not_undone=left.not_undone,
        kept=left.kept,
        unknown=unknown,
    )
    facts = {
        "failed_step": step,
        **describe(error),
        "undone": list(left.undone),
        "not_undone": dict(left.not_undone),
        "kept": list(left.kept),
        "unknown": list(unknown),
    }
    bus.tell(WorkflowEvent(moment=Moment.WORKFLOW_FAILED, run=run, facts=facts))
    return failure


def describe(error: Exception) -> dict[str, object]:
    """Return an error as an event tells it; a failed command by the error type the node gave."""
    return {"error_type": getattr(error, "error_type", type(error).__name__), "message": in_words(error)}


def _called(step: Step) -> dict[str, object]:
    return {"node": step.node, "domain": step.domain, "operation": step.operation}
