"""What is on the node's topics when everything is over."""

from __future__ import annotations

import json
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaos import ledger
from confluent_kafka import Consumer, KafkaException, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confluent_kafka import Message

_ASK_SECONDS = 10.0
_READ_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """How many results there are, of which commands, and of how many commands they differ."""

    total: int
    commands: frozenset[str]
    different: int
    failed: int
    dead_letters: int


def read_results(servers: str) -> Results:
    """Read everything that was answered."""
    total = 0
    answers: dict[str, set[tuple[bytes, bytes, str]]] = defaultdict(set)
    for message in _everything(servers, ledger.COMPLETED):
        value = message.value() or b""
        total += 1
        command = json.loads(value)["parent_envelope_id"]
        answers[command].add((_bytes(message.key()), _bytes(value), repr(message.headers())))
    return Results(
        total=total,
        commands=frozenset(answers),
        different=sum(len(forms) > 1 for forms in answers.values()),
        failed=sum(1 for _ in _everything(servers, ledger.FAILED)),
        dead_letters=sum(1 for _ in _everything(servers, ledger.DEAD_LETTERS)),
    )


def uncommitted(servers: str) -> int:
    """Return how many commands the group has not committed."""
    consumer = _consumer(servers, group=ledger.GROUP)
    try:
        ends = _ends(consumer, ledger.COMMANDS)
        places = [TopicPartition(ledger.COMMANDS, number) for number in ends]
        committed = consumer.committed(places, timeout=_ASK_SECONDS)
        return sum(ends[place.partition] - max(place.offset, 0) for place in committed)
    finally:
        consumer.close()


def _everything(servers: str, topic: str) -> Iterator[Message]:
    consumer = _consumer(servers, group=f"chaos-{uuid.uuid4()}")
    try:
        ends = {number: end for number, end in _ends(consumer, topic).items() if end}
        consumer.assign([TopicPartition(topic, number, 0) for number in ends])
        deadline = time.monotonic() + _READ_SECONDS
        while _is_behind(consumer, ends):
            assert time.monotonic() < deadline, f"{topic} was not read within {_READ_SECONDS:g} s"
            for message in consumer.consume(500, 0.1):
                if message.error() is None:
                    yield message
    finally:
        consumer.close()


def _is_behind(consumer: Consumer, ends: Mapping[int, int]) -> bool:
    places = consumer.position(consumer.assignment())
    return any(place.offset < ends[place.partition] for place in places)


def _ends(consumer: Consumer, topic: str) -> dict[int, int]:
    """Return where the partitions end; a broker that was started this moment may need another question."""
    deadline = time.monotonic() + _READ_SECONDS
    while True:
        try:
            partitions = consumer.list_topics(topic, timeout=_ASK_SECONDS).topics[topic].partitions
            return {
                number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=_ASK_SECONDS)[1]
                for number in partitions
            }
        except KafkaException:
            if time.monotonic() > deadline:
                raise


def _consumer(servers: str, *, group: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "log_level": 0,
        }
    )


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
