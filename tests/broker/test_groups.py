"""Consumer groups, with the real client: who gets which partitions, and when they move."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import KafkaException, TopicPartition
from support.kafka_clients import PATIENCE_SECONDS, consumer, produce, read, values_of
from support.waiting import wait_until

if TYPE_CHECKING:
    from confluent_kafka import Consumer
    from support.broker import RunningBroker

PARTITIONS = {0, 1, 2, 3}


def assigned(client: Consumer) -> set[int]:
    """Let the client do its group work for a moment, and return its partitions."""
    client.poll(0.05)
    return {place.partition for place in client.assignment()}


def wait_for_shares(*clients: Consumer) -> None:
    """Wait until the clients hold all partitions, each a share of its own."""

    def divided() -> bool:
        shares = [assigned(client) for client in clients]
        return all(shares) and set.union(*shares) == PARTITIONS and sum(map(len, shares)) == len(PARTITIONS)

    wait_until(divided, seconds=PATIENCE_SECONDS, why="partitions divided")


@pytest.mark.parametrize("strategy", ["range", "roundrobin", "cooperative-sticky"])
def test_two_members_share_and_what_one_leaves_moves_to_the_other(
    broker: RunningBroker, strategy: str
) -> None:
    topic = f"shared-{strategy}"
    settings = {"partition.assignment.strategy": strategy}
    produce(broker.bootstrap_servers, topic, [b"x"])
    with consumer(broker.bootstrap_servers, topic, **settings) as stays:
        with consumer(broker.bootstrap_servers, topic, **settings) as leaves:
            stays.subscribe([topic])
            leaves.subscribe([topic])
            wait_for_shares(stays, leaves)
        wait_for_shares(stays)


def test_members_that_join_later_get_their_share(broker: RunningBroker) -> None:
    produce(broker.bootstrap_servers, "later", [b"x"])
    with ExitStack() as stack:
        clients: list[Consumer] = []
        for _ in range(3):
            clients.append(stack.enter_context(consumer(broker.bootstrap_servers, "later")))
            clients[-1].subscribe(["later"])
            wait_for_shares(*clients)


MEMBER = """
import sys
from confluent_kafka import Consumer
member = Consumer({"bootstrap.servers": sys.argv[1], "group.id": "killed", "session.timeout.ms": 1500,
                   "heartbeat.interval.ms": 200})
member.subscribe(["killed"], on_assign=lambda *_: print("assigned", flush=True))
while True:
    member.poll(0.1)
"""


def test_what_a_killed_member_had_moves_when_its_session_ends(broker: RunningBroker) -> None:
    produce(broker.bootstrap_servers, "killed", [b"x"])
    command = [sys.executable, "-c", MEMBER, broker.bootstrap_servers]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as member:
        assert member.stdout is not None
        assert member.stdout.readline() == "assigned\n"
        with consumer(broker.bootstrap_servers, "killed") as stays:
            stays.subscribe(["killed"])
            wait_until(lambda: len(assigned(stays)) == 2, why="half of the partitions")
            member.kill()
            wait_for_shares(stays)


def test_a_static_member_comes_back_under_its_name(broker: RunningBroker) -> None:
    produce(broker.bootstrap_servers, "static", [b"x"])
    settings = {"group.instance.id": "one", "session.timeout.ms": 6000}
    with consumer(broker.bootstrap_servers, "static", **settings) as before:
        before.subscribe(["static"])
        wait_for_shares(before)
    began = time.monotonic()
    with consumer(broker.bootstrap_servers, "static", **settings) as after:
        after.subscribe(["static"])
        wait_for_shares(after)
        assert time.monotonic() - began < 5, "it did not have to wait for its former session to end"


def test_a_group_goes_on_where_it_committed(broker: RunningBroker) -> None:
    produce(broker.bootstrap_servers, "resumed", [b"%d" % number for number in range(20)])
    with consumer(broker.bootstrap_servers, "resumed") as first:
        first.subscribe(["resumed"])
        before = values_of(read(first, 20))
        first.commit(asynchronous=False)
    produce(broker.bootstrap_servers, "resumed", [b"new"])
    with consumer(broker.bootstrap_servers, "resumed") as second:
        second.subscribe(["resumed"])
        assert values_of(read(second, 1)) == [b"new"]
    assert len(before) == 20


def test_a_commit_of_a_former_generation_is_refused(broker: RunningBroker) -> None:
    produce(broker.bootstrap_servers, "fenced", [b"x"])
    with consumer(broker.bootstrap_servers, "fenced", **{"session.timeout.ms": 60_000}) as old:
        old.subscribe(["fenced"])
        wait_for_shares(old)
        with consumer(broker.bootstrap_servers, "fenced") as outsider:
            outsider.assign([TopicPartition("fenced", 0)])
            with pytest.raises(KafkaException, match="UNKNOWN_MEMBER_ID"):
                outsider.commit(offsets=[TopicPartition("fenced", 0, 1)], asynchronous=False)


def test_a_group_is_joined_at_once(broker: RunningBroker) -> None:
    produce(broker.bootstrap_servers, "quick", [b"x"])
    with consumer(broker.bootstrap_servers, "quick") as client:
        began = time.monotonic()
        client.subscribe(["quick"])
        read(client, 1)
        assert time.monotonic() - began < 5
