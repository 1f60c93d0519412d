"""How many commands a second go through one node: consume, check, handle, answer, acknowledge, commit.

    python benchmarks/commands_through_a_node.py [COMMANDS]

Commands of 1 KB wait in the topic of the embedded broker before the node starts; the clock runs from the first result to
the last, read by a client of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from confluent_kafka import Consumer, Producer, TopicPartition

COMMANDS = "onex.cmd.bench.echo-requested.v1"
COMPLETED = "onex.evt.bench.echo-completed.v1"
KEYS = 1_000
NODE = """
import sys
from uuid import uuid4
from pydantic import BaseModel
from nodesmith.runtime import NodeDefinition, NodeIdentity, NodeService, Operation, default_instance_id, make_node_id, run_node
from nodesmith.runtime.bus import EventPublisher
import asyncio, os

class Text(BaseModel):
    text: str

class Node:
    def __init__(self):
        operation = Operation(name="echo", input_model=Text, output_model=Text, handler=self.echo)
        self.definition = NodeDefinition(
            identity=NodeIdentity(name="echo", domain="bench", archetype="effect"), operations=(operation,)
        )
        self._instance_id = default_instance_id()
        self._shutdown_event = asyncio.Event()
        self._service = None

    async def echo(self, request: Text) -> Text:
        return request

    async def initialize(self):
        self._publisher = EventPublisher(bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"], source="echo")
        self._service = NodeService(
            definition=self.definition, node_id=make_node_id(self.definition.identity, self._instance_id),
            instance_id=self._instance_id, publisher=self._publisher, client_installed=True, announce=self.announce,
        )
        await self._service.start()

    async def shutdown(self):
        await self._service.stop()

    async def announce(self, reason="startup", correlation_id=None):
        await self._publisher.publish(
            self._service.introspection(reason=reason, capabilities=[], correlation_id=correlation_id))

sys.exit(run_node(Node, sys.argv[1:]))
"""


def main() -> None:
    """Measure once and print the rate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commands", type=int, nargs="?", default=10_000)
    count = parser.parse_args().commands
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        broker = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "nodesmith",
                "broker",
                "--json",
                "--port",
                "0",
                "--data-dir",
                str(home / "broker"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert broker.stdout is not None
            servers = f"127.0.0.1:{json.loads(broker.stdout.readline())['port']}"
            _fill(servers, count)
            rate, cpu = _through(servers, home, count)
            print(
                f"{rate:,.0f} commands/s, {cpu * 1e6 / count:,.0f} µs of processor each ({count:,} of 1 KB)"
            )
        finally:
            broker.send_signal(signal.SIGTERM)
            broker.wait(20)


def _fill(servers: str, count: int) -> None:
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 20})
    for number in range(count):
        value = {"payload": {"text": "x" * 1024}, "envelope_id": str(uuid4())}
        producer.produce(COMMANDS, json.dumps(value), key=str(number % KEYS))
        producer.poll(0)
        if number % 10_000 == 0:
            producer.flush()
    assert producer.flush(30) == 0


def _through(servers: str, home: Path, count: int) -> tuple[float, float]:
    (home / "echo.py").write_text(NODE)
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "NODESMITH_DATA_DIR": str(home / "data"),
        "LOG_LEVEL": "WARNING",
    }
    node = subprocess.Popen([sys.executable, str(home / "echo.py")], env={**os.environ, **settings})
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "bench"})
    try:
        while not (partitions := consumer.list_topics(COMPLETED, timeout=5).topics[COMPLETED].partitions):
            time.sleep(0.05)
        consumer.assign([TopicPartition(COMPLETED, number, 0) for number in partitions])
        seen, begun = 0, 0.0
        while seen < count:
            came = len([message for message in consumer.consume(1000, 0.1) if message.error() is None])
            if came and not begun:
                begun, seen = time.perf_counter(), 0
                count -= came
                continue
            seen += came
        return count / (time.perf_counter() - begun), _processor_seconds(node.pid)
    finally:
        consumer.close()
        node.send_signal(signal.SIGTERM)
        node.wait(60)


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
