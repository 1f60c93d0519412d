"""`nodesmith registry` as a person starts it: what it says, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest
from registry.processes import running_registry
from support.ports import free_port
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

NO_BUS = "127.0.0.1:1"


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nodesmith", "registry", "--kafka-servers", NO_BUS, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_without_a_bus_says_so_and_ends_when_it_is_told(
    number: signal.Signals, tmp_path: Path
) -> None:
    with running_registry(NO_BUS, tmp_path) as registry:
        ready = registry.get("/health/ready", status=503)
        assert NO_BUS in ready["reasons"][0]
        wait_until(lambda: "bus away" in registry.log.read_text(), why="the reason in the log")

        assert registry.stop(number) == 0

    assert "Traceback" not in registry.log.read_text()


def test_open_streams_do_not_hold_it_up(tmp_path: Path) -> None:
    with (
        running_registry(NO_BUS, tmp_path) as registry,
        urllib.request.urlopen(f"{registry.address}/api/v1/events", timeout=5) as stream,
    ):
        assert stream.readline() == b"event: snapshot\n"
        assert registry.stop() == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "0.0.0.0"), "would listen on 0.0.0.0 without a token"),
        (("--token-file", "/nowhere"), "the token file /nowhere cannot be read"),
        (("--consul", "http://user:secret@host"), "cannot be used as one"),
    ],
)
def test_what_cannot_be_is_said_at_once(options: tuple[str, ...], words: str) -> None:
    done = run(*options)

    assert done.returncode == 2
    assert words in done.stderr
    assert "secret" not in done.stderr


def test_a_port_that_is_taken_is_said_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("--port", str(taken.getsockname()[1]))

    assert done.returncode == 2
    assert "fix: choose another --port" in done.stderr


def test_a_person_is_told_where_to_look(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token-of-some-length")
    port = free_port()
    command = [sys.executable, "-m", "nodesmith", "registry", "--kafka-servers", NO_BUS, "--port", str(port)]
    with subprocess.Popen(
        [*command, "--token-file", str(token)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.terminate()

        assert process.wait(15) == 0
    assert said == f"the nodes on {NO_BUS} are shown at http://127.0.0.1:{port}; it asks for the token\n"
