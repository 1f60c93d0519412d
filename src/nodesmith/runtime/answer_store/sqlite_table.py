"""Records of answers in one SQLite file, which the instances of a node on one host share."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from nodesmith.runtime.answer_store.table import KEPT_OF_BOUND, AnswerBounds, Row
from nodesmith.runtime.file_lock import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_BUSY_SECONDS = 10.0
_TRIED_BYTES = 16_384
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    sequence INTEGER PRIMARY KEY,
    command TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    lease_until REAL NOT NULL,
    finished REAL,
    size INTEGER,
    answer BLOB
);
CREATE INDEX IF NOT EXISTS answers_by_age ON answers (finished, size) WHERE finished IS NOT NULL;
"""
_TOO_MANY = """
DELETE FROM answers WHERE sequence IN (
    SELECT sequence FROM (
        SELECT sequence, sum(size) OVER (ORDER BY finished DESC, sequence DESC) AS total
        FROM answers WHERE finished IS NOT NULL
    ) WHERE total > ?
)
"""


class SqliteAnswers:
    """An AnswerTable in a file.

    Whether the owner of a claim still lives is known on one host: it holds a lock on a file of its own as long as it does.
    So the claims of a process that died are taken over at once, and those of one that hangs after their lease.
    """

    def __init__(self, path: Path, *, bounds: AnswerBounds) -> None:
        self._path = path
        self._bounds = bounds
        self._owner = str(uuid4())
        self._alive = FileLock(self._owner_file(self._owner))
        self._database: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file, made where it is missing."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._owner_file(self._owner).parent.mkdir(exist_ok=True)
        self._alive.take()
        self._database = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.executescript(_SCHEMA)
            self._try_to_write()
        except BaseException:
            self.close(for_good=False)
            raise

    def claim(self, commands: Sequence[str]) -> Mapping[str, Row]:
        """Claim what is free; a claim need not survive a loss of power, so nothing waits for the disk here."""
        rows: dict[str, Row] = {}
        now = time.time()
        with self._transaction(synchronous="NORMAL") as database:
            for command in commands:
                row = self._known(database, command, now)
                if row is not None:
                    rows[command] = row
                    continue
                database.execute(
                    "INSERT INTO answers (command, owner, lease_until) VALUES (?, ?, ?)"
                    " ON CONFLICT (command) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until",
                    (command, self._owner, now + self._bounds.lease_seconds),
                )
        return rows

    def finish(self, answers: Mapping[str, bytes], *, replace: bool) -> Mapping[str, bytes]:
        """Write answers; on the disk when this returns."""
        first: dict[str, bytes] = {}
        now = time.time()
        with self._transaction(synchronous="FULL") as database:
            for command, answer in answers.items():
                row = None if replace else self._row(database, command)
                if row is not None and row[2] is not None:
                    first[command] = row[2]
                    continue
                database.execute(
                    "INSERT INTO answers (command, owner, lease_until, finished, size, answer) VALUES (?, ?, 0, ?, ?, ?)"
                    " ON CONFLICT (command) DO UPDATE SET owner = excluded.owner, finished = excluded.finished,"
                    " size = excluded.size, answer = excluded.answer",
                    (command, self._owner, now, len(answer), answer),
                )
        return first

    def renew(self, commands: Sequence[str]) -> None:
        """Hold claims for another lease."""
        until = time.time() + self._bounds.lease_seconds
        with self._transaction(synchronous="NORMAL") as database:
            database.executemany(
                "UPDATE answers SET lease_until = ? WHERE command = ? AND owner = ? AND finished IS NULL",
                [(until, command, self._owner) for command in commands],
            )

    def abandon(self, commands: Sequence[str]) -> None:
        """Give claims back."""
        with self._transaction(synchronous="NORMAL") as database:
            database.executemany(
                "DELETE FROM answers WHERE command = ? AND owner = ? AND finished IS NULL",
                [(command, self._owner) for command in commands],
            )

    def purge(self) -> int:
        """Drop what is too old or too much, and claims of commands that nobody has come back for."""
        now = time.time()
        oldest = now - self._bounds.keep_seconds
        with self._transaction(synchronous="NORMAL") as database:
            dropped = database.execute("DELETE FROM answers WHERE finished < ?", (oldest,)).rowcount
            database.execute("DELETE FROM answers WHERE finished IS NULL AND lease_until < ?", (oldest,))
            with closing(
                database.execute("SELECT sum(size) FROM answers WHERE finished IS NOT NULL")
            ) as rows:
                total = rows.fetchone()[0] or 0
            if total > self._bounds.keep_bytes:
                dropped += database.execute(
                    _TOO_MANY, (int(self._bounds.keep_bytes * KEPT_OF_BOUND),)
                ).rowcount
        return dropped

    def close(self, *, for_good: bool) -> None:
        """Close the file; this process counts as alive until `for_good`, or until it ends."""
        database, self._database = self._database, None
        if database is not None:
            database.close()
        if for_good:
            self._alive.give_back()

    def _try_to_write(self) -> None:
        """Raise sqlite3.Error where nothing can be written: a disk that is full lets a file be opened."""
        with self._transaction(synchronous="NORMAL") as database:
            database.execute(
                "INSERT INTO answers (command, owner, lease_until, answer) VALUES (?, ?, 0, zeroblob(?))",
                (self._owner, self._owner, _TRIED_BYTES),
            )
        with self._transaction(synchronous="NORMAL") as database:
            database.execute("DELETE FROM answers WHERE command = ?", (self._owner,))

    def _known(self, database: sqlite3.Connection, command: str, now: float) -> Row | None:
        """Return the row of a command that is answered or that somebody works on, else None."""
        row = self._row(database, command)
        if row is None:
            return None
        owner, lease_until, answer = row
        if answer is not None:
            return Row(answer=answer)
        # A lease longer than any that is given: the clock was set back.
        seconds = min(lease_until - now, self._bounds.lease_seconds)
        if seconds <= 0 or (owner != self._owner and not self._lives(owner)):
            return None
        return Row(answer=None, seconds=seconds)

    @staticmethod
    def _row(database: sqlite3.Connection, command: str) -> tuple[str, float, bytes | None] | None:
        query = "SELECT owner, lease_until, answer FROM answers WHERE command = ?"
        with closing(database.execute(query, (command,))) as rows:
            row: tuple[str, float, bytes | None] | None = rows.fetchone()
        return row

    def _lives(self, owner: str) -> bool:
        return FileLock(self._owner_file(owner)).held_by_somebody()

    def _owner_file(self, owner: str) -> Path:
        return self._path.parent / "owners" / f"{owner}.lock"

    @contextmanager
    def _transaction(self, *, synchronous: str) -> Iterator[sqlite3.Connection]:
        database = self._database
        assert database is not None, "the table is opened before it is used"
        database.execute(f"PRAGMA synchronous={synchronous}")
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
