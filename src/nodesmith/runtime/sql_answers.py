"""The record of an answer in a handler's own transaction: a command's effect on SQL and the proof that it is done are one.

    with connection:                                  # sqlite3, or psycopg
        if done := recorded_output(connection, ModelStoreOrderOutput):
            return done
        ...                                           # the effect
        record_output(connection, output)

Between an effect and the node's own record of its answer a crash can happen, and the command then comes again. Where the
effect is in a database that the record can be in as well, this closes that gap: either both are there or neither is.
The table `nodesmith_answers` is made on first use, in the caller's database and by the caller's transaction.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from nodesmith.errors import OperationError
from nodesmith.runtime.context import current_command

if TYPE_CHECKING:
    import psycopg
    from pydantic import BaseModel

__all__ = ["record_output", "record_output_async", "recorded_output", "recorded_output_async"]

OutputT = TypeVar("OutputT", bound="BaseModel")

# Longer than a command can come back by itself, and than most people take to look through dead letters.
KEEP_SECONDS = 30 * 86_400.0
_TABLE = """
CREATE TABLE IF NOT EXISTS nodesmith_answers (
    idempotency_key text NOT NULL PRIMARY KEY,
    operation text NOT NULL,
    output text NOT NULL,
    recorded_at double precision NOT NULL
)
"""
_INDEX = "CREATE INDEX IF NOT EXISTS nodesmith_answers_by_age ON nodesmith_answers (recorded_at)"
# In PostgreSQL two that make one table at the same time fail; and to look first spares the lock.
_IS_THERE = "SELECT to_regclass('nodesmith_answers') IS NOT NULL"
_LOCK = "SELECT pg_advisory_xact_lock(7022992)"
_SELECT = "SELECT output FROM nodesmith_answers WHERE idempotency_key = {0} AND operation = {0}"
_INSERT = "INSERT INTO nodesmith_answers (idempotency_key, operation, output, recorded_at) VALUES ({0}, {0}, {0}, {0})"
_PURGE = "DELETE FROM nodesmith_answers WHERE recorded_at < {0}"


def recorded_output(
    connection: sqlite3.Connection | psycopg.Connection[tuple[object, ...]], model: type[OutputT]
) -> OutputT | None:
    """Return the output that was recorded for the command at hand, or None where it was not done.

    Also None where no command is at hand, as in a test that calls the handler by itself: nothing can come again then.
    """
    asked = _asked()
    if asked is None:
        return None
    if isinstance(connection, sqlite3.Connection):
        connection.execute(_TABLE)
        with closing(connection.execute(_SELECT.format("?"), asked)) as rows:
            return _read(model, rows.fetchone())
    _make_table(connection)
    return _read(model, connection.execute(_SELECT.format("%s").encode(), asked).fetchone())


def record_output(
    connection: sqlite3.Connection | psycopg.Connection[tuple[object, ...]],
    output: BaseModel,
    *,
    keep_seconds: float = KEEP_SECONDS,
) -> None:
    """Record `output` for the command at hand, in the transaction that `connection` is in.

    Records older than `keep_seconds` are dropped. The caller commits. Where another instance has recorded the same command meanwhile, the database's own error for a key
    that is there twice is raised, and the caller's transaction, effect and all, is rolled back.
    """
    asked = _asked()
    if asked is None:
        return
    row, oldest = _row(asked, output, keep_seconds)
    if isinstance(connection, sqlite3.Connection):
        connection.execute(_TABLE)
        connection.execute(_INDEX)
        connection.execute(_PURGE.format("?"), (oldest,))
        connection.execute(_INSERT.format("?"), row)
        return
    _make_table(connection)
    connection.execute(_PURGE.format("%s").encode(), (oldest,))
    connection.execute(_INSERT.format("%s").encode(), row)


async def recorded_output_async(
    connection: psycopg.AsyncConnection[tuple[object, ...]], model: type[OutputT]
) -> OutputT | None:
    """Return what `recorded_output` returns, over a connection that is awaited."""
    asked = _asked()
    if asked is None:
        return None
    await _make_table_async(connection)
    found = await connection.execute(_SELECT.format("%s").encode(), asked)
    return _read(model, await found.fetchone())


async def record_output_async(
    connection: psycopg.AsyncConnection[tuple[object, ...]],
    output: BaseModel,
    *,
    keep_seconds: float = KEEP_SECONDS,
) -> None:
    """Do what `record_output` does, over a connection that is awaited."""
    asked = _asked()
    if asked is None:
        return
    row, oldest = _row(asked, output, keep_seconds)
    await _make_table_async(connection)
    await connection.execute(_PURGE.format("%s").encode(), (oldest,))
    await connection.execute(_INSERT.format("%s").encode(), row)


def _asked() -> tuple[str, str] | None:
    """Return the key and the operation of the command at hand, if one is."""
    try:
        command = current_command()
    except OperationError:
        return None
    return str(command.idempotency_key), command.operation


def _row(
    asked: tuple[str, str], output: BaseModel, keep_seconds: float
) -> tuple[tuple[str, str, str, float], float]:
    now = time.time()
    return (*asked, output.model_dump_json(), now), now - keep_seconds


def _read(model: type[OutputT], row: tuple[object, ...] | None) -> OutputT | None:
    return None if row is None else model.model_validate_json(str(row[0]))


def _make_table(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    row = connection.execute(_IS_THERE).fetchone()
    if row is None or not row[0]:
        connection.execute(_LOCK)
        connection.execute(_TABLE)
        connection.execute(_INDEX)


async def _make_table_async(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    row = await (await connection.execute(_IS_THERE)).fetchone()
    if row is None or not row[0]:
        await connection.execute(_LOCK)
        await connection.execute(_TABLE)
        await connection.execute(_INDEX)
