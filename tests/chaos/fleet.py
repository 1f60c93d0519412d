"""The instances of the node: started, killed and stopped, with the exit status of each."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.nodes import RunningNode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# The drain deadline, and the time a node may take to close after it, on a machine that others load as well.
_STOP_SECONDS = 120.0
_KILLED = -signal.SIGKILL
_NOT_BEGUN = -signal.SIGTERM
_CUT_OFF = 5
_SAYS_CUT_OFF = re.compile(r"([1-9]\d*) commands were cut off after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How an instance ended: whether it was asked to, and with what."""

    name: str
    asked: bool
    status: int
    fault: str = ""


class Fleet:
    """Instances by name; each start under a name has the same instance id, and a log that is written on."""

    def __init__(self, script: Path, folder: Path, environment: Mapping[str, str]) -> None:
        self.exits: list[Exit] = []
        self._script = script
        self._folder = folder
        self._environment = {**os.environ, "PYTHONWARNINGS": "error", **environment}
        self._running: dict[str, RunningNode] = {}
        # How much of its log was there before an instance was started.
        self._before: dict[str, int] = {}
        folder.mkdir()

    @property
    def names(self) -> list[str]:
        """Which instances run, in the order of their start."""
        return list(self._running)

    def start(self, name: str, **variables: str) -> None:
        """Start an instance and return at once."""
        log = self._folder / f"{name}.log"
        environment = {**self._environment, "NODE_INSTANCE_ID": name, **variables}
        with log.open("ab") as output:
            self._before[name] = output.tell()
            process = subprocess.Popen(
                [sys.executable, str(self._script)], env=environment, stdout=output, stderr=output
            )
        self._running[name] = RunningNode(process=process, log=log)

    def wait_ready(self) -> None:
        """Return when every instance takes work."""
        for node in self._running.values():
            node.wait_ready(seconds=60)

    def kill(self, name: str) -> None:
        """End an instance as a crash does."""
        node = self._running.pop(name)
        node.process.kill()
        self._note(name, asked=False, status=node.process.wait())

    def stop(self, name: str) -> None:
        """Ask an instance to end, and wait for it; one that does not is a fault, and is killed."""
        self._running[name].process.terminate()
        self._wait(name)

    def stop_all(self) -> None:
        """Ask all of them first, then wait."""
        for node in self._running.values():
            node.process.terminate()
        for name in self.names:
            self._wait(name)

    def close(self) -> None:
        """Let nothing run on, whatever happened."""
        for name in self.names:
            self.kill(name)

    def pids(self) -> dict[str, int]:
        """Return the processes that run."""
        return {name: node.process.pid for name, node in self._running.items()}

    def _wait(self, name: str) -> None:
        node = self._running.pop(name)
        try:
            status = node.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            node.process.kill()
            fault = f"{name} did not stop within {_STOP_SECONDS:g} s"
            self._note(name, asked=True, status=node.process.wait(), fault=fault)
            return
        self._note(name, asked=True, status=status, fault=self._fault(name, node, status))

    def _note(self, name: str, *, asked: bool, status: int, fault: str = "") -> None:
        if not asked and status != _KILLED:
            fault = f"{name} had ended by itself with {status} before it was killed"
        self.exits.append(Exit(name=name, asked=asked, status=status, fault=fault))

    def _fault(self, name: str, node: RunningNode, status: int) -> str:
        """Return what is wrong with an orderly stop: 0, or 5 and a word about how much was cut off.

        A process that was told before Python could hear it, and had done nothing yet, ends as the system ends it.
        """
        said = node.log.read_bytes()[self._before[name] :].decode(errors="replace")
        if status == 0 or (status == _CUT_OFF and _SAYS_CUT_OFF.search(said)):
            return ""
        if status == _NOT_BEGUN and not said:
            return ""
        return f"{name} ended with {status}: {said[-500:]}"
