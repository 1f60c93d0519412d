"""Since when the oldest record of an outbox waits, over runs, instances and versions of its file."""

from __future__ import annotations

import sqlite3
import time
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

import pytest
from support.ports import free_port
from support.waiting import wait_until_async

from nodesmith.runtime.bus import EventPublisher
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope
from nodesmith.runtime.metrics import NodeMetrics
from nodesmith.runtime.outbox import OutboxBounds
from nodesmith.runtime.outbox.rows import OutboxRows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.broker import RunningBroker


@asynccontextmanager
async def publisher(servers: str, folder: Path) -> AsyncIterator[EventPublisher]:
    opened = EventPublisher(bootstrap_servers=servers, source="test")
    bounds = OutboxBounds(records=100, bytes=1_000_000)
    opened.keep_outbox(folder, bounds=bounds, metrics=NodeMetrics(node="test"))
    await opened.start()
    try:
        yield opened
    finally:
        await opened.close(0.5)


def oldest_at(opened: EventPublisher) -> float | None:
    assert opened.outbox is not None
    return opened.outbox.oldest_at


async def when_known(opened: EventPublisher) -> float:
    async def known() -> Any:
        return oldest_at(opened)

    return float(await wait_until_async(known, why="the age of the oldest record"))


async def test_the_oldest_record_keeps_its_age_over_runs_until_it_has_left(
    broker: RunningBroker, tmp_path: Path
) -> None:
    record = OutgoingRecord(topic="aging", envelope=make_envelope({}, event_type="a.b.c", source="test"))
    nowhere = f"127.0.0.1:{free_port()}"
    async with publisher(nowhere, tmp_path) as opened:
        begun = time.time()
        await opened.publish(record)
        first = await when_known(opened)
        await opened.publish(record)
    async with publisher(nowhere, tmp_path) as opened:
        assert await when_known(opened) == first
    assert begun <= first <= time.time()
    async with publisher(broker.bootstrap_servers, tmp_path) as opened:

        async def none_waits() -> bool:
            return opened.outbox is not None and not opened.outbox.records and oldest_at(opened) is None

        await wait_until_async(none_waits, why="nothing waiting")


def test_records_of_an_earlier_version_are_as_old_as_they_were_first_seen(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TABLE waiting (sequence INTEGER PRIMARY KEY, topic TEXT NOT NULL, key BLOB,"
            " headers TEXT NOT NULL, value BLOB, size INTEGER NOT NULL)"
        )
        database.execute("INSERT INTO waiting VALUES (1, 't', NULL, '[]', NULL, 0)")
        database.commit()
    with closing(OutboxRows(path)) as rows:
        assert rows.oldest() == pytest.approx(time.time(), abs=60)
        assert rows.read(1) is not None
