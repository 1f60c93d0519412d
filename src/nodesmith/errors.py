"""The one exception tree.

NodesmithError                      everything nodesmith raises on purpose
├── InputError                      exit 2: what a person wrote or typed cannot be used
│   ├── SpecError                   a spec file has findings; carries all of them
│   ├── LockError                   locks of generated nodes cannot be used; carries a finding each
│   └── SentenceError               a sentence could not be understood
├── ConflictError                   exit 3: a person's files are in the way
├── GateError                       exit 4: a gate of the pipeline did not hold; carries its findings
└── SystemFailedError               exit 5: the running system failed or did not answer
    ├── BusUnavailableError         no broker can be reached, or its client is not installed
    ├── NotPermittedError           the broker does not let this program do what it has to
    ├── PublishError                the broker did not acknowledge a record
    │   └── OutboxFullError         what waits to be sent has reached its bounds
    ├── ConsulUnavailableError      Consul cannot be reached, or does not answer as it should
    │   └── ConsulRefusedError      Consul does not let this program do what it has to
    ├── AnswersUnavailableError     the records of answers cannot be read or written now
    ├── StateUnavailableError       a reducer's state cannot be read or written now
    ├── NoAnswerError               nobody answered before the deadline
    ├── RefusedSightingError        a record of a discovery topic is not to be believed
    ├── CommandFailedError          a node answered that a command failed
    └── OperationError              an operation could not be carried out inside a node
        ├── UnknownOperationError   the node has no such operation
        ├── InvalidEnvelopeError    a record's value is no event envelope
        ├── RecordTooLargeError     a record has more bytes than a command may have
        ├── InvalidPayloadError     a payload does not fit the operation's model
        ├── TemporaryError          what a handler raises for what may pass: its command is tried again
        ├── HandlerNotImplementedError   nobody has written the handler yet
        ├── TransitionError         an event is not allowed in the present state
        └── WorkflowFailedError     a step of a workflow failed; carries what was taken back
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

from nodesmith.records import dataclass


class ExitCode(IntEnum):
    """What the command line's exit status means."""

    DONE = 0
    STALE = 1
    BAD_INPUT = 2
    CONFLICT = 3
    GATE_FAILED = 4
    SYSTEM_FAILED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, where it is, and what to do about it.

    `path` is the place inside a document (`operations.upsert.input.email`), `line` and `column` count from 1,
    and `rule` is a short kebab-case name of what was broken (`unknown-key`).
    """

    rule: str
    message: str
    fix: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        """Return `file:line:column: path: message [rule] (fix)`, without the parts that are not known."""
        place = ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)]) if self.file else ""
        text = ": ".join(part for part in (place, self.path, self.message) if part)
        return f"{text} [{self.rule}]" + (f"\n    fix: {self.fix}" if self.fix else "")


class NodesmithError(Exception):
    """Something nodesmith refuses or could not do; `fix` says what to do about it."""

    exit_code: ClassVar[ExitCode] = ExitCode.SYSTEM_FAILED

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


def in_words(error: BaseException) -> str:
    """Return an error as a sentence: our own by their message, a foreign one with its type."""
    return error.message if isinstance(error, NodesmithError) else f"{type(error).__name__}: {error}"


class InputError(NodesmithError):
    """What a person wrote or typed cannot be used."""

    exit_code = ExitCode.BAD_INPUT


class _FindingsError(NodesmithError):
    def __init__(self, message: str, *, findings: tuple[Finding, ...] = (), fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.findings = findings


class SpecError(_FindingsError, InputError):
    """A spec file has findings; all of them are in `findings`."""


class LockError(_FindingsError, InputError):
    """Locks of generated nodes cannot be used; each has its finding in `findings`."""


class SentenceError(InputError):
    """A sentence could not be understood."""


class ConflictError(_FindingsError):
    """A person's files are in the way of what would be written."""

    exit_code = ExitCode.CONFLICT


class GateError(_FindingsError):
    """A gate of the pipeline did not hold; `stage` is its number, such as `4.5`."""

    exit_code = ExitCode.GATE_FAILED

    def __init__(
        self, message: str, *, stage: str, findings: tuple[Finding, ...] = (), fix: str = ""
    ) -> None:
        super().__init__(message, findings=findings, fix=fix)
        self.stage = stage


class SystemFailedError(NodesmithError):
    """The running system failed or did not answer."""

    exit_code = ExitCode.SYSTEM_FAILED


class BusUnavailableError(SystemFailedError):
    """No broker can be reached, or the Kafka client is not installed."""


class NotPermittedError(SystemFailedError):
    """The broker does not let this program do what it has to; its permissions are the broker's."""


class PublishError(SystemFailedError):
    """The broker did not acknowledge a record for `topic`; `retryable` says whether trying again may help."""

    def __init__(self, message: str, *, topic: str, fix: str = "", retryable: bool = True) -> None:
        super().__init__(message, fix=fix)
        self.topic = topic
        self.retryable = retryable


class OutboxFullError(PublishError):
    """What waits to be sent has reached its bounds, so nothing more is taken until some of it has left."""


class ConsulUnavailableError(SystemFailedError):
    """Consul cannot be reached, or does not answer as it should; trying again may help."""


class ConsulRefusedError(ConsulUnavailableError):
    """Consul does not let this program do what it has to: its token is unknown, or may not."""


class AnswersUnavailableError(SystemFailedError):
    """The records of answers cannot be read or written now; trying again may help."""


class StateUnavailableError(SystemFailedError):
    """A reducer's state cannot be read or written now, so an event waits: no attempt at it was made."""


class NoAnswerError(SystemFailedError):
    """Nobody answered before the deadline."""


class RefusedSightingError(SystemFailedError):
    """What a record of a discovery topic says is not to be believed; `reason` is a short word that can be counted."""

    def __init__(self, reason: str, *, field: str = "") -> None:
        super().__init__(f"{reason}: {field}" if field else reason)
        self.reason = reason


class CommandFailedError(SystemFailedError):
    """A node answered that a command failed; the facts are the failure record's own."""

    def __init__(self, message: str, *, error_type: str, retryable: bool, attempts: int) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.retryable = retryable
        self.attempts = attempts


class OperationError(SystemFailedError):
    """An operation could not be carried out inside a node."""


class UnknownOperationError(OperationError):
    """The node has no such operation."""


class InvalidEnvelopeError(OperationError):
    """A record's value is no event envelope."""


class RecordTooLargeError(OperationError):
    """A record has more bytes than a command may have."""


class InvalidPayloadError(OperationError):
    """A payload does not fit the operation's model."""


class TemporaryError(OperationError):
    """What a handler raises for what may pass: the command is tried again, and goes to the dead letters in the end.

    `dependency` names what is down, such as `postgresql`: while it fails again and again, commands wait for it. Where it
    said when to come back, `retry_after` has the seconds.
    """

    retryable = True

    def __init__(
        self, message: str, *, fix: str = "", retry_after: float | None = None, dependency: str = ""
    ) -> None:
        super().__init__(message, fix=fix)
        self.retry_after = retry_after
        self.dependency = dependency


class HandlerNotImplementedError(OperationError):
    """Nobody has written the handler yet; `file` is the one to edit."""

    def __init__(self, *, operation: str, file: str) -> None:
        super().__init__(
            f"the handler of operation '{operation}' is not written yet",
            fix=f"write its handle() in {file}",
        )
        self.operation = operation
        self.file = file

    def __str__(self) -> str:
        """Return the message with the file to edit, since a log shows no `fix` of its own."""
        return f"{self.message}: {self.fix}"


class TransitionError(OperationError):
    """An event is not allowed in the present state of a reducer's state machine."""


class WorkflowFailedError(OperationError):
    """A step of a workflow failed, and what was done before it was taken back as far as it could be.

    `undone` are the steps that were taken back, in that order; `not_undone` those whose undo failed, each with the reason;
    `kept` those that have no undo; `unknown` those nobody answered for: they may have been done or not. Never to be
    tried again under the same id: what was undone would count as done.
    """

    def __init__(
        self,
        message: str,
        *,
        step: str,
        undone: tuple[str, ...] = (),
        not_undone: tuple[tuple[str, str], ...] = (),
        kept: tuple[str, ...] = (),
        unknown: tuple[str, ...] = (),
    ) -> None:
        parts = [
            message,
            f"undone: {', '.join(undone)}" if undone else "",
            "NOT undone: " + ", ".join(f"{name} ({reason})" for name, reason in not_undone)
            if not_undone
            else "",
            f"kept, having no undo: {', '.join(kept)}" if kept else "",
            f"nobody knows whether it was done: {', '.join(unknown)}" if unknown else "",
        ]
        super().__init__("; ".join(part for part in parts if part))
        self.step = step
        self.undone = undone
        self.not_undone = not_undone
        self.kept = kept
        self.unknown = unknown
