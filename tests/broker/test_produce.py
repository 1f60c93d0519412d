"""What is stored, what is refused, and what is stored once though it was sent twice."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from support.kafka_wire import batch, wire_client

if TYPE_CHECKING:
    from support.broker import RunningBroker

WHOLE = batch(b"value")


def changed(data: bytes, position: int, value: bytes) -> bytes:
    return data[:position] + value + data[position + len(value) :]


def test_a_batch_sent_twice_is_stored_once_and_answered_alike(broker: RunningBroker) -> None:
    with wire_client(broker.port) as client:
        client.make_topic("twice")
        sent = batch(b"a", b"b", producer_id=9, epoch=0, sequence=0)
        answers = [client.produce("twice", sent), client.produce("twice", sent)]
        assert [(answer.error_code.name, answer.base_offset) for answer in answers] == [("none", 0)] * 2
        assert client.fetch("twice", 0).high_watermark == 2


def test_a_repetition_is_known_among_the_last_five_batches_and_sequences_wrap(broker: RunningBroker) -> None:
    last = 0x7FFFFFFF
    with wire_client(broker.port) as client:
        client.make_topic("five")
        sent = [
            batch(b"x", producer_id=9, epoch=0, sequence=(last - 1 + number) & last) for number in range(5)
        ]
        offsets = [client.produce("five", one).base_offset for one in sent]
        repeated = [client.produce("five", one).base_offset for one in sent]
    assert offsets == repeated == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("epoch", "sequence", "code"),
    [
        (1, 5, "out_of_order_sequence_number"),
        (2, 3, "out_of_order_sequence_number"),
        (0, 1, "invalid_producer_epoch"),
        (2, 0, "none"),
        (1, 1, "none"),
    ],
)
def test_a_producer_goes_on_in_order_or_with_a_new_epoch(
    broker: RunningBroker, epoch: int, sequence: int, code: str
) -> None:
    topic = f"order-{epoch}-{sequence}"
    with wire_client(broker.port) as client:
        client.make_topic(topic)
        client.produce(topic, batch(b"x", producer_id=9, epoch=1, sequence=0))
        answer = client.produce(topic, batch(b"y", producer_id=9, epoch=epoch, sequence=sequence))
    assert answer.error_code.name == code


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"", "invalid_record"),
        (b"short", "invalid_record"),
        (WHOLE + WHOLE, "invalid_record"),
        (WHOLE[:-1], "invalid_record"),
        (changed(WHOLE, len(WHOLE) - 2, b"!"), "corrupt_message"),
        (changed(WHOLE, 16, b"\1"), "invalid_record"),
        (batch(b"x" * 1_100_000), "message_too_large"),
    ],
    ids=["empty", "short", "two", "cut", "changed", "old-format", "too-large"],
)
def test_what_is_not_one_whole_batch_is_refused(broker: RunningBroker, sent: bytes, code: str) -> None:
    with wire_client(broker.port) as client:
        client.make_topic("whole-only")
        answer = client.produce("whole-only", sent)
        assert answer.error_code.name == code
        assert client.fetch("whole-only", 0).high_watermark == 0


def test_a_batch_that_lies_about_its_records_is_refused(broker: RunningBroker) -> None:
    from crc32c import crc32c

    lying = changed(WHOLE, 23, struct.pack(">i", 7))  # the last offset
    lying = changed(lying, 17, struct.pack(">I", crc32c(lying[21:])))
    with wire_client(broker.port) as client:
        client.make_topic("lying")
        assert client.produce("lying", lying).error_code.name == "invalid_record"


def test_a_partition_that_does_not_exist_and_acks_that_do_not_are_refused(broker: RunningBroker) -> None:
    with wire_client(broker.port) as client:
        assert client.produce("nowhere", WHOLE).error_code.name == "unknown_topic_or_partition"
        client.make_topic("somewhere")
        assert client.produce("somewhere", WHOLE, acks=3).error_code.name == "invalid_required_acks"
