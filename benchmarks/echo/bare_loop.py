"""The same work with nothing but the Kafka client: a batch in, JSON, the answers out, their acknowledgements, a commit."""

from __future__ import annotations

import json
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Iterable

BATCH = 500


def echo(request: dict[str, Any]) -> dict[str, Any]:
    """Answer."""
    return {"text": request["text"]}


def main() -> None:
    """Work until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    servers, results = os.environ["KAFKA_BOOTSTRAP_SERVERS"], os.environ["BENCH_RESULTS"]
    producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True, "linger.ms": 0})
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "echo",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([os.environ["BENCH_COMMANDS"]])
    while not stop.is_set():
        first = consumer.poll(0.1)
        if first is not None:
            answer(producer, consumer, [first, *consumer.consume(BATCH - 1, 0)], results)
    consumer.close()


def answer(producer: Producer, consumer: Consumer, messages: Iterable[Message], results: str) -> None:
    """Answer a batch, and commit it when every answer is acknowledged."""
    offsets: dict[tuple[str, int], int] = {}
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    for message in messages:
        if message.error() is not None:
            continue
        command = json.loads(message.value())
        result = {"payload": echo(command["payload"]), "parent_envelope_id": command["envelope_id"]}
        producer.produce(results, json.dumps(result), key=message.key(), on_delivery=delivered)
        offsets[message.topic(), message.partition()] = message.offset() + 1
    left = producer.flush(30)
    assert not left
    assert not failed, failed
    consumer.commit(
        offsets=[TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()],
        asynchronous=False,
    )


if __name__ == "__main__":
    main()
