"""A real Prometheus for tests: the one that is installed, on the loopback interface, with a configuration of the test's."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from support.ports import free_port
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

START_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A series that a question found, and its value now."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPrometheus:
    """A Prometheus that answers."""

    address: str
    log: Path

    def query(self, expression: str) -> list[Sample]:
        """Return what an expression gives now; one that Prometheus cannot read fails."""
        try:
            found = self._get(f"/api/v1/query?{urlencode({'query': expression})}")
        except HTTPError as error:
            with error:
                raise AssertionError(f"{expression}: {error.read().decode()}") from None
        return [
            Sample(labels=each["metric"], value=float(each["value"][1])) for each in found["data"]["result"]
        ]

    def targets(self) -> list[dict[str, Any]]:
        """Return what is scraped."""
        targets: list[dict[str, Any]] = self._get("/api/v1/targets?state=active")["data"]["activeTargets"]
        return targets

    def is_ready(self) -> bool:
        try:
            with urlopen(f"{self.address}/-/ready", timeout=5) as response:
                return bool(response.status == 200)
        except URLError:
            return False

    def _get(self, path: str) -> Any:
        with urlopen(self.address + path, timeout=10) as response:
            return json.load(response)


@contextmanager
def running_prometheus(folder: Path, configuration: Mapping[str, Any]) -> Iterator[RunningPrometheus]:
    """Run Prometheus; where it is not installed, what needs it is skipped aloud."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is not installed: NOT TESTED with it: apt-get install prometheus")
    file = folder / "prometheus.yml"
    file.write_text(json.dumps(configuration))  # which is YAML as well
    address = f"127.0.0.1:{free_port()}"
    command = [program, "--config.file", str(file), "--storage.tsdb.path", str(folder / "data")]
    # What it has found is looked at every five seconds else.
    command += ["--web.listen-address", address, "--scrape.discovery-reload-interval", "100ms"]
    log = folder / "prometheus.log"
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            running = RunningPrometheus(address=f"http://{address}", log=log)

            def is_ready() -> bool:
                assert process.poll() is None, log.read_text()
                return running.is_ready()

            wait_until(is_ready, seconds=START_SECONDS, why="Prometheus being ready")
            yield running
        finally:
            process.kill()
