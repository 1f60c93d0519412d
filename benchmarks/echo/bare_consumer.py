"""The least that takes commands: the Kafka client and pydantic. It says how many it has read, after the first and after all."""

from __future__ import annotations

import os
import signal
import threading
from decimal import Decimal

from confluent_kafka import Consumer
from pydantic import BaseModel


class Order(BaseModel):
    """What comes."""

    order_id: str
    customer_id: str
    total: Decimal


class Envelope(BaseModel):
    """A command."""

    payload: Order
    envelope_id: str
    event_type: str


def main() -> None:
    """Read until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    told = {1, int(os.environ["BENCH_COUNT"])}
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            "group.id": "bare",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([os.environ["BENCH_COMMANDS"]])
    seen = 0
    while not stop.is_set():
        messages = [each for each in consumer.consume(500, 0.05) if each.error() is None]
        for message in messages:
            Envelope.model_validate_json(message.value() or b"")
            seen += 1
            if seen in told:
                print(seen, flush=True)
        if messages:
            consumer.commit(asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    main()
