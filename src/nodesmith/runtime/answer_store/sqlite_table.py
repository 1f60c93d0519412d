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
_CLAIM = """
INSERT INTO answers (command, owner, lease_until) VALUES {rows}
ON CONFLICT (command) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
"""
_FINISH = """
INSERT INTO answers AS there (command, owner, lease_until, finished, size, answer) VALUES {rows}
ON CONFLICT (command) DO UPDATE SET
    owner = excluded.owner, finished = excluded.finished, size = excluded.size, answer = excluded.answer
{unless_finished}
"""
_LOOK = "SELECT command, owner, lease_until, answer FROM answers WHERE command IN ({commands})"
_TOO_MANY = """
DELETE FROM answers WHERE sequence IN (
    SELECT sequence FROM (
        SELECT sequence, sum(size) OVER (ORDER BY finished DESC, sequence DESC) AS total
        FROM answers WHERE finished IS NOT NULL
    ) WHERE total > ?
)
"""
# Many rows a statement: while one runs, the other threads have the interpreter. Below the 999 values that any SQLite takes.
_PORTION = 128

_Found = tuple[str, float, bytes | None]


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
            for command, found in self._rows(database, commands).items():
                if row := self._known(found, now):
                    rows[command] = row
            free = [command for command in commands if command not in rows]
            for some in _portions(free):
                values = [
                    value
                    for command in some
                    for value in (command, self._owner, now + self._bounds.lease_seconds)
                ]
                database.execute(_CLAIM.format(rows=_places("(?, ?, ?)", some)), values)
        return rows

    def finish(self, answers: Mapping[str, bytes], *, replace: bool) -> Mapping[str, bytes]:
        """Write answers; on the disk when this returns."""
        first: dict[str, bytes] = {}
        now = time.time()
        unless_finished = "" if replace else "WHERE there.finished IS NULL"
        with self._transaction(synchronous="FULL") as database:
            for some in _portions(list(answers)):
                values = [
                    value
                    for command in some
                    for value in (command, self._owner, now, len(answers[command]), answers[command])
                ]
                statement = _FINISH.format(
                    rows=_places("(?, ?, 0, ?, ?, ?)", some), unless_finished=unless_finished
                )
                if database.execute(statement, values).rowcount == len(some):
                    continue
                for command, (_, _, answer) in self._rows(database, some).items():
                    if answer is not None and answer != answers[command]:
                        first[command] = answer
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

    def _known(self, found: _Found, now: float) -> Row | None:
        """Return what is known of a command that is answered or that somebody works on, else None."""
        owner, lease_until, answer = found
        if answer is not None:
            return Row(answer=answer)
        # A lease longer than any that is given: the clock was set back.
        seconds = min(lease_until - now, self._bounds.lease_seconds)
        if seconds <= 0 or (owner != self._owner and not self._lives(owner)):
            return None
        return Row(answer=None, seconds=seconds)

    @staticmethod
    def _rows(database: sqlite3.Connection, commands: Sequence[str]) -> dict[str, _Found]:
        """Return the rows there are."""
        found: dict[str, _Found] = {}
        for some in _portions(commands):
            with closing(database.execute(_LOOK.format(commands=_places("?", some)), some)) as rows:
                found |= {command: (owner, until, answer) for command, owner, until, answer in rows}
        return found

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


def _portions(commands: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut into portions whose sizes are powers of two, so that the same few statements are prepared once."""
    start = 0
    while start < len(commands):
        size = min(_PORTION, 1 << ((len(commands) - start).bit_length() - 1))
        yield commands[start : start + size]
        start += size


def _places(row: str, commands: Sequence[str]) -> str:
    return ", ".join([row] * len(commands))
