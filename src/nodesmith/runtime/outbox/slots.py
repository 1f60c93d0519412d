"""Whose outbox file is whose: each running instance of a node on a host has one, and those of dead ones are taken over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from nodesmith.runtime.file_lock import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"outbox-(\d+)\.sqlite3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """An outbox file that is ours as long as we hold its lock."""

    path: Path
    lock: FileLock

    def remove(self) -> None:
        """Remove the file and what SQLite puts beside it, then let go."""
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self.lock.give_back()

    def give_back(self) -> None:
        """Let go; the file stays."""
        self.lock.give_back()


def first_free(folder: Path) -> Slot:
    """Take the lowest file that nobody has, be it new or left by an instance that died."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        if slot := _take(folder / f"outbox-{number}.sqlite3"):
            return slot
    raise AssertionError("count() does not end")


def left_behind(folder: Path, *, mine: Path) -> Iterator[Slot]:
    """Take the files of instances that died, one after the other."""
    for path in sorted(folder.glob("outbox-*.sqlite3")):
        if path != mine and _NAME.fullmatch(path.name) and (slot := _take(path)):
            if path.exists():
                yield slot
            else:
                slot.give_back()


def _take(path: Path) -> Slot | None:
    lock = FileLock(path.with_suffix(".lock"))
    return Slot(path=path, lock=lock) if lock.take() else None
