"""What a node does: its operations, and how one of them is carried out."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from nodesmith.errors import InvalidPayloadError, OperationError
from nodesmith.runtime.envelope import findings
from nodesmith.runtime.threads import in_thread

Handler = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing a node does.

    `handler` takes an `input_model` and returns an `output_model`; a coroutine function is awaited, any other runs in a
    worker thread. `key` names the input field whose equal values keep commands in order. `intents` are what a reducer's
    handler may ask for, by name.
    """

    name: str
    input_model: type[BaseModel]
    output_model: type[BaseModel]
    handler: Handler
    description: str = ""
    key: str | None = None
    timeout_seconds: float | None = None
    intents: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    has_state_machine: bool = False
    is_awaited: bool = field(init=False)

    def __post_init__(self) -> None:
        """Find out once how the handler is called."""
        object.__setattr__(self, "is_awaited", inspect.iscoroutinefunction(self.handler))

    @property
    def signature(self) -> str:
        """`(ModelXInput) -> ModelXOutput`."""
        return f"({self.input_model.__name__}) -> {self.output_model.__name__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Events of another node that are a command to this one: those of `event_type` on `topic` run `operation`."""

    topic: str
    event_type: str
    operation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Something a reducer wants done: its name in the spec, and its payload as JSON data."""

    name: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an operation came to: its output, and the intents that leave beside it."""

    output: BaseModel
    intents: tuple[Intent, ...] = ()


def fit(model: type[BaseModel], payload: Mapping[str, object] | BaseModel, *, operation: str) -> BaseModel:
    """Return `payload` as a `model`; raise InvalidPayloadError that says every field that does not fit."""
    if isinstance(payload, model):
        return payload
    values = payload.model_dump() if isinstance(payload, BaseModel) else dict(payload)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _misfit(model, operation, error) from error


def fit_json(model: type[BaseModel], payload: bytes, *, operation: str, lenient: bool = False) -> BaseModel:
    """Return a JSON object as a `model`; a `lenient` reading ignores fields the model does not know, at any depth."""
    try:
        return model.model_validate_json(payload, extra="ignore" if lenient else None)
    except ValidationError as error:
        raise _misfit(model, operation, error) from error


def _misfit(model: type[BaseModel], operation: str, error: ValidationError) -> InvalidPayloadError:
    return InvalidPayloadError(
        f"the payload of operation '{operation}' does not fit {model.__name__}: {findings(error)}"
    )


async def carry_out(operation: Operation, request: BaseModel) -> Outcome:
    """Run the operation's handler within its timeout and return what it came to.

    Raises TimeoutError when the time has passed (a handler in a thread then still runs to its end, unheard), and
    OperationError where the handler returns something else than it should.
    """
    if operation.timeout_seconds is None:
        result = await _call(operation, request)
    else:
        result = await _call_in_time(operation, request, operation.timeout_seconds)
    if isinstance(result, Outcome):
        return result
    return Outcome(output=_output(operation, result))


async def _call_in_time(operation: Operation, request: BaseModel, seconds: float) -> object:
    try:
        async with asyncio.timeout(seconds) as limit:
            return await _call(operation, request)
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise TimeoutError(f"operation '{operation.name}' took longer than {seconds:g} s") from error


async def _call(operation: Operation, request: BaseModel) -> object:
    """Call the handler; what would end this task or the whole process becomes the failure of its command alone."""
    try:
        if operation.is_awaited:
            return await operation.handler(request)
        result = await in_thread(operation.handler, request)
        return await result if inspect.isawaitable(result) else result
    except SystemExit as error:
        raise OperationError(
            f"the handler of operation '{operation.name}' asked to end the process"
        ) from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise OperationError(f"work of the handler of operation '{operation.name}' was cancelled") from error


def _output(operation: Operation, result: object) -> BaseModel:
    if isinstance(result, operation.output_model):
        return result
    if not isinstance(result, BaseModel | Mapping):
        raise OperationError(
            f"the handler of operation '{operation.name}' returned {type(result).__name__},"
            f" not {operation.output_model.__name__}"
        )
    try:
        return operation.output_model.model_validate(result, from_attributes=True)
    except ValidationError as error:
        raise OperationError(
            f"what the handler of operation '{operation.name}' returned does not fit"
            f" {operation.output_model.__name__}: {findings(error)}"
        ) from error
