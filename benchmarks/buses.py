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
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from nodesmith.runtime import NodeIdentity

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.broker import running_broker
from support.kafka import running_kafka

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PARTITIONS = 4
KEYS = 1_000
TEXT = "x" * 1024
BROKERS = ("embedded", "kafka")
_PATIENCE_SECONDS = 120.0
_ECHO = Path(__file__).with_name("echo")
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A program that answers commands; with `keyed`, those whose payload has a key."""

    name: str
    program: str
    environment: Mapping[str, str] = field(default_factory=dict)
    instances: int = 1
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
    identity = NodeIdentity(name="echo", domain=f"bench{next(_numbers)}", archetype="effect")
    asked, answered = identity.command_topic, identity.completed_topic
    make_topics(servers, asked, answered)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if side.instances == 1:
            _fill(servers, asked, commands, keyed=side.keyed)
        environment = {
            **os.environ,
            **side.environment,
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "NODESMITH_DATA_DIR": folder,
            "LOG_LEVEL": "WARNING",
            "BENCH_DOMAIN": identity.domain,
            "BENCH_COMMANDS": asked,
            "BENCH_RESULTS": answered,
            "BENCH_PARTITIONS": str(PARTITIONS),
        }
        processes = [
            stack.enter_context(_program(_ECHO / side.program, environment)) for _ in range(side.instances)
        ]
        if side.instances > 1:
            _wait_for_members(servers, side.instances, identity.dot_path)
            _fill(servers, asked, commands, keyed=side.keyed)
        seconds, counted = _clock(servers, answered, commands)
        used = sum(_processor_seconds(process.pid) for process in processes)
    return Rate(per_second=counted / seconds, microseconds=used * 1e6 / commands)


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
def _program(path: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, path], env=environment) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:  # FastStream's shutdown is known to hang
                process.kill()


def _wait_for_members(servers: str, members: int, group: str) -> None:
    """Return when every instance has a partition."""
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 3})
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = [each.group_id for each in admin.list_consumer_groups().result(10).valid]
        if name := next((each for each in found if group in each), None):
            described = admin.describe_consumer_groups([name])[name].result(10)
            having = [each for each in described.members if each.assignment.topic_partitions]
            if len(having) == min(members, PARTITIONS):
                return
        time.sleep(0.2)
    sys.exit(f"{members} instances did not join {group}")


def _clock(servers: str, topic: str, commands: int) -> tuple[float, int]:
    """Return the seconds from the first answers to the last, and how many came after the first ones."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "clock", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    deadline = time.monotonic() + _PATIENCE_SECONDS
    seen, first, begun = 0, 0, 0.0
    try:
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


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
