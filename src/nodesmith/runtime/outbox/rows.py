"""The file of an outbox: one row a record that is not acknowledged, and the records no broker would take."""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nodesmith.runtime.wire_record import WireRecord, read_headers, write_headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

logger = logging.getLogger("nodesmith.runtime.outbox")

_BUSY_SECONDS = 2.0
# A write that is tried to find out whether there is room again: larger than what a file system keeps for small ones.
_TRIED_BYTES = 65_536
_SHRINK_BYTES = 16 * 1_048_576
_SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    sequence INTEGER PRIMARY KEY, topic TEXT NOT NULL, key BLOB, headers TEXT NOT NULL, value BLOB, size INTEGER NOT NULL,
    taken_at REAL NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS refused (
    number INTEGER PRIMARY KEY, topic TEXT NOT NULL, key BLOB, headers TEXT NOT NULL, value BLOB,
    error TEXT NOT NULL, refused_at REAL NOT NULL
);
"""
_PAGE_RECORDS = 500
_PAGE_BYTES = 8 * 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record and its place in the order of the outbox; `taken_at` is when it came there, in seconds of the epoch."""

    sequence: int
    record: WireRecord
    taken_at: float = 0.0


class OutboxRows:
    """Rows of one file, for the one thread that owns it. What is written is on the disk when a method returns."""

    def __init__(self, path: Path) -> None:
        """Open the file, made where it is missing."""
        self._database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(_SCHEMA)
            self._bring_up_to_date()
            if path.stat().st_size > _SHRINK_BYTES and not self.totals()[0]:
                self._database.execute("VACUUM")
        except BaseException:
            self._database.close()
            raise

    def totals(self) -> tuple[int, int]:
        """Return how many records wait and how many bytes they have."""
        with closing(self._database.execute("SELECT count(*), coalesce(sum(size), 0) FROM waiting")) as rows:
            records, size = rows.fetchone()
        return int(records), int(size)

    def last(self) -> int:
        """Return the highest sequence, 0 where nothing waits."""
        with closing(self._database.execute("SELECT coalesce(max(sequence), 0) FROM waiting")) as rows:
            return int(rows.fetchone()[0])

    def oldest(self) -> float | None:
        """Return when the first record that waits was taken, None where none does."""
        query = "SELECT taken_at FROM waiting ORDER BY sequence LIMIT 1"
        with closing(self._database.execute(query)) as rows:
            row = rows.fetchone()
        return None if row is None else float(row[0])

    def write(self, records: Iterable[StoredRecord] = (), *, gone: Iterable[int] = ()) -> None:
        """Write records and forget those that are acknowledged, in one transaction."""
        with self._transaction():
            self._delete(gone)
            self._insert(records)

    def refuse(self, refused: StoredRecord, *, error: str) -> None:
        """Keep a record apart that will not be sent again, with the reason."""
        with self._transaction():
            self._delete([refused.sequence])
            record = refused.record
            self._database.execute(
                "INSERT INTO refused (topic, key, headers, value, error, refused_at) VALUES (?, ?, ?, ?, ?, ?)",
                (record.topic, record.key, write_headers(record.headers), record.value, error, time.time()),
            )

    def page(self, *, after: int) -> tuple[list[StoredRecord], bool]:
        """Return records that follow `after`, in order, and whether these are all: no more than memory should hold."""
        page: list[StoredRecord] = []
        size = 0
        for stored in self._select("WHERE sequence > ? ORDER BY sequence LIMIT ?", (after, _PAGE_RECORDS)):
            page.append(stored)
            size += stored.record.size
            if size > _PAGE_BYTES:
                return page, False
        return page, len(page) < _PAGE_RECORDS

    def read(self, sequence: int) -> WireRecord | None:
        """Return one record."""
        return next((found.record for found in self._select("WHERE sequence = ?", (sequence,))), None)

    def move_page(self, target: OutboxRows, *, first: int) -> list[StoredRecord]:
        """Move the oldest records to the end of another file, where they begin at `first`; return them.

        There before they are gone here: a crash between leaves them in both, and they are sent twice rather than never.
        """
        page, _ = self.page(after=0)
        if page:
            target.write(replace(stored, sequence=first + n) for n, stored in enumerate(page))
            self.write(gone=[stored.sequence for stored in page])
        return page

    def move_refused(self, target: OutboxRows) -> None:
        """Move what was refused to another file."""
        columns = "topic, key, headers, value, error, refused_at"
        with closing(self._database.execute(f"SELECT {columns} FROM refused ORDER BY number")) as rows:  # noqa: S608 - our own names
            refused = rows.fetchall()
        if refused:
            with target._transaction() as database:
                database.executemany(f"INSERT INTO refused ({columns}) VALUES (?, ?, ?, ?, ?, ?)", refused)  # noqa: S608
            with self._transaction() as database:
                database.execute("DELETE FROM refused")

    def try_to_write(self) -> None:
        """Raise sqlite3.Error where nothing can be written."""
        with self._transaction() as database:
            database.execute(
                "INSERT INTO refused (number, topic, headers, value, error, refused_at) VALUES (-1, '', '', zeroblob(?), '', 0)",
                (_TRIED_BYTES,),
            )
        with self._transaction() as database:
            database.execute("DELETE FROM refused WHERE number = -1")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _bring_up_to_date(self) -> None:
        """Add what a file of an earlier nodesmith does not have; its records are as old as that is."""
        with closing(self._database.execute("PRAGMA table_info(waiting)")) as rows:
            if any(row[1] == "taken_at" for row in rows):
                return
        with self._transaction() as database:
            database.execute("ALTER TABLE waiting ADD COLUMN taken_at REAL NOT NULL DEFAULT 0")
            database.execute("UPDATE waiting SET taken_at = ?", (time.time(),))

    def _insert(self, records: Iterable[StoredRecord]) -> None:
        self._database.executemany(
            "INSERT OR REPLACE INTO waiting (sequence, topic, key, headers, value, size, taken_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (each.sequence, r.topic, r.key, write_headers(r.headers), r.value, r.size, each.taken_at)
                for each in records
                for r in (each.record,)
            ),
        )

    def _delete(self, sequences: Iterable[int]) -> None:
        self._database.executemany("DELETE FROM waiting WHERE sequence = ?", ((each,) for each in sequences))

    def _select(self, where: str, values: Sequence[int]) -> Iterator[StoredRecord]:
        query = f"SELECT sequence, topic, key, headers, value, taken_at FROM waiting {where}"  # noqa: S608 - our own words
        with closing(self._database.execute(query, values)) as rows:
            for sequence, topic, key, headers, value, taken_at in rows:
                record = WireRecord(topic=topic, key=key, headers=read_headers(headers), value=value)
                yield StoredRecord(sequence=sequence, record=record, taken_at=taken_at)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise


def open_rows(path: Path) -> OutboxRows:
    """Open a file; one that is none of SQLite's is put aside with a word, for nobody could read it."""
    try:
        return OutboxRows(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
        logger.error("%s is damaged (%s) and is put aside as %s", path, error, aside.name)  # noqa: TRY400 - no frames for a file's fault
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.rename(aside)
        return OutboxRows(path)
