"""A registry as a real process, asked over HTTP; each of its answers is held against its own description."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from registry.described import check, check_component
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STOP_SECONDS = 15.0
NODES = "/api/v1/nodes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One server-sent event, and when it came."""

    name: str
    data: Any
    at: float


@dataclass(slots=True, kw_only=True)
class Stream:
    """The events of a stream, as far as they have come."""

    events: list[Event] = field(default_factory=list)

    def wait_for(self, name: str, fits: Callable[[Any], bool], *, seconds: float = 15.0) -> Event:
        def found() -> Event | None:
            return next((each for each in self.events if each.name == name and fits(each.data)), None)

        event = wait_until(found, seconds=seconds, why=f"such an event '{name}'")
        assert event is not None
        return event


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRegistry:
    """A registry that serves."""

    process: subprocess.Popen[str]
    address: str
    log: Path

    def get(self, path: str, *, status: int = 200) -> Any:
        return self._ask("GET", path, None, status)

    def post(self, path: str, body: object, *, status: int = 200) -> Any:
        return self._ask("POST", path, json.dumps(body).encode(), status)

    def text(self, path: str) -> str:
        with urllib.request.urlopen(self.address + path, timeout=10) as response:
            body: bytes = response.read()
            return body.decode()

    def node(self, full_name: str) -> dict[str, Any]:
        """Return a node as the list has it; an empty object where it is not there."""
        nodes = self.get(f"{NODES}?limit=5000")["nodes"]
        return next((node for node in nodes if node["full_name"] == full_name), {})

    def wait_for(
        self, full_name: str, fits: Callable[[dict[str, Any]], object], *, seconds: float = 20.0
    ) -> dict[str, Any]:
        """Return a node when it is there and fits."""

        def found() -> dict[str, Any] | None:
            node = self.node(full_name)
            return node if node and fits(node) else None

        node = wait_until(found, seconds=seconds, pause=0.1, why=f"{full_name} being shown so")
        assert node is not None
        return node

    @contextmanager
    def events(self) -> Iterator[Stream]:
        """Read the stream of changes meanwhile."""
        response = urllib.request.urlopen(f"{self.address}/api/v1/events", timeout=30)
        stream = Stream()
        reading = threading.Thread(target=_read, args=(response, stream), daemon=True)
        reading.start()
        try:
            stream.wait_for("snapshot", lambda _data: True)
            yield stream
        finally:
            response.fp.raw._sock.shutdown(2)  # the thread hears no other end
            reading.join(5)
            response.close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def _ask(self, method: str, path: str, body: bytes | None, status: int) -> Any:
        headers = {} if body is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                answered, text = response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                answered, text = error.code, error.read()
        document = json.loads(text)
        assert answered == status, document
        check(method, path, status, document)
        return document


@contextmanager
def running_registry(
    servers: str, folder: Path, *options: str, environment: dict[str, str] | None = None
) -> Iterator[RunningRegistry]:
    """Run `nodesmith registry` on a free port; it is stopped at the end if it still runs, and then has to exit with 0."""
    log = folder / "registry.log"
    command = [sys.executable, "-m", "nodesmith", "registry", "--json", "--port", "0"]
    command += ["--kafka-servers", servers, *options]
    with (
        log.open("a") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, f"the registry did not start:\n{log.read_text()}"
            running = RunningRegistry(process=process, address=json.loads(line)["address"], log=log)
            yield running
            if process.poll() is None:
                assert running.stop() == 0, log.read_text()
        finally:
            if process.poll() is None:
                process.kill()


_SHAPES = {"snapshot": "Snapshot", "change": "ChangeEvent", "summary": "Health"}


def _read(response: Any, stream: Stream) -> None:
    name = ""
    for line in response:
        text = line.decode().rstrip("\n")
        if text.startswith("event: "):
            name = text.removeprefix("event: ")
        elif text.startswith("data: "):
            data = json.loads(text.removeprefix("data: "))
            if name in _SHAPES:
                check_component(_SHAPES[name], data)
            stream.events.append(Event(name=name, data=data, at=time.time()))
