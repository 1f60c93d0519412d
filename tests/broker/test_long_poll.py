"""A fetch that finds nothing waits, and is woken by the record it waits for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from support.kafka_wire import METADATA, batch, wire_client

if TYPE_CHECKING:
    from support.broker import RunningBroker


def test_a_waiting_fetch_answers_at_once_when_a_record_arrives(broker: RunningBroker) -> None:
    with wire_client(broker.port) as reader, wire_client(broker.port) as writer:
        writer.make_topic("woken")
        reader.send_fetch("woken", 0, wait_seconds=30)
        writer.call(
            METADATA, 4, topics=[]
        )  # by now the fetch waits: the broker has answered somebody after it
        began = time.monotonic()
        writer.produce("woken", batch(b"here"))
        answer = reader.receive(1, 11).responses[0].partitions[0]
        took = time.monotonic() - began
    assert b"here" in answer.records
    assert took < 5


def test_a_fetch_without_records_waits_as_long_as_it_was_told(broker: RunningBroker) -> None:
    with wire_client(broker.port) as client:
        client.make_topic("empty")
        began = time.monotonic()
        answer = client.fetch("empty", 0, wait_seconds=0.3)
        took = time.monotonic() - began
    assert answer.records == b""
    assert 0.29 <= took < 10


def test_waiting_costs_the_broker_no_time(embedded_broker: RunningBroker) -> None:
    with wire_client(embedded_broker.port) as client:
        client.make_topic("idle")
        before = cpu_seconds(embedded_broker)
        client.fetch("idle", 0, wait_seconds=1)
        assert cpu_seconds(embedded_broker) - before < 0.1


def test_an_offset_out_of_range_is_said_at_once(broker: RunningBroker) -> None:
    with wire_client(broker.port) as client:
        client.make_topic("range")
        began = time.monotonic()
        assert client.fetch("range", 99, wait_seconds=30).error_code.name == "offset_out_of_range"
        assert (
            client.fetch("no-such-topic", 0, wait_seconds=30).error_code.name == "unknown_topic_or_partition"
        )
        assert time.monotonic() - began < 5


def test_a_deleted_topic_ends_the_wait(embedded_broker: RunningBroker) -> None:
    port = embedded_broker.port
    with wire_client(port) as reader, wire_client(port) as other:
        other.make_topic("deleted")
        reader.send_fetch("deleted", 0, wait_seconds=30)
        other.call(20, 3, topic_names=("deleted",))
        answer = reader.receive(1, 11).responses[0].partitions[0]
    assert answer.error_code.name == "unknown_topic_or_partition"


def test_a_batch_larger_than_asked_for_comes_whole_so_that_the_reader_gets_on(broker: RunningBroker) -> None:
    with wire_client(broker.port) as client:
        client.make_topic("large")
        client.produce("large", batch(b"x" * 5000))
        client.produce("large", batch(b"y" * 5000))
        answer = client.fetch("large", 0, max_bytes=10)
    assert b"x" * 5000 in answer.records
    assert b"y" not in answer.records


def cpu_seconds(broker: RunningBroker) -> float:
    fields = Path(f"/proc/{broker.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
