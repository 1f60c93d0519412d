"""What the handlers need from outside. This file is yours: it is never written again."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Self

from nodesmith.runtime import TemporaryError, data_directory

FILE_NAME = "orders.order_store.sqlite3"
LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_LOCKED)
SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    order_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, total TEXT NOT NULL
)
"""


class Resources:
    """A SQLite database in one file: `SQLITE_PATH`, or a file in the data directory."""

    def __init__(self) -> None:
        """Open nothing yet: that happens when the node starts."""
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection to one handler at a time; commit, or roll back if it fails.

        While another process keeps the database locked, the command is tried again.
        """
        with self._lock:
            if self._connection is None:
                raise RuntimeError("the database is open only while the node runs")
            try:
                with self._connection as connection:
                    yield connection
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in LOCKED:
                    raise
                raise TemporaryError(f"SQLite: {error}", dependency="sqlite") from error

    async def __aenter__(self) -> Self:
        """Open the database, and make its folder where there is none."""
        chosen = os.environ.get("SQLITE_PATH")
        path = Path(chosen) if chosen else data_directory() / FILE_NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        # Handlers run in worker threads; the lock lets in one of them at a time.
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.execute(SCHEMA)
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Close the database."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
