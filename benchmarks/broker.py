"""The embedded broker and Apache Kafka, the same client, the same records of 1 KB, in turn.

    python benchmarks/broker.py [--rounds N] [--records N]

Both run all the while, each measurement goes to one and then to the other, and the ratio is the median of the rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psutil
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.broker import running_broker
from support.kafka import running_kafka

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.broker import RunBroker, RunningBroker

VALUE = b"x" * 1024
ONE_BY_ONE = 1_000
PACED, PAUSE_SECONDS = 1_000, 0.002
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is measured of a broker together, each in the same unit."""

    names: tuple[str, ...]
    unit: str
    take: Callable[[str], tuple[float, ...]]


def main() -> int:
    """Print what each broker does, and the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default 5)")
    parser.add_argument("--records", type=int, default=50_000, help="many at a time (default 50,000)")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        try:
            kafka, kafka_start = stack.enter_context(_started(running_kafka))
        except pytest.skip.Exception as reason:
            print(f"left out: {reason}")
            return 0
        embedded, embedded_start = stack.enter_context(_started(running_broker))
        print(f"embedded broker, Apache Kafka, {chosen.rounds} rounds, load {os.getloadavg()[0]:.1f}:")
        _show("start until it answers", "s", [embedded_start], [kafka_start])
        for measure in _measures(chosen.records):
            _compare(measure, embedded.bootstrap_servers, kafka.bootstrap_servers, chosen.rounds)
        _show("memory after all this", "MB", [_megabytes(embedded)], [_megabytes(kafka)])
    return 0


def _compare(measure: Measure, embedded: str, kafka: str, rounds: int) -> None:
    ours, theirs = [], []
    for number in range(-1, rounds):  # the first is to warm up
        mine, yours = measure.take(embedded), measure.take(kafka)
        if number >= 0:
            ours.append(mine)
            theirs.append(yours)
    for place, name in enumerate(measure.names):
        _show(name, measure.unit, [each[place] for each in ours], [each[place] for each in theirs])


def _measures(records: int) -> list[Measure]:
    return [
        Measure(names=("acknowledged, one in flight",), unit="records/s", take=_one_by_one),
        Measure(
            names=("acknowledged, many in flight",),
            unit="records/s",
            take=lambda servers: _many(servers, records),
        ),
        Measure(
            names=("read from the beginning",), unit="records/s", take=lambda servers: _read(servers, records)
        ),
        Measure(names=("produced to consumed, p50", "p99"), unit="ms", take=_latency),
        Measure(names=("a group of one joins",), unit="ms", take=_join),
    ]


@contextmanager
def _started(run: RunBroker) -> Iterator[tuple[RunningBroker, float]]:
    """Start a broker twice and give the second: the first has everything read from the disk."""
    with tempfile.TemporaryDirectory() as folder:
        for attempt in ("first", "second"):
            began = time.perf_counter()
            with run(Path(folder) / attempt, partitions=1) as broker:
                _admin(broker.bootstrap_servers).list_topics(timeout=30)
                if attempt == "second":
                    yield broker, time.perf_counter() - began


def _admin(servers: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": servers, "log_level": 3})


def _topic(servers: str) -> str:
    name = f"bench-{uuid4()}"
    admin = _admin(servers)  # kept: its futures end with it
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)
    return name


def _one_by_one(servers: str) -> tuple[float]:
    topic = _topic(servers)
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 0, "acks": "all", "log_level": 3})
    producer.produce(topic, VALUE)
    producer.flush(30)
    began = time.perf_counter()
    for _ in range(ONE_BY_ONE):
        producer.produce(topic, VALUE)
        assert producer.flush(30) == 0
    return (ONE_BY_ONE / (time.perf_counter() - began),)


def _many(servers: str, records: int) -> tuple[float]:
    return (_written(servers, _topic(servers), records),)


def _written(servers: str, topic: str, records: int) -> float:
    acknowledged = 0

    def note(error: object, _: object) -> None:
        nonlocal acknowledged
        acknowledged += error is None

    settings = {"linger.ms": 5, "acks": "all", "queue.buffering.max.kbytes": 1 << 20, "log_level": 3}
    producer = Producer({"bootstrap.servers": servers, **settings})
    producer.list_topics(topic, timeout=30)
    began = time.perf_counter()
    for number in range(records):
        producer.produce(topic, VALUE, on_delivery=note)
        if number % 1_000 == 0:
            producer.poll(0)
    producer.flush(PATIENCE_SECONDS)
    assert acknowledged == records
    return records / (time.perf_counter() - began)


def _read(servers: str, records: int) -> tuple[float]:
    topic = _topic(servers)
    _written(servers, topic, records)
    consumer = _consumer(servers)
    consumer.assign([TopicPartition(topic, 0, 0)])
    began, seen = time.perf_counter(), 0
    while seen < records:
        seen += sum(message.error() is None for message in consumer.consume(1_000, 0.1))
        assert time.perf_counter() - began < PATIENCE_SECONDS
    seconds = time.perf_counter() - began
    consumer.close()
    return (records / seconds,)


def _latency(servers: str) -> tuple[float, float]:
    """Return p50 and p99 of the milliseconds from `produce()` until a consumer that waits has the record."""
    topic = _topic(servers)
    taken: list[float] = []
    consumer, ready = _consumer(servers), threading.Event()
    consumer.assign([TopicPartition(topic, 0, 0)])

    def read() -> None:
        while len(taken) < PACED:
            message = consumer.poll(1)
            if message is not None and message.error() is None:
                sent = float((message.value() or b"").split(b" ", 1)[0])
                taken.append(time.perf_counter() - sent) if sent else ready.set()

    reader = threading.Thread(target=read)
    reader.start()
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 0, "acks": "all", "log_level": 3})
    producer.produce(topic, b"0 " + VALUE)
    producer.flush(30)
    assert ready.wait(30)
    for _ in range(PACED):
        producer.produce(topic, b"%r " % time.perf_counter() + VALUE)
        producer.poll(PAUSE_SECONDS)
    producer.flush(30)
    reader.join(PATIENCE_SECONDS)
    consumer.close()
    cuts = statistics.quantiles(taken, n=100)
    return 1000 * cuts[49], 1000 * cuts[98]


def _join(servers: str) -> tuple[float]:
    topic, joined = _topic(servers), threading.Event()
    consumer = _consumer(servers)
    began = time.perf_counter()
    consumer.subscribe([topic], on_assign=lambda *_: joined.set())
    while not joined.is_set():
        consumer.poll(0.01)
        assert time.perf_counter() - began < PATIENCE_SECONDS
    seconds = time.perf_counter() - began
    consumer.close()
    return (1000 * seconds,)


def _consumer(servers: str) -> Consumer:
    settings = {"auto.offset.reset": "earliest", "enable.auto.commit": False, "log_level": 3}
    return Consumer({"bootstrap.servers": servers, "group.id": f"bench-{uuid4()}", **settings})


def _megabytes(broker: RunningBroker) -> float:
    return psutil.Process(broker.process.pid).memory_info().rss / 1e6


def _show(name: str, unit: str, ours: list[float], theirs: list[float]) -> None:
    ratio = statistics.median(mine / yours for mine, yours in zip(ours, theirs, strict=True))
    sides = (f"{statistics.median(side):10,.4g}" for side in (ours, theirs))
    print(f"  {name:30} {'  '.join(sides)} {unit:10} ratio {ratio:.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
