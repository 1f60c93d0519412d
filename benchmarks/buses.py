"""Both brokers, and what benchmarks do on them: commands that wait, a program that answers them, a clock on the answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from nodesmith.runtime import NodeIdentity

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.broker import running_broker
from support.kafka import running_kafka

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

PARTITIONS = 4
KEYS = 1_000
TEXT = "x" * 1024
BROKERS = ("embedded", "kafka")
_PATIENCE_SECONDS = 120.0
_WARM_UP = 2_000
# A member that is not heard of for six seconds is out of its group.
_LONGEST_HOLD_SECONDS = 5.0
_ECHO = Path(__file__).with_name("echo")
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A program that answers commands; with `keyed`, those whose payload has a key."""

    name: str
    program: str
    environment: Mapping[str, str] = field(default_factory=dict)
    keyed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How fast commands were answered, and the processor time of each, start and end of the program included."""

    per_second: float
    microseconds: float


@contextmanager
def running(broker: str) -> Iterator[str]:
    """Run a broker and give its servers; where Kafka cannot be had nothing is given."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        start = running_kafka if broker == "kafka" else running_broker
        try:
            process = stack.enter_context(start(Path(folder) / broker, partitions=PARTITIONS))
        except pytest.skip.Exception as reason:
            print(f"left out: {reason}")
            yield ""
            return
        yield process.bootstrap_servers


def measure(servers: str, side: Side, commands: int) -> Rate:
    """Let commands wait in a topic, start the program, and time the answers from the first to the last."""
    asked, answered, environment = _topics_of_its_own(servers, side)
    with tempfile.TemporaryDirectory() as folder:
        _fill(servers, asked, commands, keyed=side.keyed)
        with _program(side, {**environment, "NODESMITH_DATA_DIR": folder}) as process:
            seconds, counted = _clock(servers, answered, commands)
            used = _processor_seconds(process.pid)
    return Rate(per_second=counted / seconds, microseconds=used * 1e6 / commands)


def measure_together(servers: str, side: Side, commands: int, *, instances: int) -> Rate:
    """Time the answers of instances that have all joined, have their partitions and are warm.

    They are held while the commands are put into the topic, so that none is answered before the clock runs.
    """
    asked, answered, environment = _topics_of_its_own(servers, side)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        environment["NODESMITH_DATA_DIR"] = folder
        pids = [stack.enter_context(_program(side, environment)).pid for _ in range(instances)]
        _wait_for_members(servers, instances, f"{environment['BENCH_DOMAIN']}.echo")
        _fill(servers, asked, _WARM_UP, keyed=side.keyed)
        _clock(servers, answered, _WARM_UP)
        held_since = time.monotonic()
        _tell(pids, signal.SIGSTOP)
        _fill(servers, asked, commands, keyed=side.keyed)
        if time.monotonic() - held_since > _LONGEST_HOLD_SECONDS:
            _tell(pids, signal.SIGCONT)
            sys.exit(
                "filling the topic took so long that the group has lost its members; send fewer commands"
            )
        before = sum(map(_processor_seconds, pids))
        seconds, counted = _clock(servers, answered, commands, begin=partial(_tell, pids, signal.SIGCONT))
        used = sum(map(_processor_seconds, pids)) - before
    return Rate(per_second=counted / seconds, microseconds=used * 1e6 / commands)


def _topics_of_its_own(servers: str, side: Side) -> tuple[str, str, dict[str, str]]:
    """Make the topics of commands and of answers, and return them with what a program is told of them."""
    identity = NodeIdentity(name="echo", domain=f"bench{next(_numbers)}", archetype="effect")
    asked, answered = identity.command_topic, identity.completed_topic
    make_topics(servers, asked, answered)
    environment = {
        **os.environ,
        **side.environment,
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "LOG_LEVEL": "WARNING",
        "BENCH_DOMAIN": identity.domain,
        "BENCH_COMMANDS": asked,
        "BENCH_RESULTS": answered,
        "BENCH_PARTITIONS": str(PARTITIONS),
    }
    return asked, answered, environment


def make_topics(servers: str, *topics: str) -> None:
    """Make topics of as many partitions as all have here."""
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 3})
    for made in admin.create_topics([NewTopic(topic, PARTITIONS) for topic in topics]).values():
        made.result(30)


def _fill(servers: str, topic: str, commands: int, *, keyed: bool) -> None:
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 20, "log_level": 3})
    for number in range(commands):
        payload = {"text": TEXT} | ({"key": str(number % KEYS)} if keyed else {})
        value = {"payload": payload, "envelope_id": str(uuid4())}
        producer.produce(topic, json.dumps(value), key=str(number % KEYS))
        if number % 1_000 == 0:
            producer.poll(0)
        if number % 20_000 == 0:
            producer.flush()
    assert producer.flush(60) == 0


@contextmanager
def _program(side: Side, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, _ECHO / side.program], env=environment) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:  # FastStream's shutdown is known to hang
                process.kill()


def _tell(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


def _wait_for_members(servers: str, members: int, group: str) -> None:
    """Return when all partitions are given out, and every instance has some."""
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 3})
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if group in {each.group_id for each in admin.list_consumer_groups().result(10).valid}:
            described = admin.describe_consumer_groups([group])[group].result(10)
            shares = [len(each.assignment.topic_partitions) for each in described.members]
            if len(shares) == members and all(shares) and sum(shares) == PARTITIONS:
                return
        time.sleep(0.2)
    sys.exit(f"{members} instances did not join {group}")


def _clock(
    servers: str, topic: str, commands: int, *, begin: Callable[[], None] | None = None
) -> tuple[float, int]:
    """Return the seconds from the first answers to the last, and how many came after the first ones.

    With `begin`, what is on the topic before it is called does not count.
    """
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "clock", "enable.auto.commit": False})
    places = [TopicPartition(topic, number, 0) for number in range(PARTITIONS)]
    consumer.assign(places if begin is None else ends_of(consumer, topic))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    seen, first, begun = 0, 0, 0.0
    try:
        if begin is not None:
            begin()
        while seen < commands:
            came = sum(message.error() is None for message in consumer.consume(1_000, 0.05))
            seen += came
            if came and not begun:
                begun, first = time.perf_counter(), came
            if time.monotonic() > deadline:
                sys.exit(f"{seen} of {commands} answers came within {_PATIENCE_SECONDS:g} s")
        return time.perf_counter() - begun, commands - first
    finally:
        consumer.close()


def ends_of(consumer: Consumer, topic: str) -> list[TopicPartition]:
    """Return where the topic's partitions end now; one that has just been made may have no leader yet."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return [
                TopicPartition(
                    topic,
                    number,
                    consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1],
                )
                for number in range(PARTITIONS)
            ]
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
