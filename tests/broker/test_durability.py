"""What outlives the broker's process, killed or stopped."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from support.broker import running_broker
from support.kafka_clients import consumer, produce, read, values_of
from support.kafka_wire import INIT_PRODUCER_ID, batch, wire_client
from support.ports import free_port
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from confluent_kafka import KafkaError, Message


def test_no_acknowledged_record_is_lost_when_the_broker_is_killed_while_it_stores(tmp_path: Path) -> None:
    port = free_port()
    acknowledged: set[bytes] = set()

    def note(error: KafkaError | None, message: Message) -> None:
        if error is None:
            acknowledged.add(message.value() or b"")

    producer = Producer(
        {"bootstrap.servers": f"127.0.0.1:{port}", "enable.idempotence": True, "linger.ms": 1}
    )
    sent = [b"%06d" % number for number in range(30_000)]
    with running_broker(tmp_path / "data", port) as broker:
        for number, value in enumerate(sent):
            producer.produce("killed", value, on_delivery=note)
            if number % 100 == 0:
                producer.poll(0.001)
            if number == 20_000:
                wait_until(lambda: producer.poll(0.01) or acknowledged, why="a first acknowledgement")
                broker.kill()
    before = len(acknowledged)
    with running_broker(tmp_path / "data", port) as broker:
        assert producer.flush(60) == 0
        with consumer(broker.bootstrap_servers, "killed") as client:
            client.subscribe(["killed"])
            stored = values_of(read(client, len(sent), seconds=30))
    assert 0 < before < len(sent), "the kill came in the middle"
    assert acknowledged == set(sent)
    assert sorted(stored) == sent, "nothing lost, nothing twice"


def test_committed_offsets_survive_a_killed_broker(tmp_path: Path) -> None:
    with running_broker(tmp_path / "data") as broker:
        produce(broker.bootstrap_servers, "kept", [b"x"] * 5)
        with consumer(broker.bootstrap_servers, "kept") as client:
            client.commit(
                offsets=[TopicPartition("kept", 2, 7), TopicPartition("kept", 3, 1, "note")],
                asynchronous=False,
            )
            broker.kill()
    with running_broker(tmp_path / "data") as broker, consumer(broker.bootstrap_servers, "kept") as client:
        found = client.committed([TopicPartition("kept", number) for number in range(4)], timeout=10)
    assert [place.offset for place in found] == [-1001, -1001, 7, 1]
    assert found[3].metadata == "note"


def test_a_line_of_offsets_written_half_does_not_spoil_the_next_ones(tmp_path: Path) -> None:
    with running_broker(tmp_path / "data") as broker, consumer(broker.bootstrap_servers, "half") as client:
        produce(broker.bootstrap_servers, "half", [b"x"])
        client.commit(offsets=[TopicPartition("half", 0, 1)], asynchronous=False)
    with (tmp_path / "data" / "offsets.jsonl").open("a") as offsets:
        offsets.write('["half", "half", 1, 5')
    for expected in (1, 3):
        with (
            running_broker(tmp_path / "data") as broker,
            consumer(broker.bootstrap_servers, "half") as client,
        ):
            assert client.committed([TopicPartition("half", 0)], timeout=10)[0].offset == expected
            client.commit(offsets=[TopicPartition("half", 0, 3)], asynchronous=False)


def test_a_record_written_half_is_cut_off_and_its_offset_given_again(tmp_path: Path) -> None:
    with running_broker(tmp_path / "data", partitions=1) as broker:
        produce(broker.bootstrap_servers, "torn", [b"first", b"second"], **{"batch.num.messages": 1})
        broker.kill()
    (log,) = (tmp_path / "data" / "topics").glob("*/0/*.log")
    log.write_bytes(log.read_bytes()[:-3])
    with running_broker(tmp_path / "data") as broker:
        produce(broker.bootstrap_servers, "torn", [b"third"])
        with consumer(broker.bootstrap_servers, "torn") as client:
            client.subscribe(["torn"])
            messages = read(client, 2)
        assert "written half" in broker.log.read_text()
    assert values_of(messages) == [b"first", b"third"]
    assert [message.offset() for message in messages] == [0, 1]


def test_a_full_disk_is_told_the_producer_and_leaves_the_log_whole(tmp_path: Path) -> None:
    with running_broker(tmp_path / "data") as broker, wire_client(broker.port) as client:
        client.make_topic("full")
        first = batch(b"first")
        client.produce("full", first)
        resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (len(first) + 20, resource.RLIM_INFINITY))
        refused = client.produce("full", batch(b"second"))
        resource.prlimit(
            broker.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )
        stored = client.produce("full", batch(b"third"))
        found = client.fetch("full", 0)
    assert refused.error_code.name == "kafka_storage_error"
    assert stored.base_offset == 1
    assert b"first" in found.records
    assert b"second" not in found.records


def test_a_batch_sent_again_after_a_restart_is_stored_once(tmp_path: Path) -> None:
    sent = batch(b"once", producer_id=5, epoch=0, sequence=0)
    with running_broker(tmp_path / "data") as broker, wire_client(broker.port) as client:
        client.make_topic("again")
        first = client.produce("again", sent)
        broker.kill()
    with running_broker(tmp_path / "data") as broker, wire_client(broker.port) as client:
        second = client.produce("again", sent)
        assert (first.base_offset, second.base_offset) == (0, 0)
        assert client.fetch("again", 0).high_watermark == 1


def test_topics_cluster_id_and_partitions_stay_and_deleted_ones_stay_away(tmp_path: Path) -> None:
    with running_broker(tmp_path / "data") as broker:
        produce(broker.bootstrap_servers, "stays", [b"x"])
        produce(broker.bootstrap_servers, "goes", [b"x"])
        admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 2})
        admin.delete_topics(["goes"])["goes"].result(10)
        before = admin.list_topics(timeout=10)
    with running_broker(tmp_path / "data", partitions=7) as broker:
        after = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 2}).list_topics(
            timeout=10
        )
    assert before.cluster_id == after.cluster_id
    assert set(after.topics) == {"stays"}
    assert len(after.topics["stays"].partitions) == 4


def test_a_producer_id_is_never_given_twice(tmp_path: Path) -> None:
    given = []
    for _ in range(2):
        with running_broker(tmp_path / "data") as broker, wire_client(broker.port) as client:
            given += [client.call(INIT_PRODUCER_ID, 1, transactional_id=None).producer_id for _ in range(3)]
            broker.kill()
    assert len(set(given)) == 6
