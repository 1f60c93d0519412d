"""Outbox files of instances that died: their records move, page by page, into the file of one that runs."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING

from nodesmith.runtime.outbox.rows import open_rows
from nodesmith.runtime.outbox.slots import left_behind

if TYPE_CHECKING:
    from pathlib import Path

    from nodesmith.runtime.outbox.rows import OutboxRows, StoredRecord
    from nodesmith.runtime.outbox.slots import Slot

logger = logging.getLogger("nodesmith.runtime.outbox")

_LOOK_SECONDS = 10.0


class Adoption:
    """Takes over one file of `folder` after the other; for the one thread that owns our own file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._slot: Slot | None = None
        self._rows: OutboxRows | None = None
        self._next_look = 0.0

    @property
    def under_way(self) -> bool:
        """Whether a file is being taken over."""
        return self._rows is not None

    def move_page(self, ours: OutboxRows, *, mine: Path, first: int, now: float) -> list[StoredRecord]:
        """Move a page of records to the end of `ours`, at `mine`, where they begin at `first`; return them.

        Raises sqlite3.Error where a file cannot be read or ours not be written; then it goes on where it was.
        """
        if self._rows is None and not self._look(mine, now=now):
            return []
        assert self._rows is not None
        page = self._rows.move_page(ours, first=first)
        if not page:
            self._rows.move_refused(ours)
            self._remove()
        return page

    def give_back(self) -> None:
        """Leave what is not moved to the next one that looks."""
        slot, rows = self._let_go()
        if rows is not None:
            rows.close()
        if slot is not None:
            slot.give_back()

    def _look(self, mine: Path, *, now: float) -> bool:
        """Take a file that nobody has, where it is time to look for one and there is one."""
        if now < self._next_look:
            return False
        self._next_look = now + _LOOK_SECONDS
        slot = next(left_behind(self._folder, mine=mine), None)
        if slot is None:
            return False
        try:
            self._rows = open_rows(slot.path)
        except sqlite3.Error:
            slot.give_back()
            raise
        self._slot = slot
        logger.info("adopting %s, which an instance left", slot.path.name)
        return True

    def _remove(self) -> None:
        slot, rows = self._let_go()
        assert slot is not None
        assert rows is not None
        rows.close()
        slot.remove()
        self._next_look = 0.0  # perhaps there is another one

    def _let_go(self) -> tuple[Slot | None, OutboxRows | None]:
        found = self._slot, self._rows
        self._slot = self._rows = None
        return found
