"""How much was taken from each partition ahead of the work on it, and which partitions have to wait for that.

What one partition may hold is as much as is free for all: one whose records are stuck stops at half of the room and leaves
the rest to the others, however many of them are stuck as well. (A shared buffer with dynamic thresholds, as switches of
networks have it.)
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from nodesmith.runtime.progress import PartitionName

# A partition that waits goes on when it holds a third of what is free: each pause costs a fetch of what was taken ahead.
_GO_ON_AT = 3
_GUESSED_SIZE = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogBounds:
    """The most records and bytes that are taken ahead, of all partitions together."""

    records: int = 4_000
    bytes: int = 64 * 1_048_576


@dataclass(slots=True)
class _Held:
    records: int = 0
    bytes: int = 0


class Backlog:
    """Counts records from being taken, in the consumer's thread, to being done or dropped, on the event loop."""

    def __init__(self, bounds: BacklogBounds) -> None:
        self._bounds = bounds
        self._all = _Held()
        self._held: dict[PartitionName, _Held] = {}
        self._size = _GUESSED_SIZE  # of a record, on the average of those that came last
        self._lock = Lock()

    @property
    def records(self) -> int:
        """How many records are held."""
        return self._all.records

    @property
    def bytes(self) -> int:
        """How many bytes they have."""
        return self._all.bytes

    @property
    def room(self) -> int:
        """How many records there is room for, if they are as large as the last ones; may be less than nothing."""
        free = self._bounds.bytes - self._all.bytes
        return min(self._bounds.records - self._all.records, free // self._size)

    def take(self, records: Collection[tuple[PartitionName, int]]) -> None:
        """Count records, each by its partition and its size."""
        if not records:
            return
        self._size = max(1, sum(size for _, size in records) // len(records))
        with self._lock:
            for partition, size in records:
                held = self._held.setdefault(partition, _Held())
                for each in (held, self._all):
                    each.records += 1
                    each.bytes += size

    def drop(self, partition: PartitionName, size: int) -> None:
        """Count a record that was taken no longer: it is done, or somebody else's."""
        with self._lock:
            if (held := self._held.get(partition)) is None:
                return
            for each in (held, self._all):
                each.records -= 1
                each.bytes -= size
            if not held.records:
                del self._held[partition]

    def full(self, waiting: Collection[PartitionName] = ()) -> set[PartitionName]:
        """Return the partitions that no more should be taken of, of those that are `waiting` the ones that still are."""
        with self._lock:
            records = self._bounds.records - self._all.records
            size = self._bounds.bytes - self._all.bytes
            return {
                name
                for name, held in self._held.items()
                for factor in (_GO_ON_AT if name in waiting else 1,)
                if held.records * factor >= records or held.bytes * factor >= size
            }
