"""Any request of any version is answered in its own schema, and any bytes that are none are told to be none.

`ANY_REQUESTS=20000` has so many of each API tried, with other seeds, instead of the few that every run tries.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import contextmanager, suppress
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from kio.index import load_response_schema
from kio.serial import entity_reader
from support.any_request import AnyRequests, any_batch, request
from support.kafka_wire import LIST_OFFSETS, keyed_batch

from nodesmith.broker.apis import APIS
from nodesmith.broker.groups import Group, JoinRequest
from nodesmith.broker.housekeeping import Pace, look_after
from nodesmith.broker.reading import MalformedRequestError
from nodesmith.broker.refusal import RefusedError
from nodesmith.broker.requests import Client, answer
from nodesmith.broker.state import BrokerState, open_state
from nodesmith.broker.topic_settings import settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nodesmith.broker.apis import Api
    from nodesmith.broker.partition import Partition

FEW = 250
CLIENT = Client(own=("127.0.0.1", 9092), peer=("127.0.0.1", 50_000))
# What there is, and what can be made anew each time.
TOPICS: dict[str, dict[str, str] | None] = {
    "there": {},
    "compacted": {"cleanup.policy": "compact"},
    "newer": None,
}
PARTITIONS = 2
COMPACTED = settled(
    {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0", "delete.retention.ms": "0"}
)
PATIENCE_SECONDS = 0.001
LONGEST_SECONDS = 2.0


class Broker:
    """A broker without a socket: topics with records, and a group with a member."""

    def __init__(self, folder: Path, runner: asyncio.Runner) -> None:
        self.folder = folder
        self.runner = runner
        self.state = self._opened()
        self.member = ""
        self.fill()

    def fill(self) -> None:
        """See to it that there is something to ask for, and room for what is made."""
        for name, said in TOPICS.items():
            topic = self.state.topics.find(name)
            if topic is not None and (said is None or len(topic.partitions) != PARTITIONS):
                self.state.topics.delete(name)
                topic = None
            if topic is None and said is not None:
                made = self.state.topics.create(name, PARTITIONS, said)
                made.partitions[0].append(keyed_batch((b"k", b"v")))
        group = self.state.groups.get("group")
        if group is None or self.member not in group.members:
            self.runner.run(self._join())

    def answer(self, frame: bytes) -> bytes | None:
        """Return the answer, or None where there is none or it would take its time."""
        return self.runner.run(self._answer(frame))

    def restart(self) -> None:
        """Close everything, and read it again from the disk."""
        self.state.close()
        self.state = self._opened()

    def compact(self, partition: Partition) -> None:
        """Compact all that was written to a partition, whatever its topic was told."""
        told, partition.settings = partition.settings, COMPACTED
        partition.log.roll()
        self.runner.run(look_after(partition, Pace()))
        partition.settings = told

    async def _answer(self, frame: bytes) -> bytes | None:
        began = time.process_time()
        reply = answer(self.state, memoryview(frame), CLIENT)
        assert time.process_time() - began < LONGEST_SECONDS, "nobody else was served all the while"
        if reply is None or isinstance(reply, bytes):
            return reply
        try:
            return await asyncio.wait_for(reply, PATIENCE_SECONDS)
        except TimeoutError:
            return None

    async def _join(self) -> None:
        if (former := self.state.groups.pop("group", None)) is not None:
            former.close()
        group = self.state.groups["group"] = Group("group")
        member = await group.join(
            JoinRequest(
                member_id="",
                instance_id=None,
                client_id="any",
                client_host="127.0.0.1",
                session_seconds=600.0,
                rebalance_seconds=600.0,
                protocol_type="consumer",
                protocols={"range": b"topics"},
                can_come_again=False,
            )
        )
        await group.sync(member.id, group.generation, None, {member.id: b"share"})
        self.member = member.id

    def _opened(self) -> BrokerState:
        return open_state(self.folder, default_partitions=1, retention_bytes=-1)


@pytest.fixture
def broker(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Broker]:
    caplog.set_level(logging.CRITICAL)
    with asyncio.Runner() as runner:
        broker = Broker(tmp_path / "state", runner)
        yield broker
        broker.state.close()


def seeded(*what: object) -> tuple[Random, int]:
    """Return random numbers, and how many things to try: the same in every run, unless more are asked for."""
    count = int(os.environ.get("ANY_REQUESTS", FEW))
    return Random(f"{'few' if count == FEW else time.time_ns()} {what}"), count


def frames(broker: Broker, *apis: Api) -> Iterator[tuple[Api, int, bytes, AnyRequests]]:
    """Yield API, version, a request, and what made it."""
    random, count = seeded(*(api.key for api in apis))
    for _ in range(count):
        broker.fill()
        topics = [topic for name in TOPICS if (topic := broker.state.topics.find(name))]
        usual = {"member_id": (broker.member, ""), "topic_id": [None, *(topic.id for topic in topics)]}
        requests = AnyRequests(random, usual)
        api = random.choice(apis)
        version = random.randint(api.oldest, api.newest)
        yield api, version, requests.frame(api.key, version), requests


@contextmanager
def naming(api: Api, version: int, frame: bytes) -> Iterator[None]:
    """Say with any error for which request it came."""
    try:
        yield
    except Exception as error:
        error.add_note(f"API {api.key} ({api.handler.__name__}) version {version}: {frame!r}")
        raise


def check_schema(api: Api, version: int, reply: bytes | None) -> None:
    if reply is None:
        return
    schema: Any = load_response_schema(api.key, version)
    _, start = entity_reader(schema.__header_schema__)(reply, 4)
    _, length = entity_reader(schema)(reply, 4 + start)
    assert 4 + start + length == len(reply), "the answer holds more than its schema"


every_api = pytest.mark.parametrize("api", APIS.values(), ids=lambda api: f"{api.key}-{api.handler.__name__}")


@every_api
def test_any_request_is_answered_in_its_own_schema(broker: Broker, api: Api) -> None:
    for _, version, frame, _ in frames(broker, api):
        with naming(api, version, frame):
            check_schema(api, version, broker.answer(frame))


@every_api
def test_a_request_with_odd_bytes_is_answered_or_told_to_be_none(broker: Broker, api: Api) -> None:
    for _, version, frame, requests in frames(broker, api):
        broken = requests.broken(frame)
        with naming(api, version, broken):
            try:
                check_schema(api, version, broker.answer(broken))
            except MalformedRequestError:
                continue


def test_requests_of_all_kinds_leave_a_folder_that_can_be_read_again(broker: Broker) -> None:
    for number, (api, version, frame, _) in enumerate(frames(broker, *APIS.values())):
        with naming(api, version, frame):
            check_schema(api, version, broker.answer(frame))
            if number % 50 == 0:
                broker.restart()


@pytest.mark.parametrize("topic", ["there", "compacted"])
def test_records_of_any_bytes_are_looked_into_and_compacted(broker: Broker, topic: str) -> None:
    random, count = seeded(topic)
    partition = broker.state.topics.partition(topic, 0)
    for number in range(count):
        sent = any_batch(random)
        place = {"partition_index": 0, "timestamp": random.choice((-3, 0, 1_000, 2**62))}
        asked = request(LIST_OFFSETS, 1, replica_id=-1, topics=[{"name": topic, "partitions": [place]}])
        with naming(APIS[LIST_OFFSETS], 1, sent):
            with suppress(RefusedError):
                partition.append(sent)
            check_schema(APIS[LIST_OFFSETS], 1, broker.answer(asked))
            if number % 25 == 0:
                broker.compact(partition)
