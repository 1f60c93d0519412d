"""Send a command to a node and tell what came of it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from nodesmith.errors import CommandFailedError, NoAnswerError
from nodesmith.naming import kebab
from nodesmith.registry.http.answers import ApiError, as_json, read_body
from nodesmith.registry.http.models import Command
from nodesmith.runtime.caller import CommandCaller

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from aiohttp import web

    from nodesmith.registry.http.api import Api
    from nodesmith.registry.node_view import NodeView
    from nodesmith.registry.service import Registry

MOST_AT_ONCE = 32


class Commands:
    """Sends commands on behalf of who asks; so many at once and no more."""

    def __init__(self, registry: Registry, api: Api) -> None:
        self._registry = registry
        self._api = api
        self._free = asyncio.Semaphore(MOST_AT_ONCE)

    async def send(self, request: web.Request) -> web.Response:
        """Send one, and return its outcome; a command that fails, or that nobody answers, is an outcome as well."""
        view = self._api.find(request)
        command = await read_body(request, Command)
        operation = _operation(view, command.operation)
        if self._free.locked():
            raise ApiError(
                429, "too-many-commands", f"{MOST_AT_ONCE} commands are under way", fix="try again later"
            )
        async with self._free:
            return as_json(await self._outcome(view, operation, command))

    async def _outcome(self, view: NodeView, operation: str, command: Command) -> dict[str, Any]:
        envelope_id, correlation_id, started = uuid4(), uuid4(), time.monotonic()
        publisher = self._registry.publisher
        async with CommandCaller(publisher=publisher, source=publisher.source) as caller:
            try:
                answer = await caller.call(
                    view.domain,
                    view.name,
                    operation,
                    command.payload,
                    timeout_seconds=command.timeout_seconds,
                    key=command.key,
                    envelope_id=envelope_id,
                    correlation_id=correlation_id,
                )
            except CommandFailedError as error:
                outcome, payload = "failed", _failure(error)
            except NoAnswerError:
                outcome, payload = "no answer", None
            else:
                outcome, payload = "completed", dict(answer.payload)
            duration = time.monotonic() - started
        return _document(outcome, payload, duration, envelope_id, correlation_id)


def _document(
    outcome: str, payload: dict[str, Any] | None, seconds: float, envelope_id: UUID, correlation_id: UUID
) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "payload": payload,
        "duration_ms": round(seconds * 1000, 3),
        "envelope_id": str(envelope_id),
        "correlation_id": str(correlation_id),
    }


def _failure(error: CommandFailedError) -> dict[str, Any]:
    return {
        "error_type": error.error_type,
        "message": error.message,
        "retryable": error.retryable,
        "attempts": error.attempts,
    }


def _operation(view: NodeView, asked: str) -> str:
    """Return the operation as the node calls it; raise ApiError where it says that it has none of that name."""
    operations = view.newest.operations
    for operation in operations:
        if kebab(operation) == kebab(asked):
            return operation
    if not operations:  # a node of another make, which does not say what it does
        return asked
    raise ApiError(
        404,
        "unknown-operation",
        f"node '{view.full_name}' has no operation '{asked}'",
        fix=f"it has {', '.join(operations)}",
    )
