"""Where the effects are: a SQLite file that the handlers write, and that is counted here."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SCHEMA = """
CREATE TABLE entries (
    place INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, account TEXT NOT NULL, number INTEGER NOT NULL
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What was counted: effects of different commands, repeated ones, and those that came before an earlier one."""

    distinct: int
    repeated: int
    out_of_order: int
    commands: frozenset[str]


class Counted(Protocol):
    """Where effects are counted: a Sink, or the States of a reducer."""

    def rows(self) -> int:
        """Return how many effects there are, repeated ones among them."""

    def count(self) -> Effects:
        """Count all there is."""


class Sink:
    """The file, from outside."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Make the table; readers do not wait for writers."""
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(_SCHEMA)

    def rows(self) -> int:
        """Return how many effects there are, repeated ones among them."""
        with closing(sqlite3.connect(self.path)) as database:
            return int(database.execute("SELECT coalesce(max(place), 0) FROM entries").fetchone()[0])

    def count(self) -> Effects:
        """Count all there is, in the order it was written."""
        with closing(sqlite3.connect(self.path)) as database:
            return effects_of(database.execute("SELECT command, account, number FROM entries ORDER BY place"))


def effects_of(entries: Iterable[tuple[str, str, int]]) -> Effects:
    """Count entries in the order they were made in: of which command each is, of which account, and its number there."""
    seen: set[str] = set()
    latest: dict[str, int] = {}
    repeated = out_of_order = 0
    for command, account, number in entries:
        if command in seen:
            repeated += 1
            continue
        seen.add(command)
        out_of_order += number <= latest.get(account, 0)
        latest[account] = max(number, latest.get(account, 0))
    return Effects(distinct=len(seen), repeated=repeated, out_of_order=out_of_order, commands=frozenset(seen))
