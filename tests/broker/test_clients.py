"""Clients that others wrote, against the broker's process."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from aiokafka import (  # type: ignore[import-untyped]
    AIOKafkaConsumer,
    AIOKafkaProducer,
    TopicPartition,
)
from confluent_kafka import Producer
from support.kafka_clients import consumer, produce, read, values_of

if TYPE_CHECKING:
    from support.broker import RunningBroker

VALUES = [b"record %d" % number for number in range(100)]


@pytest.mark.parametrize(("acks", "idempotent"), [(0, False), (1, False), ("all", False), ("all", True)])
def test_confluent_kafka_reads_what_it_wrote(
    broker: RunningBroker, acks: int | str, idempotent: bool
) -> None:
    topic = f"confluent-{acks}-{idempotent}"
    produce(broker.bootstrap_servers, topic, VALUES, **{"acks": acks, "enable.idempotence": idempotent})
    with consumer(broker.bootstrap_servers, topic) as client:
        client.subscribe([topic])
        assert sorted(values_of(read(client, len(VALUES)))) == sorted(VALUES)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_compressed_records_come_back(broker: RunningBroker, codec: str) -> None:
    values = [b"x" * 5000] * 20
    produce(broker.bootstrap_servers, f"compressed-{codec}", values, **{"compression.type": codec})
    with consumer(broker.bootstrap_servers, f"compressed-{codec}") as client:
        client.subscribe([f"compressed-{codec}"])
        assert values_of(read(client, len(values))) == values


def test_keys_headers_and_timestamps_come_back(broker: RunningBroker) -> None:
    now = int(time.time() * 1000) - 1_234  # what is old, Kafka deletes by its retention
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    producer.produce("whole", b"value", key=b"key", headers={"ce_type": b"x"}, timestamp=now)
    assert producer.flush(10) == 0
    with consumer(broker.bootstrap_servers, "whole") as client:
        client.subscribe(["whole"])
        (message,) = read(client, 1)
    assert (message.key(), message.headers(), message.timestamp()[1]) == (
        b"key",
        [("ce_type", b"x")],
        now,
    )


@pytest.mark.parametrize("idempotent", [False, True])
def test_aiokafka_reads_what_it_wrote(broker: RunningBroker, idempotent: bool) -> None:
    topic = f"aiokafka-{idempotent}"

    async def write_and_read() -> list[bytes | None]:
        servers = broker.bootstrap_servers
        async with AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=idempotent) as producer:
            for value in VALUES:
                await producer.send(topic, value)
            await producer.flush()
        async with AIOKafkaConsumer(
            topic, bootstrap_servers=servers, group_id=topic, auto_offset_reset="earliest"
        ) as reader:
            messages = [await asyncio.wait_for(anext(reader), 10) for _ in VALUES]
            await reader.commit()
            committed = await reader.committed(TopicPartition(topic, messages[-1].partition))
        assert committed == messages[-1].offset + 1
        return [message.value for message in messages]

    assert sorted(filter(None, asyncio.run(write_and_read()))) == sorted(VALUES)


KCAT = shutil.which("kcat")


@pytest.mark.skipif(KCAT is None, reason="kcat is not installed (Debian: apt install kcat)")
def test_kcat_reads_what_it_wrote(broker: RunningBroker) -> None:
    kcat = [str(KCAT), "-b", broker.bootstrap_servers, "-q"]
    text = "\n".join(value.decode() for value in VALUES)
    subprocess.run([*kcat, "-P", "-t", "kcat"], input=text, text=True, check=True, timeout=20)
    read_back = subprocess.run(
        [*kcat, "-C", "-t", "kcat", "-o", "beginning", "-e"],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert sorted(read_back.stdout.split("\n")[:-1]) == sorted(text.split("\n"))


@pytest.mark.skipif(KCAT is None, reason="kcat is not installed (Debian: apt install kcat)")
def test_kcat_reads_in_a_group_and_lists_topics(broker: RunningBroker) -> None:
    produce(broker.bootstrap_servers, "kcat-group", VALUES)
    kcat = [str(KCAT), "-b", broker.bootstrap_servers, "-q"]
    grouped = [*kcat, "-G", "kcat-readers", "-c", str(len(VALUES)), "-o", "beginning", "kcat-group"]
    read_back = subprocess.run(grouped, capture_output=True, text=True, check=True, timeout=20)
    listed = subprocess.run([*kcat, "-L"], capture_output=True, text=True, check=True, timeout=20)
    assert len(read_back.stdout.split("\n")) == len(VALUES) + 1
    assert 'topic "kcat-group" with 4 partitions' in listed.stdout
