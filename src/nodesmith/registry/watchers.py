"""Hand what changes to those who watch: each instance's changes of half a second as one, and nobody is waited for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from nodesmith.registry.instance import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from nodesmith.registry.instance import ChangeKind, Key

FLUSH_SECONDS = 0.5
# So many changes of numbers are told at a time: the others come with the next, newer by then.
MOST_FIGURES = 200
# So many of other changes; where it is more, watchers had better read everything anew.
MOST_CHANGES = 1_000
# A watcher that is behind by so many batches is told to begin anew.
MOST_BEHIND = 8
MOST_WATCHERS = 200

# What of two changes of one instance is more worth telling.
_WEIGHT: Mapping[ChangeKind, int] = {
    "changed": 0,
    "conflict": 1,
    "returned": 2,
    "appeared": 3,
    "left": 4,
    "lost": 4,
    "forgotten": 5,
}

Batch = tuple[Change, ...]


class Watcher:
    """One who watches. Iterate over it: batches of changes, and None where some were missed."""

    def __init__(self) -> None:
        self._batches: asyncio.Queue[Batch | None] = asyncio.Queue()
        self._is_behind = False

    def give(self, batch: Batch | None) -> None:
        """Put a batch in its queue; one that is too far behind gets none before it has been told so."""
        if self._is_behind:
            return
        if batch is None or self._batches.qsize() >= MOST_BEHIND:
            while not self._batches.empty():
                self._batches.get_nowait()
            self._is_behind = True
            batch = None
        self._batches.put_nowait(batch)

    async def next(self) -> Batch | None:
        """Return what comes next."""
        batch = await self._batches.get()
        if batch is None:
            self._is_behind = False
        return batch


class Watchers:
    """All who watch, and those who are only woken. It belongs to the event loop."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()
        self._wake: list[Callable[[], None]] = []
        self._pending: dict[Key, Change] = {}
        self._flushing: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return how many watch."""
        return len(self._watchers)

    def wake_on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` when more than numbers has changed."""
        self._wake.append(callback)

    def publish(self, changes: Iterable[Change]) -> None:
        """Tell everybody who watches, at the latest in half a second."""
        lasting = False
        for change in changes:
            lasting = lasting or not change.only_figures
            if self._watchers:
                key = change.instance.key
                before = self._pending.get(key)
                self._pending[key] = change if before is None else _together(before, change)
        if lasting:
            for callback in self._wake:
                callback()
        if self._pending and (self._flushing is None or self._flushing.done()):
            self._flushing = asyncio.create_task(self._flush(), name="nodesmith registry watchers")

    def watch(self) -> Watcher | None:
        """Return a new watcher, to be given back with `leave`; None where there are too many."""
        if len(self._watchers) >= MOST_WATCHERS:
            return None
        watcher = Watcher()
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Watch no more."""
        self._watchers.discard(watcher)
        if not self._watchers:
            self._pending.clear()

    async def close(self) -> None:
        """Tell nobody any more."""
        if self._flushing is not None:
            self._flushing.cancel()
            await asyncio.wait({self._flushing})

    async def _flush(self) -> None:
        """Hand over what there is, then wait; go on while there is more."""
        while self._pending:
            batch = self._next_batch()
            for watcher in self._watchers:
                watcher.give(batch)
            await asyncio.sleep(FLUSH_SECONDS)

    def _next_batch(self) -> Batch | None:
        lasting = [change for change in self._pending.values() if not change.only_figures]
        if len(lasting) > MOST_CHANGES:
            self._pending.clear()
            return None
        figures = [change for change in self._pending.values() if change.only_figures][:MOST_FIGURES]
        batch = (*lasting, *figures)
        for change in batch:
            del self._pending[change.instance.key]
        return batch


def _together(first: Change, second: Change) -> Change:
    """Return two changes of one instance as one."""
    kind = max(first.kind, second.kind, key=lambda kind: (_WEIGHT[kind], kind == second.kind))
    if first.kind == "forgotten":
        kind = second.kind  # it is there again
    if first.kind == "lost" and second.kind == "returned":
        kind = "changed"
    return Change(
        kind=kind,
        instance=second.instance,
        before=first.before,
        only_figures=first.only_figures and second.only_figures,
    )
