"""What is published is on disk until the broker has it: on the embedded broker and on Apache Kafka."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic
from support.ports import free_port
from support.waiting import wait_until_async
from support.wire import reading

from nodesmith.errors import BusUnavailableError, OutboxFullError, PublishError
from nodesmith.runtime.bus import EventPublisher
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope
from nodesmith.runtime.metrics import NodeMetrics
from nodesmith.runtime.outbox import OutboxBounds
from nodesmith.runtime.outbox.rows import OutboxRows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.broker import RunBroker, RunningBroker
    from support.wire import Topic

PUBLISHING = Path(__file__).parent / "nodes" / "publishing.py"


@pytest.fixture
def bus(both_brokers: RunningBroker) -> RunningBroker:
    return both_brokers


@pytest.fixture
def topic() -> str:
    return f"onex.evt.test.{uuid4()}.v1"


def record(topic: str, number: int = 0, *, key: str | None = None, text: str = "") -> OutgoingRecord:
    envelope = make_envelope({"number": number, "text": text}, event_type="test.outbox.sent", source="test")
    return OutgoingRecord(topic=topic, envelope=envelope, key=key)


@asynccontextmanager
async def publisher(
    servers: str, folder: Path, *, records: int = 10_000, size: int = 100_000_000, **settings: Any
) -> AsyncIterator[EventPublisher]:
    opened = EventPublisher(
        bootstrap_servers=servers,
        source="test",
        client_settings={name.replace("_", "."): value for name, value in settings.items()},
    )
    bounds = OutboxBounds(records=records, bytes=size)
    opened.keep_outbox(folder, bounds=bounds, metrics=NodeMetrics(node="test"))
    await opened.start()
    try:
        yield opened
    finally:
        await opened.close(2)


def outbox(opened: EventPublisher) -> Any:
    assert opened.outbox is not None
    return opened.outbox


async def until_sent(opened: EventPublisher, *, seconds: float = 20) -> None:
    async def sent() -> bool:
        return bool(outbox(opened).records == 0)

    await wait_until_async(sent, seconds=seconds, why="everything being acknowledged")


def numbers(published: Topic, *, key: str) -> list[int]:
    return [each.payload["number"] for each in published.records if each.key == key.encode()]


def publish_and_die(servers: str, folder: Path, topic: str, *, count: int) -> None:
    """Let a process publish and kill it when it was told that all of it is safe."""
    command = [sys.executable, str(PUBLISHING), servers, str(folder), topic, str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stored\n"
        process.kill()


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def waiting_in(folder: Path) -> int:
    with closing(OutboxRows(folder / "outbox-1.sqlite3")) as rows:
        return rows.totals()[0]


async def test_publish_returns_while_the_broker_is_away_and_all_arrives_in_order_when_it_is_back(
    run_broker: RunBroker, topic: str, tmp_path: Path
) -> None:
    with run_broker(tmp_path / "bus") as first:
        port = first.port
        async with publisher(first.bootstrap_servers, tmp_path / "out") as opened:
            await opened.publish(record(topic, -1, key="0"), until="acknowledged")
            await asyncio.to_thread(first.kill)
            begun = time.monotonic()
            for number in range(200):
                await opened.publish(record(topic, number, key=str(number % 5)))
            assert time.monotonic() - begun < 5
            assert outbox(opened).records == 200
            with (
                run_broker(tmp_path / "bus", port) as second,
                reading(second.bootstrap_servers, topic) as published,
            ):
                await until_sent(opened, seconds=40)
                await asyncio.to_thread(published.wait_for_count, 201)
    for key in range(5):
        came = [number for number in numbers(published, key=str(key)) if number >= 0]
        assert list(dict.fromkeys(came)) == list(range(key, 200, 5))


async def test_a_record_is_sent_once_and_leaves_nothing_in_the_file(
    bus: RunningBroker, topic: str, tmp_path: Path
) -> None:
    async with publisher(bus.bootstrap_servers, tmp_path) as opened:
        await asyncio.gather(*(opened.publish(record(topic, n, key="k")) for n in range(300)))
        await asyncio.gather(
            *(opened.publish(record(topic, n, key="k"), until="acknowledged") for n in range(300, 600))
        )
    assert waiting_in(tmp_path) == 0
    with reading(bus.bootstrap_servers, topic) as published:
        await asyncio.to_thread(published.wait_for_count, 600)
        published.read()
    assert numbers(published, key="k") == list(range(600))


async def test_what_a_killed_process_had_stored_is_sent_by_the_next_start(
    bus: RunningBroker, topic: str, tmp_path: Path
) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    await asyncio.to_thread(publish_and_die, nowhere, tmp_path, topic, count=50)
    async with publisher(bus.bootstrap_servers, tmp_path) as opened:
        await until_sent(opened)
    with reading(bus.bootstrap_servers, topic) as published:
        await asyncio.to_thread(published.wait_for_count, 50)
    for key in range(3):
        assert numbers(published, key=str(key)) == list(range(key, 50, 3))


async def test_what_an_instance_left_is_adopted_by_one_that_runs(
    bus: RunningBroker, topic: str, tmp_path: Path
) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    async with publisher(nowhere, tmp_path), publisher(nowhere, tmp_path) as second:
        assert "outbox-2.sqlite3" in names_in(tmp_path)
        for number in range(20):
            await second.publish(record(topic, number, key="k"))
    async with publisher(bus.bootstrap_servers, tmp_path) as opened:
        with reading(bus.bootstrap_servers, topic) as published:
            await asyncio.to_thread(published.wait_for_count, 20)
        await until_sent(opened)
    assert numbers(published, key="k") == list(range(20))
    assert names_in(tmp_path) == ["outbox-1.sqlite3"]


async def test_a_full_outbox_is_an_error_and_a_number_and_takes_again_when_there_is_room(
    run_broker: RunBroker, topic: str, tmp_path: Path
) -> None:
    port = free_port()
    async with publisher(f"127.0.0.1:{port}", tmp_path / "out", records=3) as opened:
        for number in range(3):
            await opened.publish(record(topic, number))
        with pytest.raises(OutboxFullError, match=r"3 records of .* bytes wait in the outbox"):
            await opened.publish(record(topic, 3))
        metrics = outbox(opened)._metrics
        assert b"nodesmith_outbox_full_total 1.0" in metrics.text()
        with run_broker(tmp_path / "bus", port):
            await until_sent(opened, seconds=40)
            await opened.publish(record(topic, 4))
            await until_sent(opened)


async def test_an_outbox_is_full_by_bytes_as_well(tmp_path: Path, topic: str) -> None:
    async with publisher(f"127.0.0.1:{free_port()}", tmp_path, size=10_000) as opened:
        await opened.publish(record(topic, text="x" * 9_000))
        with pytest.raises(OutboxFullError):
            await opened.publish(record(topic, text="x" * 2_000))


async def test_a_record_the_client_may_not_send_is_refused_at_once(
    bus: RunningBroker, topic: str, tmp_path: Path
) -> None:
    async with publisher(bus.bootstrap_servers, tmp_path) as opened:
        with pytest.raises(PublishError, match="1,000,000 may be sent") as caught:
            await opened.publish(record(topic, text="x" * 1_500_000))
        assert not caught.value.retryable
        assert outbox(opened).records == 0


async def test_records_the_broker_does_not_take_are_refused_and_do_not_block_the_others(
    bus: RunningBroker, topic: str, tmp_path: Path
) -> None:
    async with publisher(bus.bootstrap_servers, tmp_path, message_max_bytes=3_000_000) as opened:
        large = [opened.publish(record(topic, -1, key="k", text="x" * 2_000_000)) for _ in range(2)]
        small = [opened.publish(record(topic, n, key="k")) for n in range(50)]
        await asyncio.gather(*large, *small)
        with pytest.raises(PublishError, match="too large") as caught:
            await opened.publish(record(topic, -1, key="k", text="x" * 2_000_000), until="acknowledged")
        assert not caught.value.retryable
        await until_sent(opened)
        assert b'error_type="MSG_SIZE_TOO_LARGE"' in outbox(opened)._metrics.text()
    with reading(bus.bootstrap_servers, topic) as published:
        await asyncio.to_thread(published.wait_for_count, 50)
        published.read()
    assert sorted(numbers(published, key="k")) == list(range(50))


async def test_what_a_broker_refuses_for_its_times_waits_until_they_are_right(
    apache_kafka: RunningBroker, topic: str, tmp_path: Path
) -> None:
    admin = AdminClient({"bootstrap.servers": apache_kafka.bootstrap_servers, "log_level": 0})
    # As a clock that is wrong by more than the broker allows: hardly any record comes within the millisecond it was made.
    config = {"message.timestamp.before.max.ms": "0"}
    admin.create_topics([NewTopic(topic, num_partitions=1, config=config)])[topic].result(10)
    async with publisher(apache_kafka.bootstrap_servers, tmp_path, linger_ms=20) as opened:
        for number in range(30):
            await opened.publish(record(topic, number, key=str(number)))
        await wait_until_async(lambda: waits(opened), why="a record that waits for another attempt")
        entry = ConfigEntry(
            "message.timestamp.before.max.ms", str(2**62), incremental_operation=AlterConfigOpType.SET
        )
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        admin.incremental_alter_configs([resource])[resource].result(10)
        await until_sent(opened)
    with reading(apache_kafka.bootstrap_servers, topic) as published:
        await asyncio.to_thread(published.wait_for_count, 30)


async def waits(opened: EventPublisher) -> bool:
    return bool(outbox(opened)._line.waiting)


async def test_closing_with_the_broker_away_is_bounded_and_loses_nothing(topic: str, tmp_path: Path) -> None:
    opened = EventPublisher(bootstrap_servers=f"127.0.0.1:{free_port()}", source="test")
    bounds = OutboxBounds(records=1_000, bytes=10_000_000)
    opened.keep_outbox(tmp_path, bounds=bounds, metrics=NodeMetrics(node="test"))
    await opened.start()
    for number in range(5):
        await opened.publish(record(topic, number))
    waiting = asyncio.create_task(opened.publish(record(topic, 5), until="acknowledged"))
    await asyncio.sleep(0)
    begun = time.monotonic()
    await opened.close(0.5)
    assert time.monotonic() - begun < 4
    with pytest.raises(BusUnavailableError, match="it waits in the outbox"):
        await waiting
    assert waiting_in(tmp_path) == 6


async def test_a_backlog_larger_than_memory_may_hold_is_sent_in_order(
    bus: RunningBroker, topic: str, tmp_path: Path
) -> None:
    async with publisher(f"127.0.0.1:{free_port()}", tmp_path, records=20_000) as opened:
        for start in range(0, 9_000, 500):
            await asyncio.gather(
                *(opened.publish(record(topic, n, key="k")) for n in range(start, start + 500))
            )
    async with publisher(bus.bootstrap_servers, tmp_path, records=20_000) as opened:
        await opened.publish(record(topic, 9_000, key="k"))
        await until_sent(opened, seconds=40)
    with reading(bus.bootstrap_servers, topic) as published:
        await asyncio.to_thread(published.wait_for_count, 9_001)
    assert numbers(published, key="k") == list(range(9_001))


async def test_a_damaged_file_is_put_aside_and_costs_no_start(
    bus: RunningBroker, topic: str, tmp_path: Path
) -> None:
    (tmp_path / "outbox-1.sqlite3").write_bytes(b"no database at all, but long enough to look like one" * 100)
    async with publisher(bus.bootstrap_servers, tmp_path) as opened:
        await opened.publish(record(topic))
        await until_sent(opened)
    assert [name for name in names_in(tmp_path) if "damaged" in name]
