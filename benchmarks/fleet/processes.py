"""The processes that are measured beside each other: a registry, and the least that reads the same records."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith import naming

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEALTH = "/api/v1/health"
_BARE = Path(__file__).with_name("bare.py")
_TOPICS = (naming.INTROSPECTION_TOPIC, naming.HEARTBEAT_TOPIC, naming.REQUEST_INTROSPECTION_TOPIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A process; `started_at` is in seconds of the monotonic clock."""

    process: subprocess.Popen[str]
    started_at: float

    @property
    def processor(self) -> float:
        """Seconds of processor until now."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def megabytes(self) -> float:
        """Memory it has now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def wait_for_line(self) -> str:
        """Return the next line it prints."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process has ended"
        return line


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRegistry(Measured):
    """A registry, asked over HTTP at `port`."""

    port: int

    def get(self, path: str) -> tuple[bytes, float]:
        """Return an answer and how many seconds it took."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            begun = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            seconds = time.perf_counter() - begun
        finally:
            connection.close()
        assert answer.status == 200, body[:200]
        return body, seconds

    def alive(self) -> int:
        """Return how many instances it shows alive; none while it does not answer."""
        try:
            states = json.loads(self.get(HEALTH)[0])["instances"]
        except OSError:
            return 0
        return sum(number for state, number in states.items() if state not in {"lost", "stopped"})

    def wait_until_alive(self, number: int, *, seconds: float = 120.0) -> float:
        """Return how many seconds after its start so many are shown alive."""
        deadline = time.monotonic() + seconds
        while (alive := self.alive()) < number:
            assert time.monotonic() < deadline, f"{alive} of {number} are shown"
            time.sleep(0.05)
        return time.monotonic() - self.started_at


@contextmanager
def registry(servers: str, port: int) -> Iterator[MeasuredRegistry]:
    """Run a registry; it is killed at the end."""
    command = [sys.executable, "-m", "nodesmith", "registry", "--json", "--port", str(port)]
    with _run([*command, "--kafka-servers", servers, "--log-level", "WARNING"]) as (process, started_at):
        yield MeasuredRegistry(process=process, started_at=started_at, port=port)


@contextmanager
def bare(servers: str, number: int) -> Iterator[Measured]:
    """Run the least that knows `number` instances, and has heard of all; it is killed at the end."""
    with _run([sys.executable, str(_BARE), servers, *_TOPICS, str(number)]) as (process, started_at):
        measured = Measured(process=process, started_at=started_at)
        measured.wait_for_line()
        yield measured


@contextmanager
def _run(command: Sequence[str]) -> Iterator[tuple[subprocess.Popen[str], float]]:
    started_at = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, started_at
        finally:
            process.kill()
