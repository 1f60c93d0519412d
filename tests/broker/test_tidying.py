"""What a topic's settings do to its records, as a client sees it: old ones go, or those that a later one replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the package lists no exports
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
)
from support.broker import running_broker
from support.kafka_clients import consumer, read
from support.waiting import wait_until

from nodesmith.cli.broker import read_size
from nodesmith.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from confluent_kafka import Message
    from support.broker import RunningBroker

MIB = 1024 * 1024
SMALL = {"segment.bytes": str(MIB)}
COMPACTED = {**SMALL, "cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01"}
KEYS = 10
FILLING = b"x" * 20_000


def admin_of(broker: RunningBroker) -> AdminClient:
    return AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 2})


def make_topic(broker: RunningBroker, topic: str, settings: dict[str, str]) -> None:
    admin = admin_of(broker)
    admin.create_topics([NewTopic(topic, 1, 1, config=settings)])[topic].result(10)


def alter(broker: RunningBroker, topic: str, operation: AlterConfigOpType, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=operation)
    resource = ConfigResource("TOPIC", topic, incremental_configs=[entry])
    admin = admin_of(broker)  # kept: its futures end with it
    admin.incremental_alter_configs([resource])[resource].result(10)


def write(
    broker: RunningBroker, topic: str, *pairs: tuple[bytes | None, bytes | None], **settings: object
) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "linger.ms": 5, **settings})
    failed: list[object] = []
    for key, value in pairs:
        producer.produce(
            topic, value, key=key, on_delivery=lambda error, _: failed.append(error) if error else None
        )
    assert producer.flush(20) == 0
    if failed:
        raise KafkaException(failed[0])


def updates(count: int, *, start: int = 0) -> list[tuple[bytes, bytes]]:
    return [(b"%d" % (number % KEYS), b"%d " % number + FILLING) for number in range(start, start + count)]


def bounds(broker: RunningBroker, topic: str) -> tuple[int, int]:
    with consumer(broker.bootstrap_servers, "bounds") as client:
        low, high = client.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        return low, high


def everything(broker: RunningBroker, topic: str, *, start: int = 0) -> list[Message]:
    """Read from `start` to the end, whatever gaps there are."""
    messages: list[Message] = []
    with consumer(broker.bootstrap_servers, "everything", **{"enable.partition.eof": True}) as client:
        client.assign([TopicPartition(topic, 0, start)])
        while True:
            message = wait_until(lambda: client.poll(0.2), why=f"the end of {topic}")
            assert message is not None
            if message.error() is not None:
                return messages
            messages.append(message)


def facts(messages: list[Message]) -> list[tuple[int, bytes, bytes | None]]:
    return [
        (message.offset() or 0, message.key() or b"", (message.value() or b"").partition(b" ")[0] or None)
        for message in messages
    ]


def test_the_oldest_segments_go_when_there_are_more_bytes_than_are_kept(broker: RunningBroker) -> None:
    make_topic(broker, "kept-small", {**SMALL, "retention.bytes": str(2 * MIB)})
    write(broker, "kept-small", *updates(300))
    low = wait_until(lambda: bounds(broker, "kept-small")[0], why="old records to go")
    messages = everything(broker, "kept-small", start=low)
    assert bounds(broker, "kept-small")[1] == 300
    assert [offset for offset, _, _ in facts(messages)][-1] == 299
    assert sum(len(message.value() or b"") for message in messages) > MIB


def test_a_topic_is_told_later_to_keep_less_and_then_nothing_of_its_own(broker: RunningBroker) -> None:
    make_topic(broker, "told-later", SMALL)
    write(broker, "told-later", *updates(200))
    assert bounds(broker, "told-later") == (0, 200)
    alter(broker, "told-later", AlterConfigOpType.SET, "retention.bytes", "1000000")
    wait_until(lambda: bounds(broker, "told-later")[0], why="old records to go")
    alter(broker, "told-later", AlterConfigOpType.DELETE, "retention.bytes", "")
    resource = ConfigResource("TOPIC", "told-later")
    admin = admin_of(broker)
    shown = admin.describe_configs([resource])[resource].result(10)
    assert (shown["retention.bytes"].value, shown["segment.bytes"].value) == ("-1", str(MIB))
    with pytest.raises(KafkaException, match="INVALID_CONFIG"):
        alter(broker, "told-later", AlterConfigOpType.SET, "retention.bytes", "a lot")


def test_records_that_are_older_than_is_kept_go_and_new_ones_come_after_them(broker: RunningBroker) -> None:
    make_topic(broker, "kept-short", {"retention.ms": "-1"})
    write(broker, "kept-short", *updates(3))
    assert bounds(broker, "kept-short") == (0, 3)
    alter(broker, "kept-short", AlterConfigOpType.SET, "retention.ms", "1")
    wait_until(lambda: bounds(broker, "kept-short") == (3, 3), why="old records to go")
    alter(broker, "kept-short", AlterConfigOpType.SET, "retention.ms", "-1")
    write(broker, "kept-short", (b"k", b"new "))
    assert facts(everything(broker, "kept-short", start=3)) == [(3, b"k", b"new")]


def test_the_brokers_own_retention_holds_where_a_topic_says_nothing_else(tmp_path: Path) -> None:
    with running_broker(tmp_path / "data", options=["--retention-bytes", "2MB"]) as broker:
        make_topic(broker, "usual", {})
        make_topic(broker, "off", {"retention.bytes": "-1", **SMALL})
        for topic in ("off", "usual"):
            write(broker, topic, *updates(300))
        wait_until(lambda: bounds(broker, "usual")[0], why="old records to go")
        assert bounds(broker, "off") == (0, 300)


def test_a_size_is_read_in_the_units_people_write() -> None:
    read = {text: read_size(text) for text in ("off", "0", "1000", "100MB", "2 GiB", "1kb")}
    assert read == {"off": -1, "0": 0, "1000": 1000, "100MB": 10**8, "2 GiB": 2 * 1024**3, "1kb": 1000}
    for text in ("", "-1", "a lot", "1.5MB", "MB"):
        with pytest.raises(InputError, match="is no size"):
            read_size(text)


def test_of_each_key_the_last_record_stays_at_its_offset(broker: RunningBroker) -> None:
    make_topic(broker, "compacted", COMPACTED)
    write(broker, "compacted", *updates(200))
    found = wait_until(
        lambda: seen if len(seen := facts(everything(broker, "compacted"))) < 100 else None,
        why="the log to be compacted",
    )
    assert found
    assert all(key == b"%d" % (offset % KEYS) for offset, key, _ in found)
    assert all(value == b"%d" % offset for offset, _, value in found)
    assert [offset for offset, _, _ in found][-KEYS:] == list(range(190, 200))
    assert found == sorted(found)
    assert bounds(broker, "compacted") == (0, 200)


def test_a_group_whose_offset_fell_into_a_gap_goes_on_behind_it(broker: RunningBroker) -> None:
    make_topic(broker, "gap", COMPACTED)
    write(broker, "gap", *updates(200))
    with consumer(broker.bootstrap_servers, "gap") as client:
        client.commit(offsets=[TopicPartition("gap", 0, 5)], asynchronous=False)
    wait_until(lambda: len(everything(broker, "gap")) < 100, why="the log to be compacted")
    with consumer(broker.bootstrap_servers, "gap") as client:
        client.subscribe(["gap"])
        first = read(client, 1)[0].offset()
    assert first == facts(everything(broker, "gap"))[0][0] > 5


@pytest.mark.parametrize("codec", ["none", "gzip"])
def test_a_tombstone_takes_its_key_with_it_and_goes_itself_in_the_end(
    broker: RunningBroker, codec: str
) -> None:
    topic = f"tombstones-{codec}"
    make_topic(broker, topic, {**COMPACTED, "delete.retention.ms": "0"})
    packed = {"compression.type": codec, "batch.num.messages": 5}
    write(broker, topic, (b"gone", b"1 "), (b"stays", b"1 "), (b"gone", None), **packed)

    def is_gone() -> bool:
        filling = [(b"filling", number.to_bytes(2, "big") * 5_000) for number in range(120)]
        write(broker, topic, *filling)
        keys = [key for _, key, _ in facts(everything(broker, topic))]
        assert b"stays" in keys
        return b"gone" not in keys

    wait_until(is_gone, seconds=20, pause=0.3, why="the tombstone to go")


def test_a_record_without_a_key_is_refused_where_the_log_is_compacted(broker: RunningBroker) -> None:
    make_topic(broker, "keys-only", COMPACTED)
    with pytest.raises(KafkaException, match="INVALID_RECORD"):
        write(broker, "keys-only", (None, b"x"))
    write(broker, "keys-only", (b"", b"x"))
    assert bounds(broker, "keys-only") == (0, 1)


def test_an_idempotent_producer_goes_on_though_its_last_records_were_compacted_away(
    broker: RunningBroker,
) -> None:
    make_topic(broker, "idempotent", COMPACTED)
    settings = {"bootstrap.servers": broker.bootstrap_servers, "enable.idempotence": True}
    quiet, failed = Producer(settings), []
    quiet.produce("idempotent", b"1", key=b"0")
    assert quiet.flush(10) == 0
    write(broker, "idempotent", *updates(200, start=1))
    wait_until(lambda: len(everything(broker, "idempotent")) < 100, why="the log to be compacted")
    quiet.produce("idempotent", b"2", key=b"new", on_delivery=lambda error, _: failed.append(error))
    assert quiet.flush(10) == 0
    assert failed == [None]
