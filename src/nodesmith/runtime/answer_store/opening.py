"""Which records of answers a node has: a file beside its other files, or a database that its hosts share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.errors import InputError
from nodesmith.runtime.answer_store.sqlite_table import SqliteAnswers
from nodesmith.runtime.answer_store.store import AnswerStore
from nodesmith.runtime.answer_store.table import AnswerBounds

if TYPE_CHECKING:
    from pathlib import Path

    from nodesmith.runtime.answer_store.table import AnswerTable
    from nodesmith.runtime.settings import NodeSettings

FILE_NAME = "answers.sqlite3"


def open_answers(settings: NodeSettings, *, node: str, folder: Path) -> AnswerStore:
    """Return the store the settings ask for; `start()` opens it. Raises InputError without PostgreSQL's client."""
    bounds = AnswerBounds(
        keep_seconds=settings.answer_keep_seconds,
        keep_bytes=settings.answer_keep_bytes,
        lease_seconds=settings.answer_lease_seconds,
    )
    table: AnswerTable
    if settings.answers_url:
        try:
            from nodesmith.runtime.answer_store.postgresql_table import PostgresqlAnswers
        except ImportError as error:
            raise InputError(
                f"NODESMITH_ANSWERS_URL names a PostgreSQL database, and its client cannot be imported: {error}",
                fix="pip install 'psycopg[binary]' (nodesmith's extra `postgresql` brings it)",
            ) from error
        table = PostgresqlAnswers(settings.answers_url, node=node, bounds=bounds)
        place = "in PostgreSQL"
    else:
        table = SqliteAnswers(folder / FILE_NAME, bounds=bounds)
        place = f"in {folder / FILE_NAME}"
    return AnswerStore(table, place=place, bounds=bounds)
