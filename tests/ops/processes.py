"""`nodesmith up` as a real process, and what is left of it when it is gone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from support.kafka import running_kafka
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

NODESMITH = (sys.executable, "-m", "nodesmith")
START_SECONDS = 60.0
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """A system that is ready. `children` are its broker, its nodes and, where it has one, its registry."""

    process: subprocess.Popen[str]
    folder: Path
    kafka_servers: str
    registry: str
    pids: dict[str, int]
    health: dict[str, str]
    children: tuple[int, ...]
    log: Path

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def wait_for_log(self, words: str) -> None:
        wait_until(lambda: words in self.log.read_text(), why=f"'{words}' in the log")

    def wait_until_nothing_is_left(self) -> None:
        wait_until(lambda: not any(map(is_running, self.children)), why="the end of every process")


@contextmanager
def running_up(folder: Path, *options: str, registry: bool = False) -> Iterator[Up]:
    """Run `nodesmith up` on the nodes in `folder`, in `folder`, with a broker of its own on a free port.

    Without a registry, unless it is asked for: then on a free port as well.
    """
    log = folder / "up.log"
    command = [*NODESMITH, "up", str(folder), "--json", *(options or ("--port", "0"))]
    command += ["--registry-port", "0"] if registry else ["--no-registry"]
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=folder) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, f"it ended before its nodes were ready:\n{log.read_text()}"
            ready = json.loads(line)
            yield Up(
                process=process,
                folder=folder,
                kafka_servers=ready["kafka_servers"],
                registry=ready["registry"] or "",
                pids={node["node"]: node["pid"] for node in ready["nodes"]},
                health={node["node"]: node["health"] for node in ready["nodes"]},
                children=child_pids(process.pid),
                log=log,
            )
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(STOP_SECONDS)
        finally:
            process.kill()


@contextmanager
def running_up_on(kind: str, folder: Path) -> Iterator[Up]:
    """Run `nodesmith up` with a broker of its own, the embedded one, or on an Apache Kafka that nobody else uses."""
    with ExitStack() as stack:
        options: tuple[str, ...] = ()
        if kind == "kafka":
            broker = stack.enter_context(running_kafka(folder.with_name(f"{folder.name}-kafka")))
            options = ("--kafka-servers", broker.bootstrap_servers)
        yield stack.enter_context(running_up(folder, *options))


def child_pids(pid: int) -> tuple[int, ...]:
    """Return the processes that `pid` started and that still run."""
    return tuple(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def is_running(pid: int) -> bool:
    """Return whether a process runs; one that has ended and is not yet fetched by its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
