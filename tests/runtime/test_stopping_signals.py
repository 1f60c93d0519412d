"""What each signal asks of a node, also while it starts, and that nothing a handler does keeps the process."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.broker import running_broker
from support.nodes import running_node
from support.waiting import wait_until
from support.wire import command, committed, send

from nodesmith.runtime.watchdog import CLOSE_SECONDS, HURRY_SECONDS, SAME_PRESS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.nodes import RunningNode

COMMANDS = "onex.cmd.demo.greeter-requested.v1"
# What a loaded machine may take beside.
SLACK_SECONDS = 3.0


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[str]:
    """A broker of the test's own: what was cut off comes again, and would hold the next test's node."""
    with running_broker(tmp_path / "broker") as broker:
        yield broker.bootstrap_servers


def settings(servers: str, folder: Path, *, drain_seconds: float = 20) -> dict[str, str]:
    """Return an environment in which a node of this test's own has a folder of its own."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "GREETER_JOURNAL": str(folder),
        "DRAIN_SECONDS": str(drain_seconds),
    }


def busy(servers: str, node: RunningNode, folder: Path, operation: str, note: str) -> None:
    """Give a node a command, and return when its handler runs."""
    node.wait_ready()
    payload = {"name": "ann"} if operation == "wait" else {}
    send(servers, COMMANDS, command(f"demo.greeter.{operation}", payload), key="ann")
    wait_until(lambda: note in (folder / "journal").read_text(), why="the handler running")


def catches(pid: int, number: signal.Signals) -> bool:
    """Return whether a process catches a signal."""
    caught = Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()[0]
    return bool(int(caught, 16) >> (number - 1) & 1)


def press(node: RunningNode, times: int) -> float:
    """Send SIGTERM so often that each counts, and return when the last one was sent."""
    pressed = float("-inf")
    for _ in range(times):
        due = pressed + SAME_PRESS_SECONDS
        wait_until(partial(is_over, due), why="another press counting")
        node.process.send_signal(signal.SIGTERM)
        pressed = time.monotonic()
    return pressed


def is_over(moment: float) -> bool:
    return time.monotonic() > moment


def last_line(node: RunningNode) -> str:
    return node.output.strip().splitlines()[-1]


def test_a_second_press_cuts_short_counts_what_that_cuts_off_and_closes_all_the_same(
    servers: str, start_greeter: Path, tmp_path: Path
) -> None:
    with running_node(start_greeter, tmp_path / "log", environment=settings(servers, tmp_path)) as node:
        busy(servers, node, tmp_path, "wait", "waiting ann")
        pressed = press(node, 2)
        assert node.process.wait(10) == 5
        assert time.monotonic() - pressed < HURRY_SECONDS + SLACK_SECONDS
    assert "1 commands were cut off" in last_line(node)
    assert (tmp_path / "journal").read_text().splitlines()[-1] == "shut"
    assert committed(servers, "demo.greeter", COMMANDS) == 0
    (tmp_path / "go").touch()
    with running_node(start_greeter, tmp_path / "log", environment=settings(servers, tmp_path)):
        wait_until(lambda: committed(servers, "demo.greeter", COMMANDS) == 1, why="another start doing it")


def test_a_second_press_finds_nothing_to_cut_off_where_nothing_runs(
    start_greeter: Path, tmp_path: Path
) -> None:
    with running_node(
        start_greeter, tmp_path / "log", "--skip-event-bus", environment=settings("", tmp_path)
    ) as node:
        node.wait_ready()
        node.process.send_signal(signal.SIGTERM)
        node.process.send_signal(signal.SIGINT)
        assert node.process.wait(5) == 0


@pytest.mark.parametrize("file", ["slow", "closed"])
def test_a_node_that_is_told_to_stop_while_it_starts_does_so_at_once(
    start_greeter: Path, tmp_path: Path, file: str
) -> None:
    (tmp_path / file).touch()
    with running_node(start_greeter, tmp_path / "log", environment=settings("127.0.0.1:1", tmp_path)) as node:
        node.wait_for_output("health at")
        begun = time.monotonic()
        assert node.stop() == 0
        assert time.monotonic() - begun < SLACK_SECONDS
    assert "nothing was cut off" in last_line(node)
    assert not (tmp_path / "journal").exists()


def test_a_thread_that_was_left_behind_does_not_keep_a_node_that_has_stopped(
    servers: str, start_greeter: Path, tmp_path: Path
) -> None:
    with running_node(start_greeter, tmp_path / "log", environment=settings(servers, tmp_path)) as node:
        node.wait_ready()
        send(servers, COMMANDS, command("demo.greeter.linger", {}))
        wait_until(lambda: committed(servers, "demo.greeter", COMMANDS) == 1, why="it being done")
        assert node.stop(seconds=1 + 2 * SLACK_SECONDS) == 0


@contextmanager
def a_node_whose_log_nobody_reads(script: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a node that waits for ever to write its first line."""
    read, write = os.pipe()
    os.write(write, b"x" * fcntl.fcntl(write, fcntl.F_GETPIPE_SZ))
    environment = {**os.environ, **settings("", folder, drain_seconds=0.2)}
    command_line = [sys.executable, str(script), "--skip-event-bus"]
    with subprocess.Popen(command_line, env=environment, stdout=write, stderr=write) as process:
        try:
            wait_until(lambda: catches(process.pid, signal.SIGTERM), why="the process hearing signals")
            yield process
        finally:
            process.kill()
            os.close(read)
            os.close(write)


def test_nothing_that_holds_the_event_loop_keeps_a_process_beyond_its_drain_deadline_and_a_moment(
    servers: str, start_greeter: Path, tmp_path: Path
) -> None:
    """All at once, since the moment takes its time."""
    with ExitStack() as stack:

        def start(name: str, *arguments: str, file: str = "") -> RunningNode:
            folder = tmp_path / name
            folder.mkdir()
            if file:
                (folder / file).touch()
            environment = settings(servers, folder, drain_seconds=0.2)
            log = folder / "log"
            return stack.enter_context(running_node(start_greeter, log, *arguments, environment=environment))

        handler = start("handler")
        busy(servers, handler, tmp_path / "handler", "block", "hanging")
        opening, hurried = (start(name, "--skip-event-bus", file="stuck") for name in ("opening", "hurried"))
        unread = stack.enter_context(a_node_whose_log_nobody_reads(start_greeter, tmp_path))
        for node in (opening, hurried):
            node.wait_for_output("health at")
        begun = press(handler, 1)
        press(opening, 1)
        unread.terminate()
        pressed = press(hurried, 2)
        assert hurried.process.wait(HURRY_SECONDS + SLACK_SECONDS) == 5
        assert time.monotonic() - pressed > HURRY_SECONDS / 2
        for process in (handler.process, opening.process, unread):
            assert process.wait(CLOSE_SECONDS + SLACK_SECONDS) == 5
        assert CLOSE_SECONDS < time.monotonic() - begun < CLOSE_SECONDS + 2 * SLACK_SECONDS
    assert "ended before all was closed; 1 commands were cut off" in last_line(handler)
    assert "ended before all was closed; 0 commands were cut off" in last_line(opening)


def test_a_third_press_ends_the_process_at_once(servers: str, start_greeter: Path, tmp_path: Path) -> None:
    with running_node(start_greeter, tmp_path / "log", environment=settings(servers, tmp_path)) as node:
        busy(servers, node, tmp_path, "block", "hanging")
        pressed = press(node, 3)
        assert node.process.wait(SLACK_SECONDS) == 5
        assert time.monotonic() - pressed < SLACK_SECONDS


def test_a_handler_that_hears_of_no_cancellation_is_cut_off_all_the_same(
    servers: str, start_greeter: Path, tmp_path: Path
) -> None:
    environment = settings(servers, tmp_path, drain_seconds=0.2)
    with running_node(start_greeter, tmp_path / "log", environment=environment) as node:
        busy(servers, node, tmp_path, "cling", "clinging")
        assert node.stop(seconds=2 * SLACK_SECONDS) == 5
    assert "1 commands were cut off" in last_line(node)
