"""Send one command of a workflow, again where that is safe.

A failure that says it is retryable starts a new attempt: the work is known not to have been done, and the new attempt
has a command id of its own. Where nobody answered, or the broker did not acknowledge, the work may have been done: the
same attempt is sent again under the *same* id, so that a node that keeps the answers it gave can answer again instead of
doing the work twice. Every other failure is final.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from nodesmith.errors import BusUnavailableError, CommandFailedError, NoAnswerError, PublishError
from nodesmith.orchestration.run import command_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from uuid import UUID

    from pydantic import BaseModel

    from nodesmith.orchestration.run import WorkflowRun
    from nodesmith.orchestration.workflow import Step, Undo

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0

# Nobody knows whether the work was done: a record may arrive though its acknowledgement did not.
UNKNOWN_OUTCOME = (NoAnswerError, PublishError, BusUnavailableError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One operation of one node to be carried out, and the ids it goes by."""

    domain: str
    node: str
    operation: str
    payload: BaseModel
    key: str | None
    timeout_seconds: float
    command_id: UUID
    correlation_id: UUID


class CommandPort(Protocol):
    """Where a workflow's commands leave and answers come in."""

    async def send(self, command: Command) -> Mapping[str, object]:
        """Send `command` and return the answer's payload; raise one of `nodesmith.errors` where there is none."""
        ...


def command_for(
    called: Step | Undo, payload: BaseModel, run: WorkflowRun, *, name: str, attempt: int
) -> Command:
    """Return the command that carries out a step or an undo; `name` tells it from the run's other commands."""
    return Command(
        domain=called.domain,
        node=called.node,
        operation=called.operation,
        payload=payload,
        key=record_key(called.key, payload),
        timeout_seconds=called.timeout_seconds,
        command_id=command_id(run.workflow_id, name, attempt),
        correlation_id=run.correlation_id,
    )


def record_key(field: str | None, request: BaseModel) -> str | None:
    """Return a command's record key: the value of the field that keeps commands in order, as text."""
    return None if field is None else str(request.model_dump(mode="json")[field])


async def with_retries(
    send: Callable[[int], Awaitable[Mapping[str, object]]], *, retries: int
) -> Mapping[str, object]:
    """Await `send(attempt)`, again after a failure that allows it, at most `retries` times."""
    attempt = 1
    for tries_left in range(retries, -1, -1):
        try:
            return await send(attempt)
        except CommandFailedError as error:
            if not (error.retryable and tries_left):
                raise
            attempt += 1
        except UNKNOWN_OUTCOME as error:
            hopeless = isinstance(error, PublishError) and not error.retryable
            if hopeless or not tries_left:
                raise
        await asyncio.sleep(pause_seconds(retries - tries_left))
    raise AssertionError("the last try returns or raises")


def pause_seconds(failures: int) -> float:
    """Return how long to wait after so many failures: doubled each time, with jitter so that many do not meet again."""
    longest: float = min(FIRST_PAUSE_SECONDS * 2**failures, LONGEST_PAUSE_SECONDS)
    return random.uniform(longest / 2, longest)  # noqa: S311 - spreads load, guards nothing
