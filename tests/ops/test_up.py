"""`nodesmith up`: what it refuses, and how it ends."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from ops.processes import NODESMITH, running_up
from ops.written_nodes import ECHO_NODE, WORKER_NODE, write_node
from support.ports import free_port

from nodesmith.cli.application import run
from nodesmith.cli.operating.find_nodes import find_nodes
from nodesmith.cli.operating.system import check_broker
from nodesmith.errors import BusUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from support.broker import RunningBroker


def test_a_folder_without_nodes_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["up", str(tmp_path)]) == 2
    assert "no event bus node is under" in capsys.readouterr().err


def test_what_is_no_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["up", str(tmp_path / "absent")]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_a_taken_port_is_refused_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_node(tmp_path, ECHO_NODE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        status = run(["up", str(tmp_path), "--port", str(port), "--data-dir", str(tmp_path / "data")])

    error = capsys.readouterr().err
    assert status == 2
    assert f"port {port} is taken" in error
    assert "--port 0" in error
    assert f"--kafka-servers localhost:{port}" in error


def test_a_broker_that_does_not_answer_is_named_before_anything_is_started() -> None:
    servers = f"127.0.0.1:{free_port()}"

    with pytest.raises(
        BusUnavailableError, match=rf"no Kafka broker at {servers} answers within 0\.5 s.*refused"
    ):
        asyncio.run(check_broker(servers, seconds=0.5))


def test_the_newest_version_of_a_node_is_found_and_hidden_folders_are_not_searched(tmp_path: Path) -> None:
    folder = write_node(tmp_path, ECHO_NODE)
    newest = folder / "v1_10_0"
    (folder / "v1_9_0").mkdir()
    newest.mkdir()
    for version in (newest, folder / "v1_9_0"):
        (version / "start_node.py").touch()
    write_node(tmp_path / ".venv", WORKER_NODE)

    (found,) = find_nodes(tmp_path)

    assert (found.label, found.start_script) == ("shop_echo", newest / "start_node.py")


def test_ctrl_c_finishes_what_is_at_work_ends_all_and_leaves_no_process(tmp_path: Path) -> None:
    write_node(tmp_path, WORKER_NODE)
    with running_up(tmp_path) as up:
        command = [*NODESMITH, "call", "worker.wait", "n=5", "--kafka-servers", up.kafka_servers]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as call:
            up.wait_for_log("at work on")
            up.process.send_signal(signal.SIGINT)
            up.wait_for_log("draining: 1 commands are running")
            (tmp_path / "go-on").touch()
            answer, _ = call.communicate(timeout=30)

        assert up.process.wait(30) == 0
        assert json.loads(answer) == {"n": 5}
        up.wait_until_nothing_is_left()


def test_a_node_that_dies_is_reported_and_ends_the_others(tmp_path: Path) -> None:
    write_node(tmp_path, WORKER_NODE)
    write_node(tmp_path, ECHO_NODE)
    with running_up(tmp_path) as up:
        servers = ("--kafka-servers", up.kafka_servers)

        subprocess.run([*NODESMITH, "call", "worker.die", "n=1", "--timeout", "0.2", *servers], check=False)

        assert up.process.wait(30) == 5
        up.wait_until_nothing_is_left()
        log = up.log.read_text()
        assert f"error: shop_worker (process {up.pids['worker']}) ended by itself: killed by SIGKILL" in log
        assert "it said last:" in log
        assert "    the disk is on fire" in log
        assert "[echo" in log
        assert "stopped; nothing was cut off" in log


def test_a_killed_up_leaves_no_process_behind(tmp_path: Path) -> None:
    write_node(tmp_path, ECHO_NODE)
    with running_up(tmp_path) as up:
        assert len(up.children) == 2

        up.end(signal.SIGKILL)

        up.wait_until_nothing_is_left()


def test_a_given_broker_is_used_and_left_running(both_brokers: RunningBroker, tmp_path: Path) -> None:
    write_node(tmp_path, ECHO_NODE)
    servers = both_brokers.bootstrap_servers
    with running_up(tmp_path, "--kafka-servers", servers) as up:
        assert up.kafka_servers == servers
        assert len(up.children) == 1
        assert up.end() == 0
    assert both_brokers.process.poll() is None


def test_a_node_that_cannot_start_is_reported(tmp_path: Path) -> None:
    folder = write_node(tmp_path, ECHO_NODE)
    (folder / "v1_0_0" / "node.py").write_text("raise RuntimeError('no such thing')\n")

    command = [*NODESMITH, "up", str(tmp_path), "--port", "0", "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 5
    assert "shop_echo" in done.stderr
    assert "no such thing" in done.stderr.partition("it said last:")[2]
