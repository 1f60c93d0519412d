"""Where a reducer's state is: a file beside the node's other files, or a database that its hosts share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.errors import InputError
from nodesmith.naming import event_domain, kebab
from nodesmith.runtime.settings import NodeSettings, data_directory

if TYPE_CHECKING:
    from pathlib import Path

    from nodesmith.runtime.state_store.table import StateTable

FILE_NAME = "state.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePlace:
    """A table and how to speak of it. `folder` is the node's data folder, whether its state is in there or not."""

    table: StateTable
    words: str
    folder: Path


def state_place(*, domain: str, name: str) -> StatePlace:
    """Return where the environment says that a reducer's state is; raise InputError without PostgreSQL's client."""
    settings = NodeSettings.from_environment()
    folder = data_directory() / f"{event_domain(domain)}.{name}"
    if settings.state_url:
        node = f"{event_domain(domain)}.{kebab(name)}"
        return StatePlace(
            table=_postgresql(settings.state_url, node=node), words="in PostgreSQL", folder=folder
        )
    from nodesmith.runtime.state_store.sqlite_table import SqliteState

    path = folder / FILE_NAME
    return StatePlace(table=SqliteState(path), words=f"in {path}", folder=folder)


def _postgresql(url: str, *, node: str) -> StateTable:
    try:
        from nodesmith.runtime.state_store.postgresql_table import PostgresqlState
    except ImportError as error:
        raise InputError(
            f"NODESMITH_STATE_URL names a PostgreSQL database, and its client cannot be imported: {error}",
            fix="pip install 'psycopg[binary]' (nodesmith's extra `postgresql` brings it)",
        ) from error
    return PostgresqlState(url, node=node)
