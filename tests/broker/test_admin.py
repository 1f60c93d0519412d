"""What the client's admin calls find and change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import ConsumerGroupState, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the package lists no exports
    AdminClient,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)
from support.kafka_clients import consumer, produce, read
from support.kafka_wire import batch, wire_client
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from support.broker import RunningBroker


def admin_of(broker: RunningBroker) -> AdminClient:
    return AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 2})


@pytest.fixture
def admin(broker: RunningBroker) -> AdminClient:
    return admin_of(broker)


def wait_for_partitions(admin: AdminClient, topic: str, count: int) -> None:
    def are_there() -> bool:
        found = admin.list_topics(timeout=10).topics
        return (len(found[topic].partitions) if topic in found else 0) == count

    wait_until(are_there, why=f"{count} partitions of {topic}")


def test_a_topic_is_made_grown_and_deleted(admin: AdminClient) -> None:
    admin.create_topics([NewTopic("made", 2, 1)])["made"].result(10)
    wait_for_partitions(admin, "made", 2)
    admin.create_partitions([NewPartitions("made", 5)])["made"].result(10)
    wait_for_partitions(admin, "made", 5)
    admin.delete_topics(["made"])["made"].result(10)
    wait_for_partitions(admin, "made", 0)


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        (NewTopic("there", 1, 1), "TOPIC_ALREADY_EXISTS"),
        (NewTopic("../../outside", 1, 1), "TOPIC_EXCEPTION"),
        (NewTopic("..", 1, 1), "TOPIC_EXCEPTION"),
        (NewTopic("with space", 1, 1), "TOPIC_EXCEPTION"),
        (NewTopic("long" * 70, 1, 1), "TOPIC_EXCEPTION"),
        (NewTopic("replicated", 1, 3), "INVALID_REPLICATION_FACTOR"),
        (NewTopic("none", 0, 1), "INVALID_PARTITIONS"),
        (NewTopic("odd", 1, 1, config={"no.such.thing": "1"}), "INVALID_CONFIG"),
        (NewTopic("many", 1, 1, config={"retention.bytes": "a lot"}), "INVALID_CONFIG"),
        (NewTopic("digits", 1, 1, config={"retention.bytes": "1_000"}), "INVALID_CONFIG"),
        (NewTopic("tiny", 1, 1, config={"segment.bytes": "100"}), "INVALID_CONFIG"),
        (NewTopic("shrunk", 1, 1, config={"cleanup.policy": "shrink"}), "INVALID_CONFIG"),
    ],
)
def test_a_topic_that_cannot_be_is_refused(
    broker: RunningBroker, admin: AdminClient, topic: NewTopic, reason: str
) -> None:
    produce(broker.bootstrap_servers, "there", [b"x"])
    with pytest.raises(KafkaException, match=reason):
        admin.create_topics([topic])[topic.topic].result(10)


def test_a_topic_of_more_partitions_than_a_laptop_has_files_is_refused(
    embedded_broker: RunningBroker,
) -> None:
    admin = admin_of(embedded_broker)
    with pytest.raises(KafkaException, match="INVALID_PARTITIONS"):
        admin.create_topics([NewTopic("huge", 5000, 1)])["huge"].result(10)


def test_topics_whose_names_differ_only_in_case_and_longest_ones_are_kept_apart(
    broker: RunningBroker, tmp_path: Path
) -> None:
    names = ["Case", "case", "x" * 249, "...", "-", "a.b_c"]
    for name in names:
        produce(broker.bootstrap_servers, name, [name.encode()])
        with consumer(broker.bootstrap_servers, "reads") as client:
            client.assign([TopicPartition(name, number, 0) for number in range(4)])
            assert read(client, 1)[0].value() == name.encode()


def test_a_name_from_the_network_never_leaves_the_data_folder(broker: RunningBroker) -> None:
    with wire_client(broker.port) as client:
        names = ["../escaped", "/etc/escaped", "a/b", "nul\0", "", ".", "..", "ünïcode"]
        answer = client.call(3, 4, topics=[{"name": name} for name in names], allow_auto_topic_creation=True)
    assert {topic.error_code.name for topic in answer.topics} == {"invalid_topic_exception"}


def test_a_deleted_topic_begins_anew_and_so_do_its_groups(broker: RunningBroker, admin: AdminClient) -> None:
    produce(broker.bootstrap_servers, "anew", [b"old"])
    with consumer(broker.bootstrap_servers, "anew") as client:
        client.commit(offsets=[TopicPartition("anew", 0, 1)], asynchronous=False)
    admin.delete_topics(["anew"])["anew"].result(10)
    produce(broker.bootstrap_servers, "anew", [b"new"])
    with consumer(broker.bootstrap_servers, "anew") as client:
        assert client.committed([TopicPartition("anew", 0)], timeout=10)[0].offset == -1001
        client.subscribe(["anew"])
        assert read(client, 1)[0].value() == b"new"


def test_settings_are_shown_for_topics_and_the_broker(broker: RunningBroker, admin: AdminClient) -> None:
    produce(broker.bootstrap_servers, "configured", [b"x"])
    asked = [ConfigResource("TOPIC", "configured"), ConfigResource("BROKER", "1")]
    topic, node = (future.result(10) for future in admin.describe_configs(asked).values())
    assert topic["cleanup.policy"].value == "delete"
    assert topic["retention.bytes"].value == "-1"
    assert topic["max.message.bytes"].value == "1048588"
    assert node["num.partitions"].value == "4"
    missing = ConfigResource("TOPIC", "no-such-topic")
    with pytest.raises(KafkaException, match="UNKNOWN_TOPIC"):
        admin.describe_configs([missing])[missing].result(10)


def test_groups_are_listed_described_and_deleted_when_empty(
    broker: RunningBroker, admin: AdminClient
) -> None:
    produce(broker.bootstrap_servers, "listed", [b"x"])
    with consumer(broker.bootstrap_servers, "listed") as client:
        client.subscribe(["listed"])
        read(client, 1)
        client.commit(asynchronous=False)
        described = admin.describe_consumer_groups(["listed"])["listed"].result(10)
        assert described.state is ConsumerGroupState.STABLE
        assert len(described.members[0].assignment.topic_partitions) == 4
        with pytest.raises(KafkaException, match="NON_EMPTY_GROUP"):
            admin.delete_consumer_groups(["listed"])["listed"].result(10)
    empty = admin.list_consumer_groups(states={ConsumerGroupState.EMPTY}).result(10).valid
    assert "listed" in {group.group_id for group in empty}
    admin.delete_consumer_groups(["listed"])["listed"].result(10)
    assert "listed" not in {group.group_id for group in admin.list_consumer_groups().result(10).valid}


def test_offsets_are_found_by_their_end_and_by_time(broker: RunningBroker, admin: AdminClient) -> None:
    began = int(time.time() * 1000) - 10_000  # not long ago: Kafka keeps no record for more than a week
    with wire_client(broker.port) as client:
        client.make_topic("timed")
        client.produce("timed", batch(b"a", b"b", b"c", timestamp=began))
    place = TopicPartition("timed", 0)
    specs = [
        OffsetSpec.earliest(),  # type: ignore[no-untyped-call]
        OffsetSpec.latest(),  # type: ignore[no-untyped-call]
        OffsetSpec.for_timestamp(began + 1),
    ]
    found = [admin.list_offsets({place: spec})[place].result(10).offset for spec in specs]
    with consumer(broker.bootstrap_servers, "timed") as reader:
        by_time = [
            reader.offsets_for_times([TopicPartition("timed", 0, wanted)])[0].offset
            for wanted in (began + 2, began + 5_000)
        ]
    assert found == [0, 3, 1]
    assert by_time == [2, -1]  # -1 is the client's word for the end


def test_the_cluster_is_described(broker: RunningBroker, admin: AdminClient) -> None:
    cluster = admin.describe_cluster().result(10)
    assert [(node.host, node.port) for node in cluster.nodes] == [("127.0.0.1", broker.port)]
