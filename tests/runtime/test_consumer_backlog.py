"""What waits of one partition stops that partition alone, and all that waits is bounded."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from hypothesis import given
from hypothesis import strategies as st
from support.nodes import running_node
from support.waiting import wait_until, wait_until_async
from support.wire import command, committed, reading

from nodesmith.runtime.backlog import Backlog, BacklogBounds
from nodesmith.runtime.client import common_settings, consumer_settings
from nodesmith.runtime.consumer import GroupConsumer
from nodesmith.runtime.dispatch import Dispatcher, Job

if TYPE_CHECKING:
    from pathlib import Path

    from support.broker import RunningBroker

    from nodesmith.runtime.records import IncomingRecord

STUCK = 1_000
OTHERS = 100


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=200),
    st.integers(1, 20),
    st.integers(1, 60),
)
def test_whatever_is_taken_and_done_no_more_than_the_bounds_is_held(
    steps: list[tuple[int, bool]], records: int, size: int
) -> None:
    backlog = Backlog(BacklogBounds(records=records, bytes=size))
    held: defaultdict[int, int] = defaultdict(int)
    for partition, done in steps:
        name = ("t", partition)
        if done and held[partition]:
            backlog.drop(name, 3)
            held[partition] -= 1
        elif not done and name not in backlog.full():
            backlog.take([(name, 3)])
            held[partition] += 1
        assert backlog.records == sum(held.values()) <= records + len(held)
        assert backlog.bytes == 3 * backlog.records <= size + 3 * len(held)


def test_a_partition_that_is_stuck_stops_at_half_and_leaves_the_rest_to_others() -> None:
    backlog = Backlog(BacklogBounds(records=100, bytes=10_000))
    stuck, other = ("t", 0), ("t", 1)
    backlog.take([(stuck, 1)] * 50)
    assert backlog.full() == {stuck}
    backlog.take([(other, 1)] * 20)
    assert backlog.full({stuck}) == {stuck}
    for _ in range(40):
        backlog.drop(stuck, 1)
    assert backlog.full({stuck}) == set()


def send_all(servers: str, topic: str, sizes: dict[int, int], value: bytes) -> None:
    """Send so many records to each partition, with the partition for a key."""
    producer = Producer({"bootstrap.servers": servers, "log_level": 2, "linger.ms": 20})
    for partition, count in sizes.items():
        for _ in range(count):
            producer.produce(topic, value, key=str(partition).encode(), partition=partition)
    assert producer.flush(20) == 0


@pytest.mark.parametrize(
    "bounds",
    [BacklogBounds(records=100, bytes=10**9), BacklogBounds(records=10**6, bytes=100_000)],
    ids=["records", "bytes"],
)
async def test_while_one_key_is_stuck_other_partitions_go_on_and_it_goes_on_itself_later(
    broker: RunningBroker, bounds: BacklogBounds
) -> None:
    common = common_settings(bootstrap_servers=broker.bootstrap_servers, source="test", extra=None)
    topic = f"onex.cmd.test.{uuid4()}.v1"
    admin = AdminClient(dict(common))
    admin.create_topics([NewTopic(topic, num_partitions=4)])[topic].result(10)
    sizes = {0: STUCK, 1: OTHERS, 2: OTHERS, 3: OTHERS}
    await asyncio.to_thread(send_all, broker.bootstrap_servers, topic, sizes, b"x" * 999)
    gate = asyncio.Event()
    done: defaultdict[int, list[int]] = defaultdict(list)
    most = [0, 0]
    dispatcher = Dispatcher(limit=4, bounds=bounds)

    def plan(record: IncomingRecord) -> Job:
        most[:] = map(max, zip(most, (dispatcher.backlog.records, dispatcher.backlog.bytes), strict=True))

        async def run() -> None:
            if record.partition == 0:
                await gate.wait()
            done[record.partition].append(record.offset)

        lane = record.key_text
        return Job(partition=record.source, offset=record.offset, size=record.size, lane=lane, run=run)

    async def others_are_done() -> bool:
        return all(len(done[number]) == OTHERS for number in (1, 2, 3))

    async def all_is_done() -> bool:
        return len(done[0]) == STUCK

    consumer = GroupConsumer(
        settings=consumer_settings(common, group=topic), topics=[topic], plan=plan, dispatcher=dispatcher
    )
    consumer.start()
    await wait_until_async(others_are_done, seconds=20, why="the other partitions being done")
    assert not done[0]
    gate.set()
    await wait_until_async(all_is_done, seconds=20, why="what was stuck being done")
    async with asyncio.timeout(10):
        await consumer.stop()
    assert most[0] <= bounds.records + 4
    assert most[1] <= bounds.bytes + 4 * 1_000
    assert done[0] == list(range(STUCK))
    assert dispatcher.backlog.records == 0
    committed_now = await asyncio.to_thread(committed, broker.bootstrap_servers, topic, topic)
    assert committed_now == STUCK + 3 * OTHERS


def test_commands_that_wait_for_a_dependency_stop_their_partition_alone_and_burn_no_attempt(
    broker: RunningBroker, start_greeter: Path, tmp_path: Path
) -> None:
    servers, commands = broker.bootstrap_servers, "onex.cmd.demo.waiting-requested.v1"
    (tmp_path / "down").touch()
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "FLAKY_NAME": "waiting",
        "GREETER_JOURNAL": str(tmp_path),
        "PREFETCH_MAX_RECORDS": "40",
        "BREAKER_FAILURES": "2",
        "BREAKER_PAUSE_SECONDS": "0.1",
        "BREAKER_CAP_SECONDS": "0.2",
        "RETRY_BASE_SECONDS": "0.05",
    }
    script = start_greeter.with_name("start_flaky.py")
    with running_node(script, tmp_path / "log", environment=environment) as node:
        node.wait_ready()
        producer = Producer({"bootstrap.servers": servers, "log_level": 2})
        for partition, operation in ((0, "write"), (1, "note")):
            for number in range(200):
                value = command(f"demo.waiting.{operation}", {"name": f"{operation}-{number}"})
                producer.produce(commands, json.dumps(value), key=b"k", partition=partition)
        assert producer.flush(10) == 0
        with reading(servers, "onex.evt.demo.waiting-completed.v1") as completed:
            completed.wait_for_count(200, seconds=20)
            assert node.readiness()["state"] == "degraded"
            (tmp_path / "down").unlink()
            answers = completed.wait_for_count(400, seconds=20)
        assert max(answer.payload["attempt"] for answer in answers) <= 3
        wait_until(lambda: committed(servers, "demo.waiting", commands) == 400, why="all being committed")
