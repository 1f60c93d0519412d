"""Which records are done, and so what may be committed of each partition."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from threading import Lock

PartitionName = tuple[str, int]


@dataclass(slots=True)
class PartitionProgress:
    """The records of one partition that were taken and not committed, in their order."""

    _taken: deque[int] = field(default_factory=deque)
    _done: set[int] = field(default_factory=set)

    @property
    def first(self) -> int:
        """The first record that is not done; there is one."""
        return self._taken[0]

    def __contains__(self, offset: object) -> bool:
        """Whether a record was taken and is not done."""
        return offset in self._taken and offset not in self._done

    def begin(self, offset: int) -> None:
        """Take note of a record, in the order of the partition."""
        self._taken.append(offset)

    def finish(self, offset: int) -> int | None:
        """Mark a record as done; return the offset to commit where all before it are done as well, else None."""
        self._done.add(offset)
        commit = None
        while self._taken and self._taken[0] in self._done:
            first = self._taken.popleft()
            self._done.remove(first)
            commit = first + 1
        return commit


class Commits:
    """Offsets on their way from the event loop to the thread that owns the consumer."""

    def __init__(self) -> None:
        self._offsets: dict[PartitionName, int] = {}
        self._lock = Lock()

    def put(self, partition: PartitionName, offset: int) -> None:
        """Offer an offset; a lower one than is known is old news."""
        with self._lock:
            self._offsets[partition] = max(offset, self._offsets.get(partition, offset))

    def take(self) -> dict[PartitionName, int]:
        """Return all offsets and forget them."""
        with self._lock:
            offsets, self._offsets = self._offsets, {}
            return offsets
