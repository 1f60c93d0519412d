"""How much may wait in an outbox, counted over both threads that know of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxBounds:
    """The most records and bytes that wait to be acknowledged."""

    records: int
    bytes: int


@dataclass(slots=True, kw_only=True)
class Room:
    """What waits now; a record larger than all of the bound still fits into an empty outbox."""

    bounds: OutboxBounds
    records: int = 0
    bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def take(self, size: int) -> bool:
        """Make room for a record and return True, or return False where there is none."""
        with self._lock:
            full = self.records >= self.bounds.records or self.bytes + size > self.bounds.bytes
            if full and self.records:
                return False
            self.records += 1
            self.bytes += size
            return True

    def add(self, *, records: int, size: int) -> None:
        """Count what is there already, bound or not."""
        with self._lock:
            self.records += records
            self.bytes += size

    def free(self, size: int) -> None:
        """Give back the room of one record."""
        with self._lock:
            self.records -= 1
            self.bytes -= size
