"""`nodesmith up`: what it refuses, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ops.processes import NODESMITH, Up, running_up
from ops.written_nodes import ECHO_NODE, WORKER_NODE, write_node
from support.consul import running_consul
from support.ports import free_port
from support.waiting import wait_until

from nodesmith.cli.application import run
from nodesmith.cli.operating.children import SECOND_SIGNAL_SECONDS
from nodesmith.cli.operating.find_nodes import find_nodes
from nodesmith.cli.operating.system import check_broker
from nodesmith.errors import BusUnavailableError

if TYPE_CHECKING:
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

        place = ("--port", str(port), "--data-dir", str(tmp_path / "data"))

        status = run(["up", str(tmp_path), "--no-registry", *place])

    error = capsys.readouterr().err
    assert status == 2
    assert f"port {port} is taken" in error
    assert "--port 0" in error
    assert f"--kafka-servers localhost:{port}" in error


def test_a_taken_port_of_the_registry_is_refused_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_node(tmp_path, ECHO_NODE)
    data = ("--data-dir", str(tmp_path / "data"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        assert run(["up", str(tmp_path), "--port", "0", "--registry-port", port, *data]) == 2

    error = capsys.readouterr().err
    assert f"port {port} is taken" in error
    assert "--no-registry" in error
    assert "listening" not in error


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--consul", "ftp://127.0.0.1"), "the address of Consul cannot be used as one"),
        (
            ("--consul", "http://127.0.0.1:8500", "--no-registry"),
            "without a registry nothing shows nodes in Consul",
        ),
    ],
)
def test_a_consul_that_cannot_be_shown_to_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], words: str
) -> None:
    write_node(tmp_path, ECHO_NODE)

    assert run(["up", str(tmp_path), *options]) == 2
    assert words in capsys.readouterr().err


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


def test_a_second_ctrl_c_cuts_short_what_a_node_does_and_kills_nothing(tmp_path: Path) -> None:
    write_node(tmp_path, WORKER_NODE)
    with running_up(tmp_path) as up:
        command = [*NODESMITH, "call", "worker.wait", "n=5", "--kafka-servers", up.kafka_servers]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as call:
            up.wait_for_log("at work on")
            press(up, "draining: 1 commands are running")
            press(up, "1 commands were cut off")
            assert up.process.wait(15) == 5
            call.terminate()

        log = up.log.read_text()
        assert "shop_worker did not end well: exit status 5" in log
        assert "SIGKILL" not in log
        up.wait_until_nothing_is_left()


def test_a_third_ctrl_c_kills_a_node_that_hears_nothing(tmp_path: Path) -> None:
    write_node(tmp_path, ECHO_NODE)
    with running_up(tmp_path) as up:
        os.kill(up.pids["echo"], signal.SIGSTOP)
        press(up, "ending 1 node; another Ctrl-C cuts short what runs")
        press(up, "another Ctrl-C kills")
        press(up, "shop_echo did not end well: killed by SIGKILL")

        assert up.process.wait(15) == 5


def press(up: Up, then: str) -> None:
    """Press Ctrl-C and wait for what it leads to, and until another one is not taken for the same."""
    pressed = time.monotonic()
    up.process.send_signal(signal.SIGINT)
    up.wait_for_log(then)
    wait_until(lambda: time.monotonic() - pressed > SECOND_SIGNAL_SECONDS, why="a second to pass")


def test_up_is_ready_when_its_registry_shows_every_node_also_where_it_asks_for_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODESMITH_REGISTRY_TOKEN", token := "one-of-twenty-letters")
    monkeypatch.setenv("LOG_FORMAT", "json")
    write_node(tmp_path, ECHO_NODE)
    write_node(tmp_path, WORKER_NODE)
    with running_up(tmp_path, registry=True) as up:
        asked = urllib.request.Request(
            f"{up.registry}/api/v1/nodes", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=5) as answer:
            shown = {node["full_name"]: node["state"] for node in json.load(answer)["nodes"]}
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{up.registry}/api/v1/nodes", timeout=5)

        assert shown == {"shop/echo": "ready", "shop/worker": "ready"}
        assert len(up.children) == 4
        assert up.end() == 0
        up.wait_until_nothing_is_left()
        assert re.search(r'^registry +\| \{"timestamp"', up.log.read_text(), re.MULTILINE)
        assert token not in up.log.read_text()


def test_a_registry_that_dies_is_reported_and_ends_the_nodes(tmp_path: Path) -> None:
    write_node(tmp_path, ECHO_NODE)
    with running_up(tmp_path, registry=True) as up:
        registry = next(pid for pid in up.children if b"\0registry\0" in command_line(pid))

        os.kill(registry, signal.SIGKILL)

        assert up.process.wait(30) == 5
        up.wait_until_nothing_is_left()
        log = up.log.read_text()
        assert f"error: registry (process {registry}) ended by itself: killed by SIGKILL" in log
        assert "stopped; nothing was cut off" in log


def test_consul_has_heard_that_the_nodes_are_gone_when_up_has_ended(tmp_path: Path) -> None:
    write_node(tmp_path, ECHO_NODE)
    with running_consul(tmp_path / "consul") as consul:
        options = ("--port", "0", "--consul", consul.address)
        with running_up(tmp_path, *options, registry=True) as up:
            wait_until(lambda: consul.passing("shop-echo"), why="the node being passing in Consul")

            assert up.end() == 0

        assert "shop-echo" not in {service["Service"] for service in consul.services().values()}


def command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


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

    ports = ("--port", "0", "--registry-port", "0")
    command = [*NODESMITH, "up", str(tmp_path), *ports, "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 5
    assert "shop_echo" in done.stderr
    assert "no such thing" in done.stderr.partition("it said last:")[2]
