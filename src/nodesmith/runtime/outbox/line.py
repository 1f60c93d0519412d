"""In which order records leave: those of one key one after the other, also when some have to be sent again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from nodesmith.runtime.wire_record import WireRecord

Lane = tuple[str, bytes | None]

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
_DOUBLINGS = 10


@dataclass(slots=True, eq=False, kw_only=True)
class Entry:
    """A record on its way. `record` is None while it is only in the file, `sequence` its place in the order."""

    lane: Lane
    size: int
    record: WireRecord | None
    sequence: int = 0
    taken: float = 0.0
    # When it was taken by the clock, and when the Kafka client was given it.
    taken_at: float = 0.0
    given: float = 0.0
    stored: bool = False
    # Whether this record must be on disk before it leaves: somebody is told that it is safe.
    must_be_stored: bool = False
    # The broker refused a batch with it for its size: whose fault that was shows when it is sent alone.
    alone: bool = False
    attempts: int = 0
    on_stored: asyncio.Future[None] | None = None
    on_acknowledged: asyncio.Future[None] | None = None

    @property
    def pause(self) -> float:
        """How long to wait before it is sent again."""
        return float(min(_FIRST_PAUSE_SECONDS * 2 ** min(self.attempts, _DOUBLINGS), _LONGEST_PAUSE_SECONDS))


@dataclass(slots=True)
class Line:
    """The entries that may leave now, and those that wait for another attempt with what stands behind them.

    A record without a key has no one to keep in order with.
    """

    ready: deque[Entry] = field(default_factory=deque)
    _waiting: list[Entry] = field(default_factory=list)
    _held: dict[Lane, float] = field(default_factory=dict)
    _keyless: list[tuple[float, Entry]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ready) + len(self._waiting) + len(self._keyless)

    @property
    def waiting(self) -> int:
        """How many wait for another attempt, or behind one."""
        return len(self._waiting) + len(self._keyless)

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Put entries that were taken out back in front, in their order."""
        again = sorted([*entries, *self.ready], key=lambda entry: entry.sequence)
        self.ready = deque(again)

    def hold(self, entry: Entry, *, now: float) -> None:
        """Let an entry wait for another attempt, and with it those of its key that come after it."""
        entry.attempts += 1
        due = now + entry.pause
        if entry.stored:
            entry.record = None  # read again from the file when its time comes
        if entry.lane[1] is None:
            self._keyless.append((due, entry))
            return
        self._waiting.append(entry)
        self._held[entry.lane] = max(due, self._held.get(entry.lane, due))

    def next(self) -> Entry | None:
        """Take out the next entry that may leave; those of a key that waits are put behind it."""
        while self.ready:
            entry = self.ready.popleft()
            if entry.lane not in self._held:
                return entry
            if entry.stored:
                entry.record = None
            self._waiting.append(entry)
        return None

    def release(self, *, now: float) -> None:
        """Make those ready whose time has come."""
        if not (self._held or self._keyless):
            return
        due = {lane for lane, when in self._held.items() if when <= now}
        back = [entry for entry in self._waiting if entry.lane in due]
        if due:
            self._waiting = [entry for entry in self._waiting if entry.lane not in due]
            for lane in due:
                del self._held[lane]
        back += [entry for when, entry in self._keyless if when <= now]
        self._keyless = [(when, entry) for when, entry in self._keyless if when > now]
        if back:
            self.put_back(back)

    def everything(self) -> list[Entry]:
        """Return all entries, in no order."""
        return [*self.ready, *self._waiting, *(entry for _, entry in self._keyless)]
