"""One run of a workflow: all that is known of it, explicit, so that a journal can hold it.

The run lives in memory only: it is NOT durable yet. A process that dies in the middle leaves what its steps did so
far as it is, and a run that is started again starts from its first step, with the same command ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID, uuid5

from pydantic import BaseModel

if TYPE_CHECKING:
    from nodesmith.orchestration.workflow import Workflow

ModelT = TypeVar("ModelT", bound=BaseModel)


class StepStatus(StrEnum):
    """How far a step has come. `unknown` is a command nobody answered: it may have been done or not."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNDONE = "undone"
    UNDO_FAILED = "undo_failed"


@dataclass(slots=True, kw_only=True)
class StepState:
    """What is known of one step. `attempt` counts from 1 and is part of the id of the step's command."""

    status: StepStatus = StepStatus.WAITING
    attempt: int = 0
    request: BaseModel | None = None
    answer: BaseModel | None = None
    error: str = ""


@dataclass(slots=True, kw_only=True)
class WorkflowRun:
    """The state of one run. `workflow_id` is the `envelope_id` of the command that started it.

    `done` names the steps whose work was done, in the order they finished.
    """

    workflow: str
    workflow_id: UUID
    correlation_id: UUID
    request: BaseModel
    steps: dict[str, StepState]
    done: list[str] = field(default_factory=list)

    def input(self, model: type[ModelT]) -> ModelT:
        """Return the workflow's input as `model`."""
        return as_model(model, self.request)

    def answer(self, step: str, model: type[ModelT]) -> ModelT:
        """Return the answer of a completed step as `model`.

        Raises LookupError where the step has no answer yet: it is then missing from the asking step's `after`.
        """
        state = self.steps.get(step)
        if state is None or state.answer is None:
            raise LookupError(
                f"step '{step}' has no answer yet: name it in the `after` of the step that reads it"
            )
        return as_model(model, state.answer)


def begin(workflow: Workflow, request: BaseModel, *, workflow_id: UUID, correlation_id: UUID) -> WorkflowRun:
    """Return a run of which no step has started."""
    steps = {step.name: StepState() for step in workflow.steps}
    return WorkflowRun(
        workflow=workflow.name,
        workflow_id=workflow_id,
        correlation_id=correlation_id,
        request=request,
        steps=steps,
    )


def command_id(workflow_id: UUID, step: str, attempt: int) -> UUID:
    """Return the id of a step's command: the same for the same workflow, step and attempt, in any process."""
    return uuid5(workflow_id, f"{step}:{attempt}")


def as_model(model: type[ModelT], value: BaseModel) -> ModelT:
    """Return `value` as `model`, which may be another class with the same fields."""
    return value if isinstance(value, model) else model.model_validate(value, from_attributes=True)
