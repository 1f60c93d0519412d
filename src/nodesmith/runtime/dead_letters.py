"""Dead letters: records a node could not deal with, kept as they came, with what is known about why.

One goes to the node's own dead-letter topic with its key, its bytes and its headers untouched; the facts are in headers
beside them that begin with `ns-dlq-`. So whoever reads them needs no envelope, and can send them again as they were.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from nodesmith.errors import InvalidEnvelopeError
from nodesmith.runtime.answers import message_of
from nodesmith.runtime.records import REPLAY_ID_HEADER
from nodesmith.runtime.wire_record import WireRecord

if TYPE_CHECKING:
    from nodesmith.runtime.records import IncomingRecord
    from nodesmith.runtime.retrying import Failure
    from nodesmith.runtime.wire_record import Headers

# How often a record was taken from the dead letters and sent again; absent where it never was.
REPLAY_HEADER = "ns-replay"
FACTS_PREFIX = "ns-dlq-"

_ERROR_TYPE = f"{FACTS_PREFIX}error-type"
_ERROR_MESSAGE = f"{FACTS_PREFIX}error-message"
_ATTEMPTS = f"{FACTS_PREFIX}attempts"
_FIRST_FAILURE = f"{FACTS_PREFIX}first-failure"
_LAST_FAILURE = f"{FACTS_PREFIX}last-failure"
_TOPIC = f"{FACTS_PREFIX}topic"
_PARTITION = f"{FACTS_PREFIX}partition"
_OFFSET = f"{FACTS_PREFIX}offset"
_REPLAYS = f"{FACTS_PREFIX}replays"
_RECORD_ID = f"{FACTS_PREFIX}record-id"
_CUT_FROM = f"{FACTS_PREFIX}cut-from"

# The facts must fit into a record beside the original; the whole message is in the failed event.
_LONGEST_MESSAGE_BYTES = 4_000
# What is kept of a record that, with the facts, the broker does not take.
CUT_BYTES = 64 * 1024
_COUNT = re.compile(rb"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that was not dealt with: what it was, where it was, and why.

    `record_id` is the id of a command whose envelope has none. `cut_from` is the size of the original value where the broker took only its beginning, else None.
    """

    key: bytes | None
    value: bytes | None
    headers: Headers
    error_type: str
    error_message: str
    attempts: int
    first_failure: datetime
    last_failure: datetime
    topic: str
    partition: int
    offset: int
    replays: int
    record_id: UUID
    cut_from: int | None = None


def dead_letter(record: IncomingRecord, failure: Failure) -> DeadLetter:
    """Return the dead letter of a record whose command failed."""
    return DeadLetter(
        key=record.key,
        value=record.value,
        headers=tuple((name, value) for name, value in record.all_headers if not _is_fact(name)),
        error_type=type(failure.error).__name__,
        error_message=message_of(failure.error),
        attempts=failure.attempts,
        first_failure=failure.first_at,
        last_failure=failure.last_at,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        replays=replays_of(record.all_headers),
        record_id=record.own_id,
    )


def replays_of(headers: Headers) -> int:
    """Return how often a record was sent again, by its header; 0 where that says nothing."""
    for name, value in reversed(headers):
        if name == REPLAY_HEADER:
            return int(value) if value is not None and _COUNT.fullmatch(value) else 0
    return 0


def to_record(letter: DeadLetter, *, topic: str) -> WireRecord:
    """Return what is sent to the dead-letter topic."""
    facts = {
        _ERROR_TYPE: letter.error_type,
        _ERROR_MESSAGE: _shortened(letter.error_message),
        _ATTEMPTS: str(letter.attempts),
        _FIRST_FAILURE: _written(letter.first_failure),
        _LAST_FAILURE: _written(letter.last_failure),
        _TOPIC: letter.topic,
        _PARTITION: str(letter.partition),
        _OFFSET: str(letter.offset),
        _REPLAYS: str(letter.replays),
        _RECORD_ID: str(letter.record_id),
    }
    if letter.cut_from is not None:
        facts[_CUT_FROM] = str(letter.cut_from)
    headers = (*letter.headers, *((name, text.encode()) for name, text in facts.items()))
    return WireRecord(topic=topic, key=letter.key, headers=headers, value=letter.value)


def cut(letter: DeadLetter) -> DeadLetter:
    """Return the letter with only the beginning of its value, and without its own headers: what any broker takes."""
    value = letter.value or b""
    kept = tuple(pair for pair in letter.headers if pair[0] in {REPLAY_HEADER, REPLAY_ID_HEADER})
    return replace(letter, value=value[:CUT_BYTES], headers=kept, cut_from=len(value))


def read_dead_letter(record: IncomingRecord) -> DeadLetter:
    """Return what a record of a dead-letter topic says; raise InvalidEnvelopeError where it is none of ours."""
    facts = {name: value or b"" for name, value in record.all_headers if _is_fact(name)}
    try:
        cut_from = facts.get(_CUT_FROM)
        return DeadLetter(
            key=record.key,
            value=record.value,
            headers=tuple(pair for pair in record.all_headers if not _is_fact(pair[0])),
            error_type=facts[_ERROR_TYPE].decode(),
            error_message=facts[_ERROR_MESSAGE].decode(),
            attempts=int(facts[_ATTEMPTS]),
            first_failure=_read(facts[_FIRST_FAILURE]),
            last_failure=_read(facts[_LAST_FAILURE]),
            topic=facts[_TOPIC].decode(),
            partition=int(facts[_PARTITION]),
            offset=int(facts[_OFFSET]),
            replays=int(facts[_REPLAYS]),
            record_id=UUID(facts[_RECORD_ID].decode()),
            cut_from=None if cut_from is None else int(cut_from),
        )
    except (KeyError, ValueError) as error:
        reason = f"it has no header {error}" if isinstance(error, KeyError) else str(error)
        raise InvalidEnvelopeError(
            f"record {record.offset} of {record.topic}, partition {record.partition}, is no dead letter: {reason}"
        ) from error


def replay(letter: DeadLetter) -> WireRecord:
    """Return the record as it was, for the topic it was on, with one more replay counted and the id it had."""
    others = (pair for pair in letter.headers if pair[0] not in {REPLAY_HEADER, REPLAY_ID_HEADER})
    count, own_id = b"%d" % (letter.replays + 1), str(letter.record_id).encode()
    headers = (*others, (REPLAY_HEADER, count), (REPLAY_ID_HEADER, own_id))
    return WireRecord(topic=letter.topic, key=letter.key, headers=headers, value=letter.value)


def _is_fact(name: str) -> bool:
    return name.startswith(FACTS_PREFIX)


def _shortened(text: str) -> str:
    encoded = text.encode()
    if len(encoded) <= _LONGEST_MESSAGE_BYTES:
        return text
    return encoded[:_LONGEST_MESSAGE_BYTES].decode(errors="ignore") + " ..."


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(text: bytes) -> datetime:
    moment = datetime.fromisoformat(text.decode())
    if moment.tzinfo is None:
        raise ValueError(f"'{text.decode()}' has no time zone")
    return moment
