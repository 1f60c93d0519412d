"""Events that a node put among its dead letters: they did not count, and do not in a rebuild."""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING

from nodesmith.errors import InvalidEnvelopeError
from nodesmith.runtime.dead_letters import read_dead_letter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nodesmith.runtime.records import IncomingRecord


class Buried:
    """Knows a record again by its place and its bytes: a topic that was made anew has the same places for others."""

    def __init__(self, letters: Iterable[IncomingRecord]) -> None:
        self._known: dict[tuple[str, int, int], set[tuple[int, int, bytes]]] = {}
        for record in letters:
            try:
                letter = read_dead_letter(record)
            except InvalidEnvelopeError:  # somebody else's record
                continue
            kept = letter.value or b""
            size = len(kept) if letter.cut_from is None else letter.cut_from
            place = (letter.topic, letter.partition, letter.offset)
            self._known.setdefault(place, set()).add((size, len(kept), _digest(kept)))

    def includes(self, record: IncomingRecord) -> bool:
        """Return whether the record is among the dead letters."""
        value = record.value or b""
        letters = self._known.get((record.topic, record.partition, record.offset), ())
        return any(size == len(value) and digest == _digest(value[:kept]) for size, kept, digest in letters)


def _digest(value: bytes) -> bytes:
    return sha1(value, usedforsecurity=False).digest()
