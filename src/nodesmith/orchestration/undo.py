"""Take back what a failed workflow did, in reverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.errors import in_words
from nodesmith.orchestration.attempts import command_for, with_retries
from nodesmith.orchestration.run import StepStatus, WorkflowRun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from nodesmith.orchestration.attempts import CommandPort
    from nodesmith.orchestration.workflow import Step, Undo, Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What became of the steps that were done: taken back, failed to be taken back (with the reason), without an undo."""

    undone: tuple[str, ...]
    not_undone: tuple[tuple[str, str], ...]
    kept: tuple[str, ...]


async def undo_steps(workflow: Workflow, run: WorkflowRun, *, bus: CommandPort) -> Undone:
    """Undo every step whose work was done, the last one first, and go on where an undo fails."""
    undone: list[str] = []
    not_undone: list[tuple[str, str]] = []
    kept: list[str] = []
    for name in reversed(run.done):
        step = workflow.step(name)
        if step.undo is None:
            kept.append(name)
            continue
        try:
            await _undo(step, step.undo, run, bus=bus)
        except Exception as error:  # noqa: BLE001 - the other steps still have to be taken back; this one is reported
            run.steps[name].status = StepStatus.UNDO_FAILED
            not_undone.append((name, in_words(error)))
        else:
            run.steps[name].status = StepStatus.UNDONE
            undone.append(name)
    return Undone(undone=tuple(undone), not_undone=tuple(not_undone), kept=tuple(kept))


async def _undo(step: Step, undo: Undo, run: WorkflowRun, *, bus: CommandPort) -> None:
    request = _request(step, undo, run)

    async def send(attempt: int) -> Mapping[str, object]:
        command = command_for(undo, request, run, name=f"undo:{step.name}", attempt=attempt)
        return await bus.send(command)

    await with_retries(send, retries=step.retries)


def _request(step: Step, undo: Undo, run: WorkflowRun) -> BaseModel:
    sent = run.steps[step.name].request
    assert sent is not None, "a step that was done was sent a request"
    model = undo.request_model or type(sent)
    if undo.request:
        return model.model_validate(undo.request(run), from_attributes=True)
    taken = {name: value for name, value in sent if name in model.model_fields}
    return model.model_validate(taken, from_attributes=True)
