"""Clients that are odd, slow, silent or too many are cut off, and others are served meanwhile."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from support.broker import RunningBroker
from support.kafka_wire import FETCH, METADATA, batch, wire_client
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1024 * 1024
LIMITED = """
import asyncio, json, logging, sys
from pathlib import Path
from nodesmith.broker import EmbeddedBroker
from nodesmith.broker.limits import Limits

async def main():
    async with EmbeddedBroker(data_dir=Path(sys.argv[1]), partitions=1, limits=Limits(**json.loads(sys.argv[2]))) as broker:
        print(broker.port, flush=True)
        await asyncio.Event().wait()

logging.basicConfig(level=logging.INFO)
asyncio.run(main())
"""


@contextmanager
def limited(folder: Path, **limits: float) -> Iterator[RunningBroker]:
    """Run a broker in a process of its own with these limits."""
    log = folder / "broker.log"
    command = [sys.executable, "-c", LIMITED, str(folder / "data"), json.dumps(limits)]
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            yield RunningBroker(process=process, port=int(process.stdout.readline()), log=log)
            assert process.poll() is None
            assert "Traceback" not in log.read_text()
        finally:
            process.kill()


def is_served(broker: RunningBroker) -> bool:
    with wire_client(broker.port) as client:
        return bool(client.call(METADATA, 4, topics=()).brokers)


def megabytes(broker: RunningBroker) -> float:
    return psutil.Process(broker.process.pid).memory_info().rss / 1e6


def is_cut(connection: socket.socket) -> bool:
    """Tell whether the other side has closed, however much it had sent before."""
    connection.settimeout(0)
    try:
        while data := connection.recv(MIB):
            assert data
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    return True


def connected(stack: ExitStack, broker: RunningBroker) -> socket.socket:
    return stack.enter_context(socket.create_connection(("127.0.0.1", broker.port), timeout=10))


@pytest.mark.parametrize(
    "sent", [b"", b"\0", b"\0\0\1\0\0\3\0\4half a request"], ids=["nothing", "byte", "half"]
)
def test_who_says_nothing_more_is_cut_off(tmp_path: Path, sent: bytes) -> None:
    with limited(tmp_path, idle_seconds=0.4, request_seconds=0.4) as broker, ExitStack() as stack:
        connection = connected(stack, broker)
        connection.sendall(sent)
        wait_until(lambda: is_cut(connection), seconds=5, why="the end of the connection")
        assert is_served(broker)


def test_who_sends_a_request_byte_by_byte_is_cut_off_in_the_middle(tmp_path: Path) -> None:
    with limited(tmp_path, request_seconds=0.5) as broker, ExitStack() as stack:
        connection = connected(stack, broker)
        connection.sendall(struct.pack(">ihh", 10_000, 3, 4))

        def goes_on() -> bool:
            try:
                connection.setblocking(True)
                connection.sendall(b"\0")
            except (ConnectionResetError, BrokenPipeError):
                return True
            return is_cut(connection)

        wait_until(goes_on, seconds=5, why="the end of the connection")
        assert is_served(broker)


def test_who_waits_for_an_answer_is_not_idle(tmp_path: Path) -> None:
    with (
        limited(tmp_path, idle_seconds=0.3, request_seconds=0.3) as broker,
        wire_client(broker.port) as client,
    ):
        client.make_topic("waits")
        assert client.fetch("waits", 0, wait_seconds=1.2).error_code.name == "none"


def test_who_does_not_read_its_answers_is_cut_off(tmp_path: Path) -> None:
    with limited(tmp_path, unread_seconds=0.5) as broker, wire_client(broker.port) as client:
        client.make_topic("unread")
        for _ in range(8):
            client.produce("unread", batch(b"x" * 1_000_000))
        for _ in range(20):
            client.send_fetch("unread", 0, max_bytes=100 * MIB)
        wait_until(lambda: is_gone(broker), seconds=10, why="the end of the connection")
        assert is_served(broker)


def is_gone(broker: RunningBroker) -> bool:
    own = psutil.Process(broker.process.pid).net_connections("tcp")
    return not any(one.status == "ESTABLISHED" for one in own)


def test_unread_answers_and_unfinished_requests_take_no_more_memory_than_they_may(tmp_path: Path) -> None:
    with limited(tmp_path, held_bytes=32 * MIB) as broker, ExitStack() as stack:
        with wire_client(broker.port) as client:
            client.make_topic("large")
            for _ in range(4):
                client.produce("large", batch(b"x" * 1_000_000))
        before = megabytes(broker)
        for _ in range(60):
            reader = stack.enter_context(wire_client(broker.port))
            reader.send_fetch("large", 0, max_bytes=100 * MIB)
            writer = connected(stack, broker)
            writer.sendall(struct.pack(">ihh", 90 * MIB, 0, 8) + bytes(2 * MIB))
        assert is_served(broker)
        assert megabytes(broker) - before < 3 * 32
        with wire_client(broker.port) as client:
            assert client.produce("large", batch(b"x" * 1_000_000)).error_code.name == "none"


def test_of_too_many_the_longest_idle_go_and_new_ones_are_served(tmp_path: Path) -> None:
    with limited(tmp_path, connections=50) as broker, ExitStack() as stack:
        busy = stack.enter_context(wire_client(broker.port))
        for number in range(300):
            connected(stack, broker)
            if number % 5 == 0:  # a new connection counts a few turns of the loop after it was made
                assert busy.call(METADATA, 4, topics=()).brokers
        assert is_served(broker)
        assert busy.call(METADATA, 4, topics=()).brokers
        assert len(psutil.Process(broker.process.pid).net_connections("tcp")) <= 52
    assert broker.log.read_text().count("no more are kept") == 1


def test_hundreds_of_connections_are_served_together(tmp_path: Path) -> None:
    with limited(tmp_path) as broker, ExitStack() as stack:
        clients = [stack.enter_context(wire_client(broker.port)) for _ in range(300)]
        began = time.monotonic()
        for client in clients:
            client.send(METADATA, 4, topics=())
        assert all(client.receive(METADATA, 4).brokers for client in clients)
        assert time.monotonic() - began < 5


def test_a_client_that_is_gone_without_a_word_is_asked_for_by_the_kernel(tmp_path: Path) -> None:
    """Nothing can be unplugged here: that the kernel has a timer for it is what can be seen."""
    with limited(tmp_path) as broker, wire_client(broker.port):
        assert is_served(broker)
        connections = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        established, keepalive = "01", "02:"
        timers = [
            timer
            for _, own, _, state, _, timer, *_ in connections
            if own.endswith(f":{broker.port:04X}") and state == established
        ]
        assert timers
        assert all(timer.startswith(keepalive) for timer in timers)


def test_one_who_sends_requests_without_end_does_not_keep_others_waiting(tmp_path: Path) -> None:
    with limited(tmp_path) as broker, wire_client(broker.port) as flood, wire_client(broker.port) as other:
        flood.make_topic("flood")
        for _ in range(2000):
            flood.send_fetch("flood", 0)
        began = time.monotonic()
        assert other.call(METADATA, 4, topics=()).brokers
        assert time.monotonic() - began < 1
        for _ in range(2000):
            flood.receive(FETCH, 11)
