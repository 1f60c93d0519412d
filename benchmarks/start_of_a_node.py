"""A generated node, the effect of examples/orders: its import, its start until `/health/ready` is 200, and its memory.

Beside it, in turn, the least that takes commands, which is the Kafka client and pydantic: imported, and as a consumer
(`echo/bare_consumer.py`). A command waits for both when they start. Memory is what is resident.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psutil
from buses import BROKERS, ends_of, make_topics, running
from confluent_kafka import Consumer, Producer
from measuring import ENVIRONMENT, in_turn, judge, run, show
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ORDERS = Path(__file__).parents[1] / "examples" / "orders"
PACKAGE = "node_orders_order_store_effect.v1_0_0"
COMMANDS, COMPLETED = "onex.cmd.orders.order-store-requested.v1", "onex.evt.orders.order-store-completed.v1"
BARE_COMMANDS = "bare-commands"
IMPORT_SECONDS, READY_SECONDS, MEGABYTES = 0.35, 1.0, 70
_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.01
# The orders are committed one by one, which takes its time where the disk is busy.
_STARTS_WITH_WORK = 3
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Seconds from a process's start until it is ready and until its first command is done, and megabytes that it has.

    `processor` is what it used until the first command was done.
    """

    ready: float
    first: float
    processor: float
    megabytes: float
    megabytes_after: float


def main() -> int:
    """Print what was measured; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=15, help="how often imports are measured (default 15)")
    parser.add_argument("--starts", type=int, default=7, help="how often starts are measured (default 7)")
    parser.add_argument("--commands", type=int, default=5_000, help="how many are done (default 5,000)")
    parser.add_argument("--broker", choices=BROKERS, action="append", help="on this broker only")
    chosen = parser.parse_args()
    holds = _imports(chosen.pairs)
    for broker in chosen.broker or BROKERS:
        with running(broker) as servers:
            if servers:
                print(f"{broker}, {chosen.starts} starts of each in turn, load {os.getloadavg()[0]:.1f}:")
                holds &= _starts(servers, chosen.starts, chosen.commands)
    return int(not holds)


def _imports(pairs: int) -> bool:
    used: dict[str, list[float]] = {}

    def importing(what: str) -> Callable[[int], float]:
        def once(_: int) -> float:
            done = run([sys.executable, "-c", what], cwd=ORDERS)
            used.setdefault(what, []).append(done.processor)
            return done.seconds

        return once

    def told(what: str) -> str:
        return f"{statistics.median(used[what]):.3f} s of processor"

    print(f"an import, {pairs} pairs of whole processes in turn, load {os.getloadavg()[0]:.1f}:")
    node, least = f"import {PACKAGE}.node", "import confluent_kafka; from pydantic import BaseModel"
    floor = in_turn(importing(node), importing(least), pairs=pairs)
    nothing = in_turn(importing(node), importing("pass"), pairs=pairs)
    show("the node's module", floor.ours, told(node))
    show(
        "client and pydantic", floor.theirs, f"{told(least)}; the node takes {floor.ratio:.1f} times as long"
    )
    show(
        "python -c pass", nothing.theirs, f"{told('pass')}; the node takes {nothing.ratio:.1f} times as long"
    )
    return judge("import, median", statistics.median(floor.ours), IMPORT_SECONDS, unit=" s")


def _starts(servers: str, starts: int, commands: int) -> bool:
    make_topics(servers, COMMANDS, COMPLETED, BARE_COMMANDS)
    # Not counted: it makes the node's other topics, and a new broker its own.
    first = _start_node(servers, 0)
    _start_bare(servers, 0)
    nodes, bare = [], []
    for number in range(starts):
        work = commands if number < _STARTS_WITH_WORK else 0
        nodes.append(_start_node(servers, work))
        bare.append(_start_bare(servers, work))
    print(f"  the first start on a new broker, not counted: ready after {first.ready:.3f} s")
    _tell("node", nodes, commands)
    _tell("bare consumer", bare, commands)
    ready = statistics.median(each.ready for each in nodes)
    ratio = statistics.median(mine.first / yours.first for mine, yours in zip(nodes, bare, strict=True))
    print(f"  the first command is done after {ratio:.2f} times the bare consumer's time")
    return all(
        [
            judge("ready, median", ready, READY_SECONDS, unit=" s"),
            judge(f"memory after {commands:,} commands, median", _after(nodes), MEGABYTES, unit=" MB"),
        ]
    )


def _tell(name: str, starts: list[Start], commands: int) -> None:
    ready, first, processor, megabytes = (
        statistics.median(getattr(each, what) for each in starts)
        for what in ("ready", "first", "processor", "megabytes")
    )
    print(
        f"  {name:14} ready {ready:.3f} s, first command done {first:.3f} s ({processor:.3f} s of processor), "
        f"{megabytes:.1f} MB, after {commands:,} commands {_after(starts):.1f} MB"
    )


def _after(starts: list[Start]) -> float:
    return statistics.median(each.megabytes_after for each in starts[:_STARTS_WITH_WORK])


def _start_node(servers: str, commands: int) -> Start:
    port = free_port()
    script = ORDERS / PACKAGE.replace(".", "/") / "start_node.py"
    with tempfile.TemporaryDirectory() as folder, _results(servers) as done:
        _send_orders(servers, COMMANDS, 1)
        settings = {"HEALTH_PORT": str(port), "NODESMITH_DATA_DIR": folder, "LOG_LEVEL": "WARNING"}
        with _running(script, servers, settings) as node:
            ready = node.seconds_until(lambda: _is_ready(port))
            megabytes = node.megabytes
            first = node.seconds_until(lambda: done() >= 1)
            used = node.processor_seconds
            _send_orders(servers, COMMANDS, commands)
            node.seconds_until(lambda: done() > commands)
            after = node.megabytes
    return Start(ready=ready, first=first, processor=used, megabytes=megabytes, megabytes_after=after)


def _start_bare(servers: str, commands: int) -> Start:
    _send_orders(servers, BARE_COMMANDS, 1)
    settings = {"BENCH_COMMANDS": BARE_COMMANDS, "BENCH_COUNT": str(commands + 1)}
    script = Path(__file__).with_name("echo") / "bare_consumer.py"
    with _running(script, servers, settings) as bare:
        first = bare.seconds_until(lambda: bare.says("1"))
        used, megabytes = bare.processor_seconds, bare.megabytes
        if commands:
            _send_orders(servers, BARE_COMMANDS, commands)
            bare.seconds_until(lambda: bare.says(str(commands + 1)))
        after = bare.megabytes
    return Start(ready=first, first=first, processor=used, megabytes=megabytes, megabytes_after=after)


class _Running:
    """A process that was just started."""

    def __init__(self, process: subprocess.Popen[str], begun: float) -> None:
        self._process = process
        self._begun = begun
        self._seen = psutil.Process(process.pid)

    def seconds_until(self, condition: Callable[[], bool]) -> float:
        """Return how long after its start the condition became true."""
        while not condition():
            if time.perf_counter() - self._begun > _PATIENCE_SECONDS or self._process.poll() is not None:
                sys.exit(f"{self._process.args} did not come as far within {_PATIENCE_SECONDS:g} s")
            time.sleep(_LOOK_SECONDS)
        return time.perf_counter() - self._begun

    def says(self, line: str) -> bool:
        """Return whether this is its next line, which is waited for."""
        assert self._process.stdout is not None
        return self._process.stdout.readline() == f"{line}\n"

    @property
    def megabytes(self) -> float:
        """What of it is in memory now, with the libraries it shares."""
        return float(self._seen.memory_info().rss) / 2**20

    @property
    def processor_seconds(self) -> float:
        """What it has used until now, over all cores."""
        times = self._seen.cpu_times()
        return float(times.user + times.system)


@contextmanager
def _running(script: Path, servers: str, settings: dict[str, str]) -> Iterator[_Running]:
    """Start a script; at the end it is told to stop."""
    environment = {**ENVIRONMENT, "KAFKA_BOOTSTRAP_SERVERS": servers, **settings}
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield _Running(process, begun)
            process.send_signal(signal.SIGTERM)
            process.wait(_PATIENCE_SECONDS)
        finally:
            process.kill()


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError):  # nobody listens yet, or 503
        return False


@contextmanager
def _results(servers: str) -> Iterator[Callable[[], int]]:
    """Give what counts the results that come from now on."""
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "counts", "enable.auto.commit": False, "log_level": 3}
    )
    consumer.assign(ends_of(consumer, COMPLETED))
    seen = 0

    def done() -> int:
        nonlocal seen
        seen += sum(message.error() is None for message in consumer.consume(1_000, 0.01))
        return seen

    try:
        yield done
    finally:
        consumer.close()


def _send_orders(servers: str, topic: str, orders: int) -> None:
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 5, "log_level": 3})
    for _ in range(orders):
        number = next(_numbers)
        payload = {"order_id": f"o-{number}", "customer_id": f"c-{number % 100}", "total": "7.50"}
        envelope = {
            "payload": payload,
            "envelope_id": str(uuid4()),
            "event_type": "orders.order-store.store-order",
        }
        producer.produce(topic, json.dumps(envelope), key=payload["customer_id"])
    assert producer.flush(60) == 0


if __name__ == "__main__":
    sys.exit(main())
