"""Dead letters as a person reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nodesmith.cli.operating.columns import in_columns
from nodesmith.inspection.dead_letter_data import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.inspection.dead_letter_rows import Row
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


def _body(value: bytes | None) -> str:
    if value is None:
        return "(none)"
    try:
        return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return value.decode(errors="backslashreplace")


def _shown(value: bytes | None) -> str:
    return "(none)" if value is None else value.decode(errors="backslashreplace")


def _one_line(text: str) -> str:
    # A message may hold line breaks and what a terminal obeys.
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"
