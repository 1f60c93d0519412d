"""State in one SQLite file, which the instances of a node on one host share."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nodesmith.errors import InputError
from nodesmith.runtime.state_store.events import (
    KeyState,
    Known,
    read_reached,
    settle,
    write_reached,
)
from nodesmith.runtime.state_store.table import REMEMBERED_EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from nodesmith.runtime.state_store.events import Applied, Event
    from nodesmith.runtime.state_store.table import Rows

_BUSY_SECONDS = 10.0
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (
    key TEXT PRIMARY KEY,
    state TEXT,
    reached TEXT NOT NULL DEFAULT '[]',
    events INTEGER NOT NULL DEFAULT 0,
    off_bus INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS applied (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    envelope_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    intents TEXT NOT NULL,
    refusal TEXT NOT NULL DEFAULT ''
);
"""
# Files of before positions were kept: what they know is taken over.
_FROM_VERSION_0 = """
ALTER TABLE state RENAME TO state_before;
ALTER TABLE applied ADD COLUMN refusal TEXT NOT NULL DEFAULT '';
{schema}
INSERT INTO state (key, state) SELECT key, state FROM state_before;
DROP TABLE state_before;
"""
_KEY = "SELECT key, state, reached, events, off_bus FROM state"
_WRITE_KEY = (
    "INSERT INTO state (key, state, reached, events, off_bus) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (key) DO UPDATE SET state = excluded.state, reached = excluded.reached,"
    " events = excluded.events, off_bus = excluded.off_bus"
)
_KNOWN = "SELECT envelope_id, state, intents, refusal FROM applied"
_WRITE_KNOWN = "INSERT INTO applied (envelope_id, state, intents, refusal) VALUES (?, ?, ?, ?)"


class SqliteState:
    """A StateTable in a file. At least the last `remembered` ids are kept.

    With `durable` off nothing waits for the disk: for a file that is thrown away when the process dies.
    """

    away = (sqlite3.Error, OSError)
    unwritable = (sqlite3.DataError, UnicodeError, OverflowError)

    def __init__(self, path: Path, *, remembered: int = REMEMBERED_EVENTS, durable: bool = True) -> None:
        self._path = path
        self._remembered = remembered
        self._durable = durable
        self._database: sqlite3.Connection | None = None
        self._purged_at = 0

    def is_there(self) -> bool:
        """Return whether the file exists."""
        return self._path.exists()

    def open(self) -> None:
        """Open the file, made where it is missing."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._database = self._connect()
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute(f"PRAGMA synchronous={'FULL' if self._durable else 'OFF'}")
            with self._transaction() as database:
                self._make_tables(database)
        except BaseException:
            self.close()
            raise

    def apply(self, events: Sequence[Event]) -> Sequence[Applied | BaseException]:
        """Count events, each once; on the disk when this returns."""
        with self._transaction() as database:
            names, ids = {event.key for event in events}, {event.envelope_id for event in events}
            settled = settle(
                events,
                keys={name: key for name in names if (key := _key(database, name))},
                known={each: known for each in ids if (known := _known(database, each))},
            )
            database.executemany(
                _WRITE_KEY, [_key_row(key, settled.keys[key]) for key in sorted(settled.keys)]
            )
            database.executemany(_WRITE_KNOWN, map(_known_row, settled.known))
            self._purge(database)
            return settled.results

    def read(self, key: str) -> KeyState | None:
        """Return what is kept of a key."""
        return _key(self._opened, key)

    def alive(self) -> None:
        """Raise where the file cannot be read."""
        self._opened.execute("SELECT 1 FROM state LIMIT 1").close()

    @contextmanager
    def snapshot(self) -> Iterator[Rows]:
        """Give all that is stored now; a connection of its own holds it, and holds up nobody."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN")
            connection.execute(
                "SELECT 1 FROM state LIMIT 1"
            ).close()  # the first look is what fixes the moment
            yield _SqliteRows(connection)

    def replace(self, fresh: Callable[[Iterable[KeyState]], Rows]) -> None:
        """Put other rows in the place of all that is stored, in one transaction."""
        with self._transaction() as database:
            rows = fresh(key for _, key in _SqliteRows(database).states())
            database.execute("DELETE FROM state")
            database.execute("DELETE FROM applied")
            database.executemany(_WRITE_KEY, (_key_row(name, key) for name, key in rows.states()))
            database.executemany(_WRITE_KNOWN, map(_known_row, rows.known()))

    def close(self) -> None:
        """Close the file."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    @property
    def _opened(self) -> sqlite3.Connection:
        assert self._database is not None, "the table is opened before it is used"
        return self._database

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)

    def _make_tables(self, database: sqlite3.Connection) -> None:
        with closing(database.execute("PRAGMA user_version")) as rows:
            version = rows.fetchone()[0]
        if version == _VERSION:
            return
        if version > _VERSION:
            raise InputError(
                f"{self._path} was written by a newer nodesmith", fix="run the node with that one"
            )
        with closing(database.execute("SELECT 1 FROM sqlite_master WHERE name = 'state'")) as rows:
            script = _FROM_VERSION_0.format(schema=_SCHEMA) if rows.fetchone() else _SCHEMA
        for statement in filter(str.strip, script.split(";")):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {_VERSION}")

    def _purge(self, database: sqlite3.Connection) -> None:
        with closing(database.execute("SELECT max(sequence) FROM applied")) as rows:
            last = rows.fetchone()[0] or 0
        if last - self._purged_at >= max(1, self._remembered // 100):
            database.execute("DELETE FROM applied WHERE sequence <= ?", (last - self._remembered,))
            self._purged_at = last

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._opened
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise


class _SqliteRows:
    """The rows a connection sees."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def states(self) -> Iterator[tuple[str, KeyState]]:
        """Yield every key, in the order of their UTF-8, which is SQLite's own."""
        with closing(self._connection.execute(f"{_KEY} ORDER BY key")) as rows:
            for row in rows:
                yield row[0], _key_of(row)

    def known(self) -> Iterator[Known]:
        """Yield the events whose ids are remembered, the oldest first."""
        with closing(self._connection.execute(f"{_KNOWN} ORDER BY sequence")) as rows:
            yield from map(_known_of, rows)


def _key(database: sqlite3.Connection, key: str) -> KeyState | None:
    with closing(database.execute(f"{_KEY} WHERE key = ?", (key,))) as rows:
        row = rows.fetchone()
    return None if row is None else _key_of(row)


def _known(database: sqlite3.Connection, envelope_id: UUID) -> Known | None:
    with closing(database.execute(f"{_KNOWN} WHERE envelope_id = ?", (str(envelope_id),))) as rows:
        row = rows.fetchone()
    return None if row is None else _known_of(row)


def _key_of(row: tuple[Any, ...]) -> KeyState:
    return KeyState(state=row[1], reached=read_reached(row[2]), events=row[3], off_bus=row[4])


def _key_row(name: str, key: KeyState) -> tuple[object, ...]:
    return name, key.state, write_reached(key.reached), key.events, key.off_bus


def _known_of(row: tuple[Any, ...]) -> Known:
    return Known(envelope_id=UUID(row[0]), state=row[1], intents=row[2], refusal=row[3])


def _known_row(known: Known) -> tuple[object, ...]:
    return str(known.envelope_id), known.state, known.intents, known.refusal
