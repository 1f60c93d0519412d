"""Where a reducer's state is kept: in memory, or in one SQLite file with the ids of the events it already counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

REMEMBERED_EVENTS = 100_000
_BUSY_SECONDS = 10.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS applied (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    envelope_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    intents TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What an event came to: the state after it and the intents it asked for, both as JSON."""

    state: str
    intents: str


# Takes the stored state of the key, None where there is none yet.
Fold = Callable[[str | None], Applied]


class StateStore(Protocol):
    """Keeps one state for each key. Its methods block; one thread at a time is let in."""

    def read(self, key: str) -> str | None:
        """Return the state of `key`, None where no event has come for it."""

    def apply(self, *, key: str, envelope_id: UUID, fold: Fold) -> Applied:
        """Fold one event into the state of `key`, once: seen again, it is answered as it was the first time."""

    def close(self) -> None:
        """Let go of what is held."""


class MemoryState:
    """State that lasts as long as the process; for `process()` of a node that was not started.

    Every call of `process()` is an event of its own, so there are no ids to remember.
    """

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._lock = Lock()

    def read(self, key: str) -> str | None:
        """Return the state of `key`."""
        return self._states.get(key)

    def apply(self, *, key: str, envelope_id: UUID, fold: Fold) -> Applied:  # noqa: ARG002 - see above
        """Fold one event into the state of `key`."""
        with self._lock:
            applied = fold(self._states.get(key))
            self._states[key] = applied.state
            return applied

    def close(self) -> None:
        """Hold nothing."""


class SqliteState:
    """State in one SQLite file, which several processes of one host may share.

    The new state and the event's id are written in one transaction that is on the disk when `apply` returns, so an event
    that is delivered twice counts once. At least the last `remembered` ids are kept.
    """

    def __init__(self, path: Path, *, remembered: int = REMEMBERED_EVENTS) -> None:
        self._remembered = remembered
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._database = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(_SCHEMA)
        except BaseException:
            self._database.close()
            raise

    def read(self, key: str) -> str | None:
        """Return the state of `key`."""
        with self._lock:
            return self._one("SELECT state FROM state WHERE key = ?", key)

    def apply(self, *, key: str, envelope_id: UUID, fold: Fold) -> Applied:
        """Fold one event into the state of `key`, unless its id is known: then return what it came to before."""
        with self._lock, self._transaction():
            with closing(
                self._database.execute(
                    "SELECT state, intents FROM applied WHERE envelope_id = ?", (str(envelope_id),)
                )
            ) as rows:
                if known := rows.fetchone():
                    return Applied(state=known[0], intents=known[1])
            applied = fold(self._one("SELECT state FROM state WHERE key = ?", key))
            self._write(key, envelope_id, applied)
            return applied

    def close(self) -> None:
        """Close the file, after the one that is at work on it."""
        with self._lock:
            self._database.close()

    def _one(self, query: str, key: str) -> str | None:
        with closing(self._database.execute(query, (key,))) as rows:
            row = rows.fetchone()
        return None if row is None else str(row[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _write(self, key: str, envelope_id: UUID, applied: Applied) -> None:
        self._database.execute(
            "INSERT INTO state (key, state) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET state = excluded.state",
            (key, applied.state),
        )
        written = self._database.execute(
            "INSERT INTO applied (envelope_id, state, intents) VALUES (?, ?, ?)",
            (str(envelope_id), applied.state, applied.intents),
        )
        sequence = written.lastrowid or 0
        if sequence % max(1, self._remembered // 100) == 0:
            self._database.execute("DELETE FROM applied WHERE sequence <= ?", (sequence - self._remembered,))
