"""The broker that is killed, paused and started again, always on the same port and the same data."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from support.broker import running_broker
from support.kafka import running_kafka

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from support.broker import RunningBroker

PARTITIONS = 4


class _Start(Protocol):
    def __call__(
        self, data_dir: Path, port: int = ..., *, partitions: int = ...
    ) -> AbstractContextManager[RunningBroker]: ...


KINDS: dict[str, _Start] = {"embedded": running_broker, "kafka": running_kafka}
# What an orderly stop of each ends with.
STOPPED = {"embedded": 0, "kafka": 143}


class Bus:
    """A broker's process, and those that came before it."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.exits: list[int] = []
        self._folder = folder
        self._stack = ExitStack()
        self._running = self._start(0)

    @property
    def servers(self) -> str:
        """Where it listens."""
        return self._running.bootstrap_servers

    @property
    def port(self) -> int:
        """The port alone."""
        return self._running.port

    @property
    def pid(self) -> int:
        """The process that runs now."""
        return self._running.process.pid

    def kill(self) -> None:
        """End it as a crash does."""
        self._running.kill()
        self.exits.append(self._running.process.returncode)

    def start(self) -> None:
        """Start it again, unless it runs."""
        if self._running.process.poll() is not None:
            self._stack.close()
            self._running = self._start(self._running.port)

    def pause(self) -> None:
        """Stop it in the middle of whatever it does."""
        self._running.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._running.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it in an orderly way."""
        self.go_on()
        self.exits.append(self._running.stop())
        self._stack.close()

    def close(self) -> None:
        """Let nothing run on, whatever happened."""
        if self._running.process.poll() is None:
            self._running.kill()
        self._stack.close()

    def _start(self, port: int) -> RunningBroker:
        start = KINDS[self.kind]
        return self._stack.enter_context(start(self._folder, port, partitions=PARTITIONS))
