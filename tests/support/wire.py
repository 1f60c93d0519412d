"""The bus as any Kafka client sees it: send records, and read everything that is on a topic."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from support.waiting import wait_until

from nodesmith.runtime.consumer import read_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record and the envelope in it."""

    key: bytes | None
    headers: Mapping[str, str]
    envelope: dict[str, Any]

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = self.envelope["payload"]
        return payload


def send(servers: str, topic: str, *values: Mapping[str, Any] | bytes, key: str | None = None) -> None:
    """Send envelopes, or bytes as they are, and wait until the broker has them."""
    producer = Producer({"bootstrap.servers": servers, "log_level": 2})
    for value in values:
        producer.produce(topic, value if isinstance(value, bytes) else json.dumps(value), key=key)
    assert producer.flush(10) == 0


def command(operation: str, payload: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an envelope that asks for `domain.node.operation`."""
    return {"payload": dict(payload), "event_type": operation, **fields}


class Topic:
    """Everything that was ever sent to one topic, as far as it was read."""

    def __init__(self, consumer: Consumer, name: str) -> None:
        self.records: list[Record] = []
        self._consumer = consumer
        self._name = name
        self._assigned = False

    def wait_for(self, condition: Callable[[Record], bool], *, seconds: float = 15.0) -> Record:
        """Return the first record that fits."""

        def found() -> Record | None:
            self.read()
            return next((record for record in self.records if _fits(condition, record)), None)

        record = wait_until(found, seconds=seconds, why=f"such a record on {self._name}")
        assert record is not None
        return record

    def wait_for_count(self, count: int, *, seconds: float = 15.0) -> list[Record]:
        def enough() -> bool:
            self.read()
            return len(self.records) >= count

        wait_until(enough, seconds=seconds, why=f"{count} records on {self._name}")
        return self.records

    def read(self) -> None:
        """Take what has come."""
        if not self._assign():
            return
        for message in self._consumer.consume(500, 0.05):
            if message.error() is not None:
                continue
            record = read_message(message)
            with suppress(ValueError):  # other tests write what is no JSON to a topic of all nodes
                envelope = json.loads(record.value or b"")
                self.records.append(Record(key=record.key, headers=record.headers, envelope=envelope))

    def _assign(self) -> bool:
        if not self._assigned:
            try:
                known = self._consumer.list_topics(self._name, timeout=2).topics[self._name]
            except KafkaException:
                return False
            if known.error is None and known.partitions:
                self._consumer.assign([TopicPartition(self._name, number, 0) for number in known.partitions])
                self._assigned = True
        return self._assigned


def _fits(condition: Callable[[Record], bool], record: Record) -> bool:
    """Return whether a record fits; one that lacks what is looked at does not."""
    try:
        return condition(record)
    except (KeyError, TypeError, AttributeError):
        return False


@contextmanager
def reading(servers: str, topic: str) -> Iterator[Topic]:
    """Read a topic from its first record on."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": f"test-{uuid.uuid4()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "reconnect.backoff.max.ms": 500,
            "log_level": 2,
        }
    )
    try:
        yield Topic(consumer, topic)
    finally:
        consumer.close()


def committed(servers: str, group: str, topic: str) -> int:
    """Return how many records of a topic a group has committed, over all of its partitions."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": group, "log_level": 2})
    try:
        partitions = consumer.list_topics(topic, timeout=5).topics[topic].partitions
        places = consumer.committed([TopicPartition(topic, number) for number in partitions], timeout=5)
        return sum(max(place.offset, 0) for place in places)
    finally:
        consumer.close()
