"""A real broker process for tests: started through the command line, stopped or killed at the test's will."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningBroker:
    """A `nodesmith broker` process that listens; its log is in `log`."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def stop(self) -> int:
        """Send SIGTERM, and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """Send SIGKILL, and wait until the process is gone."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)


# What runs a broker: the embedded one, or Apache Kafka.
RunBroker: TypeAlias = "Callable[..., AbstractContextManager[RunningBroker]]"


@contextmanager
def running_broker(
    data_dir: Path, port: int = 0, *, partitions: int = 4, options: Sequence[str] = ()
) -> Iterator[RunningBroker]:
    """Run a broker on `data_dir`; its port is a free one unless given. It is stopped at the end if it still runs."""
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir.with_name(data_dir.name + ".log")
    command = [sys.executable, "-m", "nodesmith", "broker", "--json", "--port", str(port)]
    command += ["--data-dir", str(data_dir), "--partitions", str(partitions), *options]
    with (
        log.open("a") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, f"the broker did not start:\n{log.read_text()}"
            broker = RunningBroker(process=process, port=json.loads(line)["port"], log=log)
            yield broker
            if process.poll() is None:
                broker.stop()
        finally:
            if process.poll() is None:
                process.kill()
