"""Count events of a log into a state table, from an offset on, until somebody kills this process."""

from __future__ import annotations

import sys
from pathlib import Path
from uuid import UUID

from nodesmith.runtime import Origin
from nodesmith.runtime.state_store.events import Applied, Event
from nodesmith.runtime.state_store.sqlite_table import SqliteState


def event(offset: int) -> Event:
    """Return the event at `offset` of a log of three keys; its state is the list of all that came."""

    def fold(state: str | None) -> Applied:
        return Applied(state=f"{state or ''} {offset}")

    origin = Origin(topic="log", partition=0, offset=offset, timestamp=1_000 + offset)
    return Event(key=f"key {offset % 3}", envelope_id=UUID(int=offset), fold=fold, origin=origin)


def main(where: str, first: int, last: int) -> None:
    if where.startswith("postgresql:"):
        from nodesmith.runtime.state_store.postgresql_table import PostgresqlState

        table: PostgresqlState | SqliteState = PostgresqlState(where, node="test.killed", remembered=1)
    else:
        table = SqliteState(Path(where), remembered=1)
    table.open()
    for offset in range(first, last, 4):
        table.apply([event(each) for each in range(offset, min(offset + 4, last))])
        print(offset, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
