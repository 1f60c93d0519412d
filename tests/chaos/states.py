"""Where the effects of a reducer are: its own state, in which it keeps every entry that it has counted, in their order."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from chaos.sink import Effects, effects_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from chaos.sender import Command

# What a file that the node has not made yet, or is making, is said to be.
_NOTHING_YET = ("unable to open database file", "no such table: state")


class States:
    """The file of the state, from outside; `commands` tell which entry was whose."""

    def __init__(self, path: Path, commands: Iterable[Command]) -> None:
        self._address = f"{path.as_uri()}?mode=ro"
        self._commands = {(each.account, each.number): each.id for each in commands}

    def rows(self) -> int:
        """Return how many entries were counted, repeated ones among them."""
        rows = self._select("SELECT coalesce(sum(events), 0) FROM state")
        return int(rows[0][0]) if rows else 0

    def count(self) -> Effects:
        """Count all there is; an entry that nobody asked for is of a command that nobody sent."""
        states = [json.loads(state) for (state,) in self._select("SELECT state FROM state")]
        return effects_of(
            (
                self._commands.get((each["account"], number), f"{each['account']} {number}"),
                each["account"],
                number,
            )
            for each in states
            for number in each["numbers"]
        )

    def _select(self, query: str) -> list[tuple[str]]:
        try:
            with closing(sqlite3.connect(self._address, uri=True, timeout=10)) as database:
                return database.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if str(error) not in _NOTHING_YET:
                raise
            return []
