"""The command: where it listens, what it says, what it refuses, how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from support.broker import running_broker
from support.kafka_clients import consumer
from support.kafka_wire import METADATA, wire_client

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "nodesmith", "broker"]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, timeout=30, check=False
    )


def test_it_listens_on_the_port_it_is_given(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with running_broker(tmp_path / "data", port) as broker, wire_client(port) as client:
        assert broker.port == port
        assert client.call(METADATA, 8, topics=None).brokers[0].port == port


def test_it_says_where_it_listens_where_the_data_is_and_what_it_is_for(tmp_path: Path) -> None:
    command = [*COMMAND, "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert line.startswith("listening on 127.0.0.1:")
    assert line.endswith(f", data in {tmp_path}/.nodesmith/data/broker\n")
    assert "not for production" in said
    assert process.returncode == 0


def test_help_says_what_it_is_for(tmp_path: Path) -> None:
    assert "Not for production" in run("--help", cwd=tmp_path).stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_whatever_its_clients_wait_for(
    tmp_path: Path, number: signal.Signals
) -> None:
    with (
        running_broker(tmp_path / "data") as broker,
        wire_client(broker.port) as polling,
        wire_client(broker.port) as halfway,
        consumer(broker.bootstrap_servers, "g") as member,
    ):
        polling.make_topic("idle")
        member.subscribe(["idle"])
        member.poll(0.5)
        polling.send_fetch("idle", 0, wait_seconds=60)
        halfway.connection.sendall(b"\0\0\1\0half a frame")
        began = time.monotonic()
        broker.process.send_signal(number)
        status = broker.process.wait(10)
        took = time.monotonic() - began
        said = broker.log.read_text()
    assert status == 0
    assert took < 3
    assert "Traceback" not in said


def test_a_client_that_does_not_read_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with running_broker(tmp_path / "data") as broker, wire_client(broker.port) as client:
        for _ in range(20_000):
            client.connection.settimeout(0.2)
            try:
                client.send(METADATA, 8, topics=None)
            except TimeoutError:
                break
        assert broker.stop() == 0


def test_a_taken_port_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        finished = run("--port", str(port), cwd=tmp_path)
    assert finished.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in finished.stderr
    assert "--port" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_an_address_of_another_machine_is_an_error(tmp_path: Path) -> None:
    finished = run("--host", "203.0.113.1", "--port", "0", cwd=tmp_path)
    assert finished.returncode == 2
    assert "--host" in finished.stderr


def test_a_data_folder_in_use_is_refused_and_free_again_after_a_kill(tmp_path: Path) -> None:
    with running_broker(tmp_path / "data") as first:
        finished = run("--port", "0", "--data-dir", str(tmp_path / "data"), "--json", cwd=tmp_path)
        first.kill()
    assert finished.returncode == 2
    assert f"in use by another broker (process {first.process.pid})" in finished.stderr
    assert json.loads(finished.stdout)["error"]["type"] == "InputError"
    with running_broker(tmp_path / "data"):
        pass


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    finished = run("--port", "0", "--data-dir", str(tmp_path / "file" / "data"), cwd=tmp_path)
    assert finished.returncode == 2
    assert "--data-dir" in finished.stderr


def test_a_data_folder_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broker.json").write_text('{"format": 99}')
    finished = run("--port", "0", "--data-dir", str(tmp_path), cwd=tmp_path)
    assert finished.returncode == 2
    assert "broker.json" in finished.stderr
