"""The command at hand, for a handler that asks."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from nodesmith.errors import OperationError

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where on the bus a record was; `timestamp` is the record's own, in milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is known of the command a handler is working on.

    `attempt` counts from 1. `deadline` is when the operation's timeout will have passed; None where it has none.
    `key` is the record key, None where the command came without one. `origin` is where its record was; None for what did
    not come over the bus, as with `process()`.
    """

    operation: str
    event_type: str
    envelope_id: UUID = field(default_factory=uuid4)
    correlation_id: UUID = field(default_factory=uuid4)
    key: str | None = None
    attempt: int = 1
    deadline: datetime | None = None
    origin: Origin | None = None

    @property
    def idempotency_key(self) -> UUID:
        """The same whenever the same command is seen again: give it to systems that accept one."""
        return self.envelope_id


_current: ContextVar[Command] = ContextVar("nodesmith_command")


def current_command() -> Command:
    """Return the command that is being handled; raise OperationError outside of a handler."""
    try:
        return _current.get()
    except LookupError:
        raise OperationError(
            "no command is being handled here",
            fix="call current_command() in a handler that the node runs, or wrap a test in command_at_hand()",
        ) from None


class command_at_hand:  # noqa: N801 - called as a function is, and cheaper than a generator
    """Make `command` the current one, for the runtime and for tests of handlers that ask for it."""

    __slots__ = ("_command", "_token")

    def __init__(self, command: Command) -> None:
        self._command = command

    def __enter__(self) -> Command:
        """Begin, and give the command."""
        self._token = _current.set(self._command)
        return self._command

    def __exit__(self, *_: object) -> None:
        """End."""
        _current.reset(self._token)
