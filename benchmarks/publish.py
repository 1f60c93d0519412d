"""`publish()` until stored and until acknowledged, against a bare producer with a poll thread: records of 1 KB a second.

Many at a time: so many are under way at once. One after the other: the next leaves when the one before has come back. All in
one process, in turn, on the same topic.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Semaphore, Thread
from typing import TYPE_CHECKING
from uuid import uuid4

from buses import BROKERS, TEXT, make_topics, running
from confluent_kafka import Producer

from nodesmith.runtime.bus import EventPublisher
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope
from nodesmith.runtime.metrics import NodeMetrics
from nodesmith.runtime.outbox import OutboxBounds, Until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confluent_kafka import KafkaError, Message

TOPIC = "onex.evt.bench.published.v1"
AT_ONCE = 500


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=20_000, help="many at a time (default 20,000)")
    parser.add_argument("--pairs", type=int, default=3, help="how often each is measured (default 3)")
    parser.add_argument("--broker", choices=BROKERS, action="append", help="on this broker only")
    chosen = parser.parse_args()
    for broker in chosen.broker or BROKERS:
        with running(broker) as servers:
            if servers:
                make_topics(servers, TOPIC)
                print(f"{broker}, {chosen.pairs} rounds, load {os.getloadavg()[0]:.1f}:")
                rounds = [asyncio.run(_round(servers, chosen.records)) for _ in range(chosen.pairs)]
                _show(rounds)


async def _round(servers: str, records: int) -> dict[str, float]:
    """Measure each way once."""
    few = records // 20
    rates: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        publisher = EventPublisher(bootstrap_servers=servers, source="bench")
        bounds = OutboxBounds(records=100_000, bytes=1 << 30)
        publisher.keep_outbox(Path(folder), bounds=bounds, metrics=NodeMetrics(node="bench"))
        await publisher.start()
        await publisher.connection.wait_up()
        await publisher.publish(_record(), until="acknowledged")
        for until in ("stored", "acknowledged"):
            rates[f"{until}, one after the other"] = await _publish(publisher, until, few, at_once=1)
            rates[f"{until}, {AT_ONCE} at a time"] = await _publish(
                publisher, until, records, at_once=AT_ONCE
            )
        await publisher.close(30)
    bare = _Bare(servers)
    try:
        bare.send(1, at_once=1)
        rates["bare producer, one after the other"] = bare.send(few, at_once=1)
        rates[f"bare producer, {AT_ONCE} at a time"] = bare.send(records, at_once=AT_ONCE)
    finally:
        bare.stop()
    return rates


def _record() -> OutgoingRecord:
    envelope = make_envelope({"text": TEXT}, event_type="bench.published", source="bench")
    return OutgoingRecord(topic=TOPIC, envelope=envelope, key="k")


async def _publish(publisher: EventPublisher, until: Until, records: int, *, at_once: int) -> float:
    left: Iterator[int] = iter(range(records))

    async def one_after_the_other() -> None:
        for _ in left:
            await publisher.publish(_record(), until=until)

    begun = time.perf_counter()
    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
    seconds = time.perf_counter() - begun
    while publisher.outbox is not None and publisher.outbox.records:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.05)
    return records / seconds


class _Bare:
    """A producer with a poll thread."""

    def __init__(self, servers: str) -> None:
        self._producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True, "linger.ms": 0})
        self._stop = Event()
        self._thread = Thread(target=self._poll, daemon=True)
        self._thread.start()

    def send(self, records: int, *, at_once: int) -> float:
        """Return how many a second are acknowledged."""
        room = Semaphore(at_once)

        def delivered(error: KafkaError | None, _message: Message) -> None:
            assert error is None, error
            room.release()

        begun = time.perf_counter()
        for _ in range(records):
            room.acquire()
            value = {"payload": {"text": TEXT}, "envelope_id": str(uuid4()), "event_type": "bench.published"}
            self._producer.produce(TOPIC, json.dumps(value), key="k", on_delivery=delivered)
        for _ in range(at_once):
            room.acquire()
        return records / (time.perf_counter() - begun)

    def stop(self) -> None:
        """Stop polling."""
        self._stop.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._stop.is_set():
            self._producer.poll(0.1)


def _show(rounds: list[dict[str, float]]) -> None:
    rates = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    for name, rate in rates.items():
        bare = rates[f"bare producer, {name.split(', ')[1]}"]
        print(f"  {name:40} {rate:9,.0f}/s   {rate / bare:5.2f} of the bare producer")


if __name__ == "__main__":
    sys.exit(main())
