"""aiokafka, a Kafka client without librdkafka, as a peer of a node and of the clients that have it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # type: ignore[import-untyped]
from peers.flaky import Peer, running_peer
from support.kafka_clients import consumer, produce
from support.waiting import wait_until, wait_until_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from support.broker import RunningBroker

PATIENCE_SECONDS = 15
PARTITIONS = {0, 1, 2, 3}


@pytest.fixture(scope="module")
def peer(both_brokers: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    folder = tmp_path_factory.mktemp("peer")
    with running_peer(both_brokers.bootstrap_servers, "peer-of-aiokafka", folder) as peer:
        yield peer


@asynccontextmanager
async def member(servers: str, topic: str, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Join a group and read the topic from its beginning."""
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers,
        group_id=group,
        auto_offset_reset="earliest",
        heartbeat_interval_ms=200,
        metadata_max_age_ms=1_000,
    ) as reader:
        yield reader


async def send(peer: Peer, *values: bytes, key: bytes, headers: list[tuple[str, bytes]]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=peer.servers) as producer:
        for value in values:
            await producer.send_and_wait(peer.commands, value, key=key, headers=headers)


async def read_with(reader: AIOKafkaConsumer, key: bytes, count: int = 1) -> list[Any]:
    """Return so many records with this key, as aiokafka gives them."""

    async def found() -> list[Any]:
        records: list[Any] = []
        while len(records) < count:
            record = await anext(reader)
            records += [record] * (record.key == key)
        return records

    return await asyncio.wait_for(found(), PATIENCE_SECONDS)


def command(peer: Peer, name: str, **fields: str) -> bytes:
    return json.dumps({"payload": {"name": name}, "event_type": peer.operation, **fields}).encode()


def test_a_command_is_answered_with_its_key_its_correlation_and_its_headers(peer: Peer) -> None:
    sent, story = str(uuid4()), str(uuid4())

    async def ask() -> Any:
        value = command(peer, "ann", envelope_id=sent, correlation_id=story)
        async with member(peer.servers, peer.completed, f"asker-{sent}") as reader:
            await send(peer, value, key=b"ann", headers=[("tracestate", b"a=1")])
            (record,) = await read_with(reader, b"ann")
            return record

    record = asyncio.run(ask())
    result, headers = json.loads(record.value), dict(record.headers)
    assert result["payload"] == {"attempt": 1}
    assert (result["parent_envelope_id"], result["correlation_id"]) == (sent, story)
    assert headers["ce_id"].decode() == result["envelope_id"]
    assert headers["ce_type"].decode() == f"{peer.operation}.completed"
    assert (headers["ce_source"].decode(), headers["ce_specversion"]) == (peer.name, b"1.0")


def read_beside(peer: Peer, key: bytes, count: int) -> list[bytes]:
    """Read the node's commands in a group of librdkafka's."""
    values: list[bytes] = []

    def enough() -> bool:
        messages = client.consume(100, 0.1)
        values.extend(message.value() or b"" for message in messages if message.key() == key)
        return len(values) >= count

    with consumer(peer.servers, "librdkafkas-watchers") as client:
        client.subscribe([peer.commands])
        wait_until(enough, seconds=PATIENCE_SECONDS, why="the commands")
    return values


def test_its_group_reads_what_the_node_and_a_group_of_librdkafka_read(peer: Peer) -> None:
    values = [command(peer, f"each-{number}") for number in range(20)]

    async def read_commands_and_results() -> tuple[list[Any], list[Any]]:
        await send(peer, *values, key=b"each", headers=[])
        async with (
            member(peer.servers, peer.commands, "watchers") as commands,
            member(peer.servers, peer.completed, "listeners") as results,
        ):
            return await read_with(commands, b"each", 20), await read_with(results, b"each", 20)

    commands, results = asyncio.run(read_commands_and_results())
    assert [record.value for record in commands] == values == read_beside(peer, b"each", 20)
    assert {json.loads(record.value)["payload"]["attempt"] for record in results} == {1}


async def wait_for_shares(*members: AIOKafkaConsumer) -> None:
    """Wait until the members have all partitions, each a share of its own."""

    async def divided() -> bool:
        shares = [{place.partition for place in each.assignment()} for each in members]
        return all(shares) and set.union(*shares) == PARTITIONS and sum(map(len, shares)) == len(PARTITIONS)

    await wait_until_async(divided, seconds=PATIENCE_SECONDS, why="partitions divided")


def test_two_members_share_the_partitions_and_what_one_leaves_moves_to_the_other(
    both_brokers: RunningBroker,
) -> None:
    servers = both_brokers.bootstrap_servers
    produce(servers, "shared-by-aiokafka", [b"x"])

    async def join_and_leave() -> None:
        async with member(servers, "shared-by-aiokafka", "aiokafkas") as stays:
            async with member(servers, "shared-by-aiokafka", "aiokafkas") as leaves:
                await wait_for_shares(stays, leaves)
            await wait_for_shares(stays)

    asyncio.run(join_and_leave())


def test_a_member_of_librdkafka_shares_the_partitions_of_its_group(both_brokers: RunningBroker) -> None:
    servers = both_brokers.bootstrap_servers
    produce(servers, "shared-by-both", [b"x"])

    async def join_both() -> None:
        async with member(servers, "shared-by-both", "mixed") as ours:
            with consumer(servers, "mixed", **{"partition.assignment.strategy": "roundrobin"}) as theirs:
                theirs.subscribe(["shared-by-both"])

                async def divided() -> bool:
                    await asyncio.to_thread(theirs.poll, 0.05)
                    shares = [{place.partition for place in each.assignment()} for each in (ours, theirs)]
                    return sorted(map(len, shares)) == [2, 2] and set.union(*shares) == PARTITIONS

                await wait_until_async(divided, seconds=PATIENCE_SECONDS, why="partitions divided")

    asyncio.run(join_both())
