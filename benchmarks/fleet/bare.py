"""The least that can know who is there: the Kafka client and a JSON parser. It keeps the last record of each node id.

It asks everybody at its start, says when it has heard of as many as it is told there are, and reads on until SIGTERM.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, Producer, TopicPartition

INTROSPECTION, HEARTBEAT, REQUEST = sys.argv[2:5]


def main() -> None:
    """Read until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    servers, wanted = sys.argv[1], int(sys.argv[5])
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": str(uuid4()),
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 100,
        }
    )
    consumer.assign([place for topic in (INTROSPECTION, HEARTBEAT) for place in ends(consumer, topic)])
    ask(servers)
    known: dict[str, Any] = {}
    beats: dict[str, Any] = {}
    told = False
    while not stop.is_set():
        for message in consumer.consume(500, 0.05):
            if message.error() is not None:
                continue
            payload = json.loads(message.value() or b"")["payload"]
            if message.topic() == INTROSPECTION:
                known[payload["node_id"]] = payload
            else:
                beats[payload["node_id"]] = payload, dict(message.headers() or ())
        if len(known) >= wanted and not told:
            told = True
            print("all", flush=True)
    consumer.close()


def ask(servers: str) -> None:
    """Ask all nodes who they are."""
    producer = Producer({"bootstrap.servers": servers})
    question = {
        "payload": {},
        "envelope_id": str(uuid4()),
        "envelope_timestamp": datetime.now(UTC).isoformat(),
    }
    producer.produce(REQUEST, json.dumps(question))
    producer.flush(10)


def ends(consumer: Consumer, topic: str) -> list[TopicPartition]:
    """Return where the topic's partitions end now."""
    found = []
    for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
        place = TopicPartition(topic, number)
        found.append(TopicPartition(topic, number, consumer.get_watermark_offsets(place, timeout=10)[1]))
    return found


if __name__ == "__main__":
    main()
