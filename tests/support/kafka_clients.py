"""Short forms of what tests do with the real Kafka client."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, Producer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from confluent_kafka import Message

PATIENCE_SECONDS = 15.0


def produce(servers: str, topic: str, values: Iterable[bytes], **settings: object) -> None:
    """Send these values and return when all of them are acknowledged."""
    failed: list[object] = []
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 0, **settings})
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, _: failed.append(error) if error else None)
    assert producer.flush(PATIENCE_SECONDS) == 0
    assert not failed


@contextmanager
def consumer(servers: str, group: str, **settings: object) -> Iterator[Consumer]:
    """Open a consumer that reads from the beginning and commits only when told to."""
    client = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "heartbeat.interval.ms": 200,
            **settings,
        }
    )
    try:
        yield client
    finally:
        client.close()


def read(client: Consumer, count: int, *, seconds: float = PATIENCE_SECONDS) -> list[Message]:
    """Poll until there are `count` messages; fail after `seconds`."""
    messages: list[Message] = []
    deadline = time.monotonic() + seconds
    while len(messages) < count:
        assert time.monotonic() < deadline, f"{len(messages)} of {count} messages came within {seconds} s"
        for message in client.consume(count - len(messages), timeout=0.1):
            assert message.error() is None, message.error()
            messages.append(message)
    return messages


def values_of(messages: Iterable[Message]) -> list[bytes]:
    return [message.value() or b"" for message in messages]
