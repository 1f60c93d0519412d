"""Many instances of many nodes in one process, on the real protocol: what they say is made by the runtime, and sent by its client.

Each instance announces itself, beats, answers questions and says goodbye as a node does, but takes no commands: for a registry
there is no difference. Run as a program it is told what to do by lines of JSON on its standard input.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from pydantic import BaseModel
from support.waiting import wait_until

from nodesmith import naming
from nodesmith.runtime import NodeIdentity
from nodesmith.runtime.client import common_settings, ensure_topics
from nodesmith.runtime.consumer import read_message
from nodesmith.runtime.definition import NodeDefinition
from nodesmith.runtime.describing import describe
from nodesmith.runtime.envelope import read_envelope
from nodesmith.runtime.identity import make_node_id
from nodesmith.runtime.inquiry import read_inquiry
from nodesmith.runtime.introspection import Presence, answering
from nodesmith.runtime.operations import Operation
from nodesmith.runtime.sighting import Figures
from nodesmith.runtime.wire_record import to_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from uuid import UUID

    from nodesmith.runtime.envelope import OutgoingRecord
    from nodesmith.runtime.identity import ArchetypeName
    from nodesmith.runtime.inquiry import Inquiry

DOMAINS = 10
ARCHETYPES: tuple[ArchetypeName, ...] = ("effect", "compute", "reducer", "orchestrator")
# So many are said before it is looked whether there is a question.
AT_ONCE = 200
PAUSE_SECONDS = 0.005
# Every so many heartbeats of an instance one of its commands has failed.
FAILS_EVERY = 20


class Parcel(BaseModel):
    """What its operations take and give."""

    parcel_id: str
    weight: float


@dataclass(slots=True, kw_only=True)
class Simulated:
    """One instance, and what it has counted; `beat_at` is when it beat last, by the machine's clock."""

    presence: Presence
    number: int
    beats: int = 0
    beat_at: float = 0.0

    def announcement(self, reason: str, *, correlation_id: UUID | None = None) -> OutgoingRecord:
        """Return what it says of itself."""
        # Addresses of the loopback interface: whoever follows one, as Consul and Prometheus do, must not leave this machine.
        address = f"http://127.{1 + self.number // 65536}.{self.number // 256 % 256}.{self.number % 256}:9"
        return self.presence.introspection(
            reason=reason,
            state="stopped" if reason == "shutdown" else "ready",
            capabilities=self.presence.definition.capabilities,
            endpoints={"health": f"{address}/health/ready", "metrics": f"{address}/metrics"},
            correlation_id=correlation_id,
        )

    def heartbeat(self) -> OutgoingRecord:
        """Return what it says next: it has done some commands since, and now and then one has failed."""
        self.beats += 1
        self.beat_at = time.time()
        errors = self.beats // FAILS_EVERY
        figures = Figures(
            requests=self.beats * (3 + self.number % 7),
            errors=errors,
            retries=errors,
            dead_letters=0,
            lag=self.beats % 4,
            p50_ms=2.0 + self.number % 10 / 10,
            p99_ms=9.0 + self.beats % 10,
            last_error="TemporaryError" if errors else None,
            last_error_at=self.presence.started_at if errors else None,
        )
        return self.presence.heartbeat(state="ready", in_flight=self.beats % 3, figures=figures)

    def concerned(self, inquiry: Inquiry) -> bool:
        """Return whether it is asked."""
        identity = self.presence.definition.identity
        return inquiry.concerns(
            name=identity.name,
            domain=identity.domain,
            node_id=str(self.presence.node_id),
            instance_id=self.presence.instance_id,
        )


def make_instances(*, nodes: int, instances: int, heartbeat_seconds: float) -> list[Simulated]:
    """Return `instances` of each of `nodes`: the first of every node, then the second of every node, and so on."""
    definitions = [_definition(number) for number in range(nodes)]
    # The same for all instances of a node, which work it out each in a process of its own.
    details = [describe(definition, contract=None) for definition in definitions]
    found: list[Simulated] = []
    for number in range(instances):
        for definition, known in zip(definitions, details, strict=True):
            instance_id = f"host-{number:04}-1"
            presence = Presence(
                definition=definition,
                node_id=make_node_id(definition.identity, instance_id),
                instance_id=instance_id,
                heartbeat_seconds=heartbeat_seconds,
            )
            presence.details = known
            found.append(Simulated(presence=presence, number=len(found)))
    return found


async def _handle(request: Parcel) -> Parcel:
    return request


def _definition(number: int) -> NodeDefinition:
    identity = NodeIdentity(
        name=f"worker_{number:04}",
        domain=f"fleet_{number % DOMAINS}",
        archetype=ARCHETYPES[number % len(ARCHETYPES)],
        version=(1, number % 3, 0),
        description="One of many that weigh, price and send parcels",
    )
    operations = tuple(
        Operation(name=name, input_model=Parcel, output_model=Parcel, handler=_handle)
        for name in ("weigh_parcel", "price_parcel", "send_parcel")
    )
    return NodeDefinition(identity=identity, operations=operations)


@dataclass(slots=True, kw_only=True)
class Simulator:
    """Lets instances live on a bus; `tell` is given what happens, as objects of JSON."""

    servers: str
    heartbeat_seconds: float
    living: list[Simulated]
    tell: Callable[[dict[str, object]], None]
    wishes: SimpleQueue[dict[str, Any]] = field(default_factory=SimpleQueue)
    _due: deque[tuple[float, Simulated]] = field(default_factory=deque)
    _answers: deque[tuple[Inquiry, UUID, Iterator[Simulated]]] = field(default_factory=deque)
    _silent: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Announce all, then live until the wish `stop`, at which whoever still lives says goodbye."""
        settings = common_settings(bootstrap_servers=self.servers, source="many-nodes", extra=None)
        topics = (naming.INTROSPECTION_TOPIC, naming.HEARTBEAT_TOPIC, naming.REQUEST_INTROSPECTION_TOPIC)
        ensure_topics(settings, topics, seconds=10.0)
        producer = Producer({**settings, "linger.ms": 5, "queue.buffering.max.messages": 1_000_000})
        consumer = Consumer({**settings, "group.id": str(uuid4()), "enable.auto.commit": False})
        consumer.assign(_ends(consumer, naming.REQUEST_INTROSPECTION_TOPIC))
        try:
            self._announce(producer)
            self.tell({"event": "started", "instances": len(self.living)})
            while self._turn(producer, consumer):
                pass
        finally:
            for each in self.living:
                self._send(producer, each.announcement("shutdown"))
            producer.flush(30)
            consumer.close()
            self.tell({"event": "stop"})

    def _announce(self, producer: Producer) -> None:
        """Say who all are, and beat once each, spread over the time between two heartbeats from then on."""
        for each in self.living:
            self._send(producer, each.announcement("startup"))
            self._send(producer, each.heartbeat())
        producer.flush(60)
        now, pause = time.monotonic(), self.heartbeat_seconds / max(1, len(self.living))
        self._due.extend((now + number * pause, each) for number, each in enumerate(self.living))

    def _turn(self, producer: Producer, consumer: Consumer) -> bool:
        now, number = time.monotonic(), 0
        while self._due and self._due[0][0] <= now and number < AT_ONCE:
            due, each = self._due.popleft()
            if id(each) not in self._silent:
                self._send(producer, each.heartbeat())
                self._due.append((due + self.heartbeat_seconds, each))
            number += 1
        self._hear(consumer)
        number += self._answer(producer)
        producer.poll(0)
        try:
            wish = self.wishes.get(timeout=0 if number else PAUSE_SECONDS)
        except Empty:
            return True
        return self._fulfil(wish, producer)

    def _hear(self, consumer: Consumer) -> None:
        for message in consumer.consume(10, 0):
            if message.error() is None:
                envelope = read_envelope(read_message(message).value)
                inquiry = read_inquiry(envelope.payload)
                self._answers.append((inquiry, envelope.correlation_id, iter(list(self.living))))
                self.tell({"event": "asked", "at": time.time(), **inquiry.payload()})

    def _answer(self, producer: Producer) -> int:
        if not self._answers:
            return 0
        inquiry, question, waiting = self._answers[0]
        with answering(inquiry.want):
            for number, each in enumerate(waiting, start=1):
                if id(each) not in self._silent and each.concerned(inquiry):
                    self._send(producer, each.announcement("request", correlation_id=question))
                if number == AT_ONCE:
                    return number
        self._answers.popleft()
        self.tell({"event": "answered", "at": time.time()})
        return 1

    def _fulfil(self, wish: dict[str, Any], producer: Producer) -> bool:
        """Let some fall silent, say goodbye or stop; the last of them first."""
        if wish["do"] == "stop":
            return False
        gone = [self.living.pop() for _ in range(min(wish["number"], len(self.living)))]
        self._silent.update(map(id, gone))
        if wish["do"] == "leave":
            for each in gone:
                self._send(producer, each.announcement("shutdown"))
        self.tell(
            {
                "event": wish["do"],
                "at": time.time(),
                "beats": {str(each.presence.node_id): each.beat_at for each in gone},
            }
        )
        return True

    def _send(self, producer: Producer, record: OutgoingRecord) -> None:
        wire = to_wire(record, source=record.envelope.source_tool or "")
        while True:
            try:
                producer.produce(wire.topic, wire.value, wire.key, headers=list(wire.headers))
            except BufferError:
                producer.poll(0.1)
            else:
                return


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSimulator:
    """A simulator as a process of its own; `said` is what it has told so far."""

    process: subprocess.Popen[str]
    said: list[dict[str, Any]]

    def do(self, wish: str, number: int = 0) -> dict[str, Any]:
        """Have it `crash` or `leave` with so many, and return what it tells of that."""
        before = len(self.said)
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": wish, "number": number}) + "\n")
        self.process.stdin.flush()
        return self.wait_for(wish, since=before)

    def wait_for(self, event: str, *, since: int = 0, seconds: float = 60.0) -> dict[str, Any]:
        """Return what it tells of an event."""

        def told() -> dict[str, Any] | None:
            assert self.process.poll() is None, "the simulator has ended"
            return next((each for each in self.said[since:] if each["event"] == event), None)

        found = wait_until(told, seconds=seconds, why=f"the simulator telling of '{event}'")
        assert found is not None
        return found


@contextmanager
def running_simulator(
    servers: str, *, nodes: int, instances: int, heartbeat_seconds: float
) -> Iterator[RunningSimulator]:
    """Run a simulator, of which all have announced themselves; at the end they say goodbye."""
    command = [sys.executable, __file__, servers, str(nodes), str(instances), str(heartbeat_seconds)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        running = RunningSimulator(process=process, said=[])
        hearing = Thread(target=_hear, args=(running,), daemon=True)
        hearing.start()
        try:
            running.wait_for("started")
            yield running
            if process.poll() is None:
                running.do("stop")
            assert process.wait(30) == 0
        finally:
            process.kill()
            hearing.join(5)


def _hear(running: RunningSimulator) -> None:
    assert running.process.stdout is not None
    for line in running.process.stdout:
        running.said.append(json.loads(line))


def _ends(consumer: Consumer, topic: str) -> list[TopicPartition]:
    def ends() -> list[TopicPartition]:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        places = [TopicPartition(topic, number) for number in partitions]
        try:
            offsets = [consumer.get_watermark_offsets(each, timeout=10)[1] for each in places]
        except KafkaException:  # a topic that has just been made may have no leader yet
            return []
        return [
            TopicPartition(topic, each.partition, offset)
            for each, offset in zip(places, offsets, strict=True)
        ]

    return wait_until(ends, why=f"the partitions of {topic} having leaders")


def main(arguments: Sequence[str]) -> None:
    """Run with: servers, nodes, instances of each, seconds between heartbeats."""
    servers, nodes, instances, heartbeat = arguments
    simulator = Simulator(
        servers=servers,
        heartbeat_seconds=float(heartbeat),
        living=make_instances(nodes=int(nodes), instances=int(instances), heartbeat_seconds=float(heartbeat)),
        tell=lambda said: print(json.dumps(said), flush=True),
    )
    Thread(target=_read_wishes, args=(simulator.wishes,), daemon=True).start()
    simulator.run()


def _read_wishes(wishes: SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        wishes.put(json.loads(line))
    wishes.put({"do": "stop"})


if __name__ == "__main__":
    main(sys.argv[1:])
