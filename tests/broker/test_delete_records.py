"""Records deleted from the beginning of a partition: by the client's own admin call, and across restarts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the package lists no exports
    AdminClient,
    NewTopic,
    OffsetSpec,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from support.broker import running_broker
from support.kafka_clients import consumer, produce, read, values_of
from support.kafka_wire import batch, wire_client

from nodesmith.broker.log import PartitionLog
from nodesmith.broker.records import check_batch

if TYPE_CHECKING:
    from support.broker import RunningBroker

DELETE_RECORDS = 21
ALL = -1  # up to the end


def admin_of(broker: RunningBroker) -> AdminClient:
    return AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 2})


def numbered(broker: RunningBroker, topic: str, count: int = 10) -> None:
    """Write `count` records of one batch each to a topic of one partition."""
    admin = admin_of(broker)
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)
    values = [b"%d" % number for number in range(count)]
    produce(broker.bootstrap_servers, topic, values, **{"batch.num.messages": 1})


def delete(broker: RunningBroker, topic: str, offset: int) -> int:
    """Delete what comes before `offset` and return the low watermark."""
    admin = admin_of(broker)  # kept: its futures end with it
    (done,) = admin.delete_records([TopicPartition(topic, 0, offset)]).values()
    return int(done.result(10).low_watermark)


def bounds(broker: RunningBroker, topic: str) -> tuple[int, int]:
    with consumer(broker.bootstrap_servers, "bounds") as client:
        low, high = client.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        return low, high


def values_from(broker: RunningBroker, topic: str, offset: int, count: int) -> list[bytes]:
    with consumer(broker.bootstrap_servers, "values") as client:
        client.assign([TopicPartition(topic, 0, offset)])
        return values_of(read(client, count))


def test_what_comes_before_an_offset_is_gone_and_the_rest_stays(broker: RunningBroker) -> None:
    numbered(broker, "some")
    assert delete(broker, "some", 4) == 4
    assert bounds(broker, "some") == (4, 10)
    assert values_from(broker, "some", 4, 6) == [b"%d" % number for number in range(4, 10)]
    admin = admin_of(broker)
    found = admin.list_offsets({TopicPartition("some", 0): OffsetSpec.for_timestamp(1)})
    assert found[TopicPartition("some", 0)].result(10).offset == 4


def test_a_partition_that_is_emptied_goes_on_where_it_was(broker: RunningBroker) -> None:
    numbered(broker, "all")
    assert delete(broker, "all", ALL) == 10
    assert bounds(broker, "all") == (10, 10)
    produce(broker.bootstrap_servers, "all", [b"next"])
    assert bounds(broker, "all") == (10, 11)
    assert values_from(broker, "all", 10, 1) == [b"next"]


def test_deleting_again_less_changes_nothing_and_more_than_there_is_is_refused(
    broker: RunningBroker,
) -> None:
    numbered(broker, "again")
    assert [delete(broker, "again", 6), delete(broker, "again", 3)] == [6, 6]
    with pytest.raises(KafkaException, match="OFFSET_OUT_OF_RANGE"):
        delete(broker, "again", 11)
    assert bounds(broker, "again") == (6, 10)


def test_a_topic_that_is_not_there_is_refused(broker: RunningBroker) -> None:
    with wire_client(broker.port) as client:
        partitions = [{"partition_index": 0, "offset": 1}]
        topics = [{"name": "no-such-topic", "partitions": partitions}]
        answer = client.call(DELETE_RECORDS, 1, topics=topics, timeout=timedelta(seconds=5))
    (refused,) = answer.topics[0].partitions
    assert (refused.error_code.name, refused.low_watermark) == ("unknown_topic_or_partition", -1)


def test_a_consumer_at_a_deleted_offset_is_told_or_starts_where_it_asked_to(
    broker: RunningBroker,
) -> None:
    numbered(broker, "behind")
    delete(broker, "behind", 7)
    assert values_from(broker, "behind", 2, 3) == [b"7", b"8", b"9"]
    with consumer(broker.bootstrap_servers, "told", **{"auto.offset.reset": "error"}) as client:
        client.assign([TopicPartition("behind", 0, 2)])
        message = client.poll(10)
    assert message is not None
    error = message.error()
    assert error is not None
    assert error.code() == KafkaError._AUTO_OFFSET_RESET
    assert "out of range" in error.str()


def test_a_group_whose_offset_was_deleted_goes_on_at_the_first_record_there_is(
    broker: RunningBroker,
) -> None:
    numbered(broker, "grouped")
    with consumer(broker.bootstrap_servers, "grouped") as client:
        client.commit(offsets=[TopicPartition("grouped", 0, 1)], asynchronous=False)
    delete(broker, "grouped", 8)
    with consumer(broker.bootstrap_servers, "grouped") as client:
        client.subscribe(["grouped"])
        assert values_of(read(client, 2)) == [b"8", b"9"]


def test_within_a_batch_a_time_is_found_from_the_first_record_on_that_is_left(tmp_path: Path) -> None:
    with running_broker(tmp_path / "data") as broker, wire_client(broker.port) as client:
        client.make_topic("timed")
        client.produce("timed", batch(b"a", b"b", b"c", timestamp=1_000))
        delete(broker, "timed", 2)
        with consumer(broker.bootstrap_servers, "timed") as reader:
            found = reader.offsets_for_times([TopicPartition("timed", 0, 1_000)], timeout=10)
            later = reader.offsets_for_times([TopicPartition("timed", 0, 1_003)], timeout=10)
    assert (found[0].offset, later[0].offset) == (2, -1)


@pytest.mark.parametrize("offset", [4, ALL])
def test_what_was_deleted_stays_deleted_over_a_killed_broker(tmp_path: Path, offset: int) -> None:
    with running_broker(tmp_path / "data", partitions=1) as broker:
        numbered(broker, "kept")
        low = delete(broker, "kept", offset)
        broker.kill()
    with running_broker(tmp_path / "data") as broker:
        assert bounds(broker, "kept") == (low, 10)
        produce(broker.bootstrap_servers, "kept", [b"next"])
        broker.kill()
    with running_broker(tmp_path / "data") as broker:
        assert bounds(broker, "kept") == (low, 11)
        assert values_from(broker, "kept", 10, 1) == [b"next"]


def test_the_space_of_deleted_records_is_given_back(tmp_path: Path) -> None:
    with running_broker(tmp_path / "data", partitions=1) as broker:
        produce(broker.bootstrap_servers, "large", [b"x" * 100_000] * 40, **{"batch.num.messages": 1})
        delete(broker, "large", 39)
        logs = (tmp_path / "data" / "topics").glob("*/0/*.log")
        assert sum(log.stat().st_size for log in logs) < 200_000
        assert values_from(broker, "large", 39, 1) == [b"x" * 100_000]
        broker.kill()
    with running_broker(tmp_path / "data") as broker:
        assert bounds(broker, "large") == (39, 40)
        assert values_from(broker, "large", 39, 1) == [b"x" * 100_000]


def test_a_topic_of_the_same_name_made_anew_starts_at_0(tmp_path: Path) -> None:
    with running_broker(tmp_path / "data", partitions=1) as broker:
        numbered(broker, "anew")
        delete(broker, "anew", ALL)
        admin = admin_of(broker)
        admin.delete_topics(["anew"])["anew"].result(10)
        produce(broker.bootstrap_servers, "anew", [b"first"])
        assert bounds(broker, "anew") == (0, 1)


def append(log: PartitionLog, *values: bytes) -> None:
    data = batch(*values)
    log.append(data, check_batch(data))


@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    start=st.integers(0, 24),
    cut=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_a_log_cut_anywhere_after_a_deletion_never_starts_earlier_and_can_be_appended_to(
    sizes: list[int], start: int, cut: int
) -> None:
    with TemporaryDirectory() as folder:
        log = PartitionLog(Path(folder))
        for size in sizes:
            append(log, *[b"x"] * size)
        start = min(start, log.end_offset)
        log.delete_before(start)
        log.close()
        path = log.segments[0].path
        path.write_bytes(path.read_bytes()[: cut % (path.stat().st_size + 1)])
        for _ in range(2):
            log = PartitionLog(Path(folder))
            assert log.start_offset == start
            assert log.end_offset >= start
            append(log, b"next")
            end = log.end_offset
            log.close()
        log = PartitionLog(Path(folder))
        assert (log.start_offset, log.end_offset) == (start, end)
        assert log.read(end - 1, max_bytes=1 << 20, at_least_one=True)
        log.close()


def test_a_log_whose_start_is_unreadable_keeps_every_record_it_has(tmp_path: Path) -> None:
    log = PartitionLog(tmp_path)
    append(log, b"a")
    log.delete_before(1)
    append(log, b"b", b"c")
    log.close()
    (tmp_path / "start").write_text("")
    log = PartitionLog(tmp_path)
    assert (log.start_offset, log.end_offset) == (1, 3)
    log.close()
