"""Dead letters and times as plain JSON data."""

from __future__ import annotations

import base64
from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from nodesmith.inspection.dead_letter_rows import Row
    from nodesmith.runtime.dead_letters import DeadLetter
    from nodesmith.runtime.records import IncomingRecord


def row_data(row: Row) -> dict[str, object]:
    """Return a row as plain JSON data."""
    place = {"id": row.id, "partition": row.partition, "offset": row.offset}
    about = {"key": row.key, "event_type": row.event_type, "bytes": row.size}
    if row.letter is None:
        return {**place, **about, "problem": row.problem}
    return {**place, **about, **letter_data(row.letter)}


def letter_data(letter: DeadLetter) -> dict[str, object]:
    """Return what is known of a dead letter as plain JSON data."""
    return {
        "error_type": letter.error_type,
        "error_message": letter.error_message,
        "attempts": letter.attempts,
        "first_failure": moment(letter.first_failure),
        "last_failure": moment(letter.last_failure),
        "origin": {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset},
        "replays": letter.replays,
        "cut_from": letter.cut_from,
    }


def record_data(record: IncomingRecord, letter: DeadLetter) -> dict[str, object]:
    """Return a whole dead letter as plain JSON data; bytes that are no UTF-8 are in base64."""
    return {
        "id": f"{record.partition}:{record.offset}",
        "key": record.key_text,
        **letter_data(letter),
        "headers": [[name, header_data(value)] for name, value in letter.headers],
        **value_data(letter.value),
    }


def moment(when: datetime) -> str:
    """Return a time as RFC 3339, to the second where it is one."""
    text = when.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


def value_data(value: bytes | None) -> dict[str, object]:
    """Return a record's value under a name that says what it is: `value`, or `value_base64` where it is no UTF-8."""
    if value is None:
        return {"value": None}
    try:
        return {"value": value.decode()}
    except UnicodeDecodeError:
        return {"value_base64": base64.b64encode(value).decode()}


def header_data(value: bytes | None) -> object:
    """Return a header's value: a text, or an object with its base64."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}
