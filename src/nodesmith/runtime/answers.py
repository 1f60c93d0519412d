"""The records that answer a command: its result or its failure, and the intents beside it.

Their ids are derived from the command's, so a command that is delivered and done twice is answered under the same ids
and whoever keeps track of ids counts its answer once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4, uuid5

from nodesmith.errors import NodesmithError, OperationError
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope
from nodesmith.runtime.trace_context import carry_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodesmith.runtime.identity import NodeIdentity
    from nodesmith.runtime.operations import Outcome
    from nodesmith.runtime.records import IncomingRecord

_LONGEST_MESSAGE = 20_000

# The same command would fail the same way again. Everything else may be the moment's fault: a lock, a network, a peer.
_FINAL = (
    OperationError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    NotImplementedError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an answer has to know of the record it answers; a record that could not be read has new ids.

    `traceparent` and `tracestate` are those of all that comes of it.
    """

    event_type: str
    key: bytes | None
    envelope_id: UUID | None
    correlation_id: UUID
    traceparent: str
    tracestate: str = ""


def question(
    record: IncomingRecord, *, event_type: str, envelope_id: UUID | None, correlation_id: UUID | None
) -> Question:
    """Return what to answer; `event_type` is the question's own, to which the answer adds how it went."""
    traceparent, tracestate = carry_on(record.headers)
    return Question(
        event_type=event_type,
        key=record.key,
        envelope_id=envelope_id,
        correlation_id=correlation_id or uuid4(),
        traceparent=traceparent,
        tracestate=tracestate,
    )


def completed(identity: NodeIdentity, asked: Question, outcome: Outcome) -> list[OutgoingRecord]:
    """Return the intents an outcome asks for and its result, in the order they leave."""
    intents = [
        _answer(
            identity,
            asked,
            topic=identity.intent_topic,
            event_type=identity.event_type(intent.name),
            payload=intent.payload,
            part=f"intent {number}",
        )
        for number, intent in enumerate(outcome.intents)
    ]
    result = _answer(
        identity,
        asked,
        topic=identity.completed_topic,
        event_type=f"{asked.event_type}.completed",
        payload=outcome.output.model_dump(mode="json"),
    )
    return [*intents, result]


def failed(identity: NodeIdentity, asked: Question, error: Exception, *, attempts: int) -> OutgoingRecord:
    """Return the failure that says what went wrong and whether to try again."""
    return _answer(
        identity,
        asked,
        topic=identity.failed_topic,
        event_type=f"{asked.event_type}.failed",
        payload={
            "error_type": type(error).__name__,
            "message": message_of(error),
            "retryable": is_retryable(error),
            "attempts": attempts,
        },
    )


def is_retryable(error: Exception) -> bool:
    """Return whether the same command may succeed later; an error that knows says so by its `retryable`."""
    known = getattr(error, "retryable", None)
    return known if isinstance(known, bool) else not isinstance(error, _FINAL)


def message_of(error: Exception) -> str:
    """Return what to tell the asker: the error's words, and the fix where there is one.

    What is no Unicode in them, as in the names of some files, is spelled out: JSON could not carry it. What is too long
    for a record is cut.
    """
    if isinstance(error, NodesmithError):
        words = f"{error.message}; {error.fix}" if error.fix else error.message
    else:
        words = str(error) or type(error).__name__
    words = words if len(words) <= _LONGEST_MESSAGE else f"{words[:_LONGEST_MESSAGE]} ..."
    return words.encode(errors="backslashreplace").decode()


def _answer(
    identity: NodeIdentity,
    asked: Question,
    *,
    topic: str,
    event_type: str,
    payload: Mapping[str, Any],
    part: str = "",
) -> OutgoingRecord:
    name = f"{identity.dot_path} {event_type} {part}"
    envelope = make_envelope(
        payload,
        event_type=event_type,
        source=identity.name,
        correlation_id=asked.correlation_id,
        envelope_id=uuid5(asked.envelope_id, name) if asked.envelope_id else None,
        parent_envelope_id=asked.envelope_id,
    )
    return OutgoingRecord(topic=topic, envelope=envelope, key=asked.key)
