"""Reading topics from now on: what is read, and what a broker that goes away does to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from support.waiting import wait_until_async

from nodesmith.errors import BusUnavailableError
from nodesmith.runtime.client import common_settings
from nodesmith.runtime.topic_reader import TopicReader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from confluent_kafka import Message
    from support.broker import RunBroker, RunningBroker


def settings(servers: str) -> dict[str, object]:
    return common_settings(bootstrap_servers=servers, source="test", extra=None)


def write(servers: str, topic: str, *values: str) -> None:
    producer = Producer(settings(servers))
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(20) == 0


def make_topic(servers: str, topic: str) -> None:
    """Make a topic of one partition."""
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)


def test_only_what_comes_after_listening_is_read_and_a_broker_may_come_back(
    run_broker: RunBroker, tmp_path: Path
) -> None:
    heard: list[bytes] = []

    def receive(message: Message) -> None:
        heard.append(message.value() or b"")

    async def scenario() -> None:
        with run_broker(tmp_path / "data") as broker:
            servers, port = broker.bootstrap_servers, broker.port
            reader = TopicReader(client_settings=settings(servers), receive=receive)
            await asyncio.to_thread(write, servers, "old", "before")
            await reader.listen(["old"], seconds=10)
            await asyncio.to_thread(write, servers, "old", "after")
            await wait_until_async(has(1))
            broker.kill()
        with run_broker(tmp_path / "data", port):
            await asyncio.to_thread(write, servers, "old", "again")
            await wait_until_async(has(2), seconds=20)
            await reader.close()

    def has(count: int) -> Callable[[], Awaitable[bool]]:
        async def condition() -> bool:
            return len(heard) == count

        return condition

    asyncio.run(scenario())
    assert heard == [b"after", b"again"]


def test_the_last_records_before_can_be_read_as_well(both_brokers: RunningBroker) -> None:
    heard: list[bytes] = []

    async def scenario() -> None:
        servers, topic = both_brokers.bootstrap_servers, f"log-{uuid4()}"
        make_topic(servers, topic)
        reader = TopicReader(
            client_settings=settings(servers),
            receive=lambda message: heard.append(message.value() or b""),
        )
        await asyncio.to_thread(write, servers, topic, "1", "2", "3")
        await reader.listen([topic], seconds=10, before=2)
        await wait_until_async(both)
        await reader.close()

    async def both() -> bool:
        return len(heard) == 2

    asyncio.run(scenario())
    assert heard == [b"2", b"3"]


def test_a_broker_that_is_away_is_an_error_within_the_deadline() -> None:
    async def scenario() -> None:
        reader = TopicReader(client_settings=settings("127.0.0.1:1"), receive=print)
        try:
            await reader.listen(["any"], seconds=0.5)
        finally:
            await reader.close()

    with pytest.raises(BusUnavailableError, match=r"127\.0\.0\.1:1 answers.*Connection refused"):
        asyncio.run(scenario())
