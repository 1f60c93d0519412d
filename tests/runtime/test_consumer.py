from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from support.waiting import wait_until
from support.wire import committed

from nodesmith.runtime.backlog import BacklogBounds
from nodesmith.runtime.client import common_settings, consumer_settings
from nodesmith.runtime.consumer import GroupConsumer
from nodesmith.runtime.dispatch import Dispatcher, Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.broker import RunningBroker

    from nodesmith.runtime.client import ClientSettings
    from nodesmith.runtime.records import IncomingRecord


def plan(record: IncomingRecord) -> Job:
    return Job(partition=record.source, offset=record.offset, lane=None, run=partial(asyncio.sleep, 0))


async def test_a_member_with_no_partition_joins_its_group_anew_where_it_expects_one(
    broker: RunningBroker,
) -> None:
    common = common_settings(bootstrap_servers=broker.bootstrap_servers, source="test", extra=None)
    topic = f"onex.cmd.test.{uuid4()}.v1"
    admin = AdminClient(dict(common))
    admin.create_topics([NewTopic(topic, num_partitions=1)])[topic].result(10)
    lucky, idle = (
        GroupConsumer(
            settings=consumer_settings(common, group=topic),
            topics=[topic],
            plan=plan,
            dispatcher=Dispatcher(limit=1),
            assign_seconds=0.2,
        )
        for _ in range(2)
    )

    async def member(what: str, test: Callable[[dict[str, bool]], bool]) -> dict[str, bool]:
        return await asyncio.to_thread(wait_until, lambda: fitting(members(admin, topic), test), why=what)

    lucky.start()
    first = await member("the first member with its partition", lambda seen: list(seen.values()) == [True])
    idle.start()
    before = await member("a second one with none", lambda seen: sorted(seen.values()) == [False, True])
    lucky.expect_partitions()
    idle.expect_partitions()
    after = await member("another member", lambda seen: len(seen) == 2 and seen.keys() != before.keys())
    assert first.keys() <= after.keys()
    async with asyncio.timeout(5):
        await asyncio.gather(lucky.stop(), idle.stop())


async def test_a_record_that_is_left_undone_is_read_again_and_no_later_one_of_its_key_overtakes_it(
    both_brokers: RunningBroker,
) -> None:
    common = common_settings(bootstrap_servers=both_brokers.bootstrap_servers, source="test", extra=None)
    topic = f"onex.cmd.test.{uuid4()}.v1"
    admin = AdminClient(dict(common))
    admin.create_topics([NewTopic(topic, num_partitions=1)])[topic].result(10)
    producer = Producer(dict(common))
    for number in range(60):
        producer.produce(topic, str(number), key="a" if number % 2 else "b")
    assert producer.flush(10) == 0
    done: list[int] = []
    troubles = [RuntimeError("once"), RuntimeError("twice")]

    async def work(record: IncomingRecord) -> None:
        await asyncio.sleep(0)
        if record.offset == 21 and troubles:
            raise troubles.pop()
        done.append(record.offset)

    def in_lane(record: IncomingRecord) -> Job:
        run = partial(work, record)
        return Job(partition=record.source, offset=record.offset, lane=record.key_text, run=run)

    dispatcher = Dispatcher(limit=4, again_seconds=0.05)
    settings = consumer_settings(common, group=topic)
    consumer = GroupConsumer(settings=settings, topics=[topic], plan=in_lane, dispatcher=dispatcher)
    consumer.start()
    await asyncio.to_thread(wait_until, lambda: len(set(done)) == 60, seconds=30, why="all being done")
    await consumer.stop()
    of_a = [offset for offset in done if offset % 2]
    assert list(dict.fromkeys(of_a)) == list(range(1, 60, 2))
    assert committed(both_brokers.bootstrap_servers, topic, topic) == 60
    assert not troubles


async def test_a_partition_that_left_while_it_was_paused_is_read_when_it_comes_back(
    broker: RunningBroker,
) -> None:
    common = common_settings(bootstrap_servers=broker.bootstrap_servers, source="test", extra=None)
    topic = f"onex.cmd.test.{uuid4()}.v1"
    admin = AdminClient(dict(common))
    admin.create_topics([NewTopic(topic, num_partitions=2)])[topic].result(10)
    settings = {**consumer_settings(common, group=topic), "heartbeat.interval.ms": 100}
    may_work, done = asyncio.Event(), set[tuple[int, int]]()

    async def work(record: IncomingRecord) -> None:
        await may_work.wait()
        done.add((record.partition, record.offset))

    def planned(record: IncomingRecord) -> Job:
        return Job(partition=record.source, offset=record.offset, lane=None, run=partial(work, record))

    stays = GroupConsumer(
        settings=settings,
        topics=[topic],
        plan=planned,
        dispatcher=Dispatcher(limit=1, bounds=BacklogBounds(records=8)),
        release_seconds=0.1,
    )
    comes = GroupConsumer(settings=settings, topics=[topic], plan=plan, dispatcher=Dispatcher(limit=1))
    fill(topic, common, each=20)
    stays.start()
    await asyncio.to_thread(wait_until, lambda: len(stays._paused) == 2, why="both being paused")
    comes.start()
    await asyncio.to_thread(wait_until, lambda: comes._owned, why="one of them having moved")
    may_work.set()
    await comes.stop()
    fill(topic, common, each=5)
    await asyncio.to_thread(wait_until, lambda: {(0, 24), (1, 24)} <= done, why="the last being done")
    await stays.stop()


def fill(topic: str, common: ClientSettings, *, each: int) -> None:
    """Send records to both partitions."""
    producer = Producer(dict(common))
    for number in range(each * 2):
        producer.produce(topic, str(number), partition=number % 2)
    assert producer.flush(10) == 0


async def test_what_was_taken_before_its_partition_was_given_back_does_not_begin_after_it() -> None:
    common = common_settings(bootstrap_servers="127.0.0.1:1", source="test", extra=None)
    begun: list[tuple[str, int, int]] = []

    async def note(record: IncomingRecord) -> None:
        begun.append((record.topic, record.partition, record.offset))

    def planned(record: IncomingRecord) -> Job:
        return Job(partition=record.source, offset=record.offset, lane="k", run=partial(note, record))

    member = GroupConsumer(
        settings=consumer_settings(common, group="g"),
        topics=["t"],
        plan=planned,
        dispatcher=Dispatcher(limit=1),
    )
    client = GivingBack([taken(0, 7), taken(0, 8), taken(1, 3)], lambda: member._revoked(client, [moved]))
    moved = TopicPartition("t", 0)
    member._assigned(client, [moved, TopicPartition("t", 1)])
    await asyncio.to_thread(member._take_some, client)
    await asyncio.sleep(0.01)
    assert begun == [("t", 1, 3)]


class GivingBack(Consumer):
    """A client that is told in the middle of a batch that a partition moves: chance hardly ever has it so."""

    def __init__(self, messages: list[Message], told: Callable[[], None]) -> None:
        super().__init__({"bootstrap.servers": "127.0.0.1:1", "group.id": "g", "log_level": 0})
        self._messages = messages
        self._told = told

    def poll(self, timeout: float = -1) -> Message | None:
        return self._messages.pop(0)

    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[Message]:
        self._told()
        return self._messages


def taken(partition: int, offset: int) -> Message:
    return Message(
        topic="t", partition=partition, offset=offset, key=b"k", value=b"v", headers=[], timestamp=(1, 1)
    )


def members(admin: AdminClient, group: str) -> dict[str, bool]:
    """Return who is in a group, and whether each has a partition; nobody, while its coordinator is not there yet."""
    try:
        described = admin.describe_consumer_groups([group])[group].result(10)
    except KafkaException:
        return {}
    return {each.member_id: bool(each.assignment.topic_partitions) for each in described.members}


def fitting(seen: dict[str, bool], test: Callable[[dict[str, bool]], bool]) -> dict[str, bool]:
    return seen if test(seen) else {}
