"""Records of answers in one SQLite file, which the instances of a node on one host share."""

from __future__ import annotations

import json
import math
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
# One statement for any number of rows, and a transaction of its own: each time a statement comes back its thread has to wait
# for the interpreter, which is what costs most here.
_CLAIM = """
INSERT INTO answers (command, owner, lease_until)
SELECT value, :owner, :until FROM json_each(:commands) WHERE true
ON CONFLICT (command) DO NOTHING
"""
_TAKE_OVER = """
UPDATE answers SET owner = :owner, lease_until = :until
WHERE command IN (SELECT value FROM json_each(:commands)) AND finished IS NULL
"""
# `places` says of each command where in `all` its answer begins, counted from 1, and how long it is.
_FINISH = """
INSERT INTO answers AS there (command, owner, lease_until, finished, size, answer)
SELECT json_extract(value, '$[0]'), :owner, 0, :now, json_extract(value, '$[2]'),
    substr(:all, json_extract(value, '$[1]'), json_extract(value, '$[2]'))
FROM json_each(:places) WHERE true
ON CONFLICT (command) DO UPDATE SET
    owner = excluded.owner, finished = excluded.finished, size = excluded.size, answer = excluded.answer
WHERE there.finished IS NULL OR :replace
"""
_LOOK = """
SELECT command, owner, lease_until, answer FROM answers WHERE command IN (SELECT value FROM json_each(?))
"""
_TOO_MANY = """
DELETE FROM answers WHERE sequence IN (
    SELECT sequence FROM (
        SELECT sequence, sum(size) OVER (ORDER BY finished DESC, sequence DESC) AS total
        FROM answers WHERE finished IS NOT NULL
    ) WHERE total > ?
)
"""
# Pages of the log that are carried over at once.
_CHECKPOINT_PAGES = 4_000

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
        self._until = 0.0
        self._database: sqlite3.Connection | None = None
        # What it writes is on the disk when it returns; the other leaves that to the system.
        self._durable: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file, made where it is missing."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._owner_file(self._owner).parent.mkdir(exist_ok=True)
        self._alive.take()
        self._database = self._connect("NORMAL")
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.executescript(_SCHEMA)
            self._try_to_write()
            self._durable = self._connect("FULL")
        except BaseException:
            self.close(for_good=False)
            raise

    def _connect(self, synchronous: str) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        database.execute(f"PRAGMA synchronous={synchronous}")
        database.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        return database

    def claim(self, commands: Sequence[str]) -> Mapping[str, Row]:
        """Claim what is free; a claim need not survive a loss of power, so nothing waits for the disk here."""
        now = time.time()
        # Later than any before, so that it tells which rows are those of this very claim.
        self._until = max(now + self._bounds.lease_seconds, math.nextafter(self._until, math.inf))
        mine = {"owner": self._owner, "until": self._until}
        if self._write(_CLAIM, {**mine, "commands": json.dumps(commands)}) == len(commands):
            return {}
        rows: dict[str, Row] = {}
        with self._transaction() as database:
            found = self._rows(database, commands)
            database.execute(
                _CLAIM, {**mine, "commands": json.dumps([each for each in commands if each not in found])}
            )
            free = []
            for command, (owner, until, answer) in found.items():
                if answer is None and (owner, until) == (self._owner, self._until):
                    continue
                if row := self._known((owner, until, answer), now):
                    rows[command] = row
                else:
                    free.append(command)
            database.execute(_TAKE_OVER, {**mine, "commands": json.dumps(free)})
        return rows

    def finish(self, answers: Mapping[str, bytes], *, replace: bool) -> Mapping[str, bytes]:
        """Write answers; on the disk when this returns."""
        places, start = [], 1
        for command, answer in answers.items():
            places.append((command, start, len(answer)))
            start += len(answer)
        values = {
            "owner": self._owner,
            "now": time.time(),
            "places": json.dumps(places),
            "all": b"".join(answers.values()),
            "replace": replace,
        }
        if self._write(_FINISH, values, durably=True) == len(answers):
            return {}
        assert self._database is not None
        found = self._rows(self._database, list(answers))
        return {
            command: answer
            for command, (_, _, answer) in found.items()
            if answer is not None and answer != answers[command]
        }

    def renew(self, commands: Sequence[str]) -> None:
        """Hold claims for another lease."""
        until = time.time() + self._bounds.lease_seconds
        with self._transaction() as database:
            database.executemany(
                "UPDATE answers SET lease_until = ? WHERE command = ? AND owner = ? AND finished IS NULL",
                [(until, command, self._owner) for command in commands],
            )

    def abandon(self, commands: Sequence[str]) -> None:
        """Give claims back."""
        with self._transaction() as database:
            database.executemany(
                "DELETE FROM answers WHERE command = ? AND owner = ? AND finished IS NULL",
                [(command, self._owner) for command in commands],
            )

    def purge(self) -> int:
        """Drop what is too old or too much, and claims of commands that nobody has come back for."""
        now = time.time()
        oldest = now - self._bounds.keep_seconds
        with self._transaction() as database:
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
        for database in (self._durable, self._database):
            if database is not None:
                database.close()
        self._durable = self._database = None
        if for_good:
            self._alive.give_back()

    def _try_to_write(self) -> None:
        """Raise sqlite3.Error where nothing can be written: a disk that is full lets a file be opened."""
        with self._transaction() as database:
            database.execute(
                "INSERT INTO answers (command, owner, lease_until, answer) VALUES (?, ?, 0, zeroblob(?))",
                (self._owner, self._owner, _TRIED_BYTES),
            )
        with self._transaction() as database:
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
        with closing(database.execute(_LOOK, (json.dumps(commands),))) as rows:
            return {command: (owner, until, answer) for command, owner, until, answer in rows}

    def _lives(self, owner: str) -> bool:
        return FileLock(self._owner_file(owner)).held_by_somebody()

    def _owner_file(self, owner: str) -> Path:
        return self._path.parent / "owners" / f"{owner}.lock"

    def _write(self, statement: str, values: Mapping[str, object], *, durably: bool = False) -> int:
        """Carry out one statement, and return how many rows it wrote."""
        database = self._durable if durably else self._database
        assert database is not None, "the table is opened before it is used"
        return database.execute(statement, values).rowcount

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._database
        assert database is not None, "the table is opened before it is used"
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
