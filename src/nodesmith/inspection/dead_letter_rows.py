"""Which dead letters a person means, and what of each is shown in a list."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from nodesmith.errors import InputError, InvalidEnvelopeError
from nodesmith.records import dataclass
from nodesmith.runtime.dead_letters import read_dead_letter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nodesmith.runtime.dead_letters import DeadLetter
    from nodesmith.runtime.records import IncomingRecord

AGO = re.compile(r"(?P<number>[0-9]{1,6}(?:\.[0-9]+)?)(?P<unit>[smhd])")
UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
# To find an event type in more than this would take longer than it is worth.
LONGEST_READ_BYTES = 64 * 1024

Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A dead letter without its value. `problem` says why a record is none, `letter` is None then."""

    partition: int
    offset: int
    key: str | None
    size: int
    event_type: str = ""
    letter: DeadLetter | None = None
    problem: str = ""

    @property
    def place(self) -> Place:
        """Where it is in the dead-letter topic."""
        return self.partition, self.offset

    @property
    def id(self) -> str:
        """How a person names it: `PARTITION:OFFSET`."""
        return f"{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which dead letters are meant: those that fit everything that is given, the oldest first."""

    places: frozenset[Place] = frozenset()
    error_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    key: str | None = None
    limit: int | None = None

    def fits(self, row: Row) -> bool:
        """Return whether a row is meant, the limit aside; a record that is no dead letter only without a filter on one."""
        if self.places and row.place not in self.places:
            return False
        if self.key is not None and row.key != self.key:
            return False
        letter = row.letter
        if letter is None:
            return self.error_type is None and self.since is None and self.until is None
        return (
            (self.error_type is None or letter.error_type == self.error_type)
            and (self.since is None or letter.last_failure >= self.since)
            and (self.until is None or letter.last_failure <= self.until)
        )

    def choose(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows that are meant, the oldest failure first; records that are no dead letters come before."""
        chosen = sorted((row for row in rows if self.fits(row)), key=_age)
        return chosen if self.limit is None else chosen[: self.limit]


def _age(row: Row) -> tuple[float, int, int]:
    return (row.letter.last_failure.timestamp() if row.letter else 0.0, row.partition, row.offset)


def to_row(record: IncomingRecord) -> Row:
    """Return what is shown of a record of a dead-letter topic."""
    letter, problem = None, ""
    try:
        letter = read_dead_letter(record)
    except InvalidEnvelopeError as error:
        problem = error.message
    return Row(
        partition=record.partition,
        offset=record.offset,
        key=record.key_text,
        size=len(record.value or b""),
        event_type=_event_type(record),
        # The value may be large, and there may be many.
        letter=None if letter is None else _without_value(letter),
        problem=problem,
    )


def prefixes(rows: Sequence[Row], chosen: Sequence[Row]) -> tuple[dict[int, int], list[Row]]:
    """Return up to where each partition can be deleted without a row that was not chosen, and the rows that go.

    A topic can only be shortened from its beginning.
    """
    places = {row.place for row in chosen}
    ends: dict[int, int] = {}
    gone: list[Row] = []
    stopped: set[int] = set()
    for row in sorted(rows, key=lambda row: row.place):
        if row.partition in stopped:
            continue
        if row.place in places:
            ends[row.partition] = row.offset + 1
            gone.append(row)
        else:
            stopped.add(row.partition)
    return ends, sorted(gone, key=_age)


def read_place(text: str) -> Place:
    """Return what `PARTITION:OFFSET` names; raise InputError where it is no such thing."""
    match = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,18})", text)
    if match is None:
        raise InputError(
            f"'{text}' names no dead letter", fix="write PARTITION:OFFSET, as `nodesmith dlq list` shows it"
        )
    return int(match[1]), int(match[2])


def read_moment(text: str, *, now: datetime) -> datetime:
    """Return the time that `2h` (ago) or a date or time of RFC 3339 means; without a zone it is UTC."""
    try:
        if ago := AGO.fullmatch(text):
            return now - timedelta(seconds=float(ago["number"]) * UNIT_SECONDS[ago["unit"]])
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise InputError(
            f"'{text}' is no time",
            fix="write how long ago (30s, 15m, 2h, 1d) or when (2026-11-25, 2026-11-25T08:30:00Z)",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _without_value(letter: DeadLetter) -> DeadLetter:
    return replace(letter, value=None, headers=())


def _event_type(record: IncomingRecord) -> str:
    if len(record.value or b"") > LONGEST_READ_BYTES:
        return record.headers.get("ce_type", "")
    try:
        envelope = json.loads(record.value or b"")
    except (ValueError, RecursionError):
        return record.headers.get("ce_type", "")
    said = envelope.get("event_type") if isinstance(envelope, dict) else None
    return said if isinstance(said, str) else record.headers.get("ce_type", "")
