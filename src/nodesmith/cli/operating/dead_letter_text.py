"""Dead letters as a person or a program reads them."""

from __future__ import annotations

import base64
import json
from datetime import UTC
from typing import TYPE_CHECKING

from nodesmith.cli.operating.columns import in_columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from nodesmith.cli.operating.dead_letter_rows import Row
    from nodesmith.runtime.dead_letters import DeadLetter
    from nodesmith.runtime.records import IncomingRecord

HEAD = ("id", "last failure", "error", "attempts", "replays", "key", "operation", "message")
LONGEST_MESSAGE = 80


def table(rows: Sequence[Row]) -> str:
    """Return rows in columns."""
    return in_columns(HEAD, [_cells(row) for row in rows])


def _cells(row: Row) -> tuple[str, ...]:
    letter = row.letter
    if letter is None:
        return (row.id, "-", "-", "-", "-", row.key or "-", row.event_type or "-", _one_line(row.problem))
    return (
        row.id,
        moment(letter.last_failure),
        letter.error_type,
        str(letter.attempts),
        str(letter.replays),
        _one_line(row.key or "-"),
        _one_line(row.event_type or "-"),
        _one_line(letter.error_message),
    )


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
        "headers": [[name, _carried(value)] for name, value in letter.headers],
        **({"value": None} if letter.value is None else _value(letter.value)),
    }


def whole(record: IncomingRecord, letter: DeadLetter) -> str:
    """Return everything about a dead letter, for a person."""
    cut = f" (only the beginning; it had {letter.cut_from} bytes)" if letter.cut_from is not None else ""
    facts = [
        ("dead letter", f"{record.partition}:{record.offset}"),
        ("error", f"{letter.error_type}: {letter.error_message}"),
        ("attempts", f"{letter.attempts}, replayed {letter.replays} times"),
        ("failed", f"first {moment(letter.first_failure)}, last {moment(letter.last_failure)}"),
        ("from", f"{letter.topic}, partition {letter.partition}, offset {letter.offset}"),
        ("key", record.key_text or "-"),
        *(("header", f"{name}: {_shown(value)}") for name, value in letter.headers),
        ("value", f"{len(letter.value or b'')} bytes{cut}"),
    ]
    return "\n".join([*(f"{name:<12} {text}" for name, text in facts), "", _body(letter.value)])


def moment(when: datetime) -> str:
    """Return a time as RFC 3339, to the second where it is one."""
    text = when.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


def _body(value: bytes | None) -> str:
    if value is None:
        return "(none)"
    try:
        return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return value.decode(errors="backslashreplace")


def _value(value: bytes) -> dict[str, object]:
    try:
        return {"value": value.decode()}
    except UnicodeDecodeError:
        return {"value_base64": base64.b64encode(value).decode()}


def _carried(value: bytes | None) -> object:
    return None if value is None else _value(value).get("value", {"base64": base64.b64encode(value).decode()})


def _shown(value: bytes | None) -> str:
    return "(none)" if value is None else value.decode(errors="backslashreplace")


def _one_line(text: str) -> str:
    # A message may hold line breaks and what a terminal obeys.
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"
