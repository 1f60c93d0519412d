"""A real node process for tests: started from a start script, asked over HTTP, stopped at the test's will."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

START_SECONDS = 15.0
STOP_SECONDS = 20.0

_HEALTH = re.compile(r"health at (http://\S+)/health/live")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningNode:
    """A node's process; everything it writes is in `log`."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text()

    @property
    def address(self) -> str:
        """Where the node says its health is served."""

        def said() -> str:
            assert self.process.poll() is None, f"the node has ended:\n{self.output}"
            match = _HEALTH.search(self.output)
            return match[1] if match else ""

        return wait_until(said, seconds=START_SECONDS, why="the node saying where its health is")

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and the body of a GET request."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=5) as response:
                return int(response.status), response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def readiness(self) -> dict[str, Any]:
        status, body = self.get("/health/ready")
        document: dict[str, Any] = json.loads(body)
        assert document["ready"] == (status == 200)
        return document

    def wait_ready(self, *, seconds: float = START_SECONDS) -> RunningNode:
        def ready() -> bool:
            return bool(self.readiness()["ready"])

        wait_until(ready, seconds=seconds, why="the node being ready")
        return self

    def wait_for_output(self, text: str, *, seconds: float = START_SECONDS) -> None:
        wait_until(lambda: text in self.output, seconds=seconds, why=f"{text!r} in the node's output")

    def stop(self, number: signal.Signals = signal.SIGTERM, *, seconds: float = STOP_SECONDS) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


@contextmanager
def running_node(
    script: Path | str,
    log: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[RunningNode]:
    """Run a start script, or a module by its name, with our Python.

    It is stopped at the end if it still runs, and then has to drain. Its data folder is beside the log, unless given.
    """
    start = [str(script)] if isinstance(script, Path) else ["-m", script]
    command = [sys.executable, *start, *arguments]
    data = {"NODESMITH_DATA_DIR": str(log.parent / "data")}
    variables = {**os.environ, **data, "PYTHONWARNINGS": "error", **(environment or {})}
    with (
        log.open("ab") as output,
        subprocess.Popen(command, env=variables, cwd=cwd, stdout=output, stderr=output) as process,
    ):
        node = RunningNode(process=process, log=log)
        try:
            yield node
            if process.poll() is None:
                status = node.stop()
                assert status == 0, f"the node ended with {status}:\n{node.output}"
        finally:
            if process.poll() is None:
                process.kill()
