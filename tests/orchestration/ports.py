"""A bus in memory for the engine: handlers answer, events are kept. The real one is tested with real processes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from nodesmith.errors import CommandFailedError, NoAnswerError
from nodesmith.orchestration.run import WorkflowRun, begin
from nodesmith.orchestration.workflow import Step, Undo, Workflow

if TYPE_CHECKING:
    from nodesmith.orchestration.attempts import Command
    from nodesmith.orchestration.events import WorkflowEvent

Handler = Callable[["Command"], Awaitable[Mapping[str, object]]]

WORKFLOW_ID = UUID("00000000-0000-4000-8000-000000000001")


class Number(BaseModel):
    """Every request and answer of these tests."""

    model_config = ConfigDict(extra="forbid")

    n: int


@dataclass
class MemoryBus:
    """Answers an operation with its handler, else with the request itself."""

    handlers: dict[str, Handler] = field(default_factory=dict)
    sent: list[Command] = field(default_factory=list)
    events: list[WorkflowEvent] = field(default_factory=list)

    async def send(self, command: Command) -> Mapping[str, object]:
        self.sent.append(command)
        handler = self.handlers.get(command.operation)
        return await handler(command) if handler else command.payload.model_dump(mode="json")

    def tell(self, event: WorkflowEvent) -> None:
        self.events.append(event)

    @property
    def operations(self) -> list[str]:
        return [command.operation for command in self.sent]

    @property
    def story(self) -> list[str]:
        return [" ".join(part for part in (event.moment, event.step) if part) for event in self.events]


def step(name: str, *, undo: bool | Undo = False, **changes: Any) -> Step:
    """Return a step that sends the workflow's input to operation `name`, and takes it back with `undo_<name>`."""
    values: dict[str, Any] = {
        "name": name,
        "domain": "test",
        "node": "worker",
        "operation": name,
        "request": lambda run: run.input(Number),
        "request_model": Number,
        "answer_model": Number,
        "timeout_seconds": 1.0,
        "undo": Undo(domain="test", node="worker", operation=f"undo_{name}")
        if undo is True
        else undo or None,
    }
    return Step(**{**values, **changes})


def workflow(*steps: Step) -> Workflow:
    return Workflow(name="flow", steps=steps, result=lambda run: run.input(Number).model_dump())


def new_run(flow: Workflow, *, n: int = 1) -> WorkflowRun:
    return begin(flow, Number(n=n), workflow_id=WORKFLOW_ID, correlation_id=WORKFLOW_ID)


def failing(*, retryable: bool = False, times: int = 1_000_000) -> Handler:
    """Return a handler that answers a failure so many times, then the request."""
    broken = CommandFailedError("it broke", error_type="BrokenError", retryable=retryable, attempts=1)
    return _raising(broken, times)


def silent(*, times: int = 1_000_000) -> Handler:
    """Return a handler nobody hears of so many times; then it answers."""
    return _raising(NoAnswerError("nobody answered"), times)


def _raising(error: Exception, times: int) -> Handler:
    left = times

    async def handle(command: Command) -> Mapping[str, object]:
        nonlocal left
        if left == 0:
            return command.payload.model_dump(mode="json")
        left -= 1
        raise error

    return handle
