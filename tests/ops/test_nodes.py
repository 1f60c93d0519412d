"""`nodesmith nodes`: real nodes asked on a real bus. One of the two has a clock that is twenty minutes ahead."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from chaos.clock import Clock
from ops.processes import NODESMITH
from support.nodes import RunningNode, running_node
from support.waiting import wait_until
from support.wire import command, reading, send

from nodesmith.cli.application import run
from nodesmith.runtime.identity import NodeIdentity, make_node_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.broker import RunningBroker

START_FLAKY = Path(__file__).parents[1] / "runtime" / "nodes" / "start_flaky.py"
NAME = "listed"
AHEAD_MS = 20 * 60 * 1000


@contextmanager
def running_flaky(
    broker: RunningBroker, folder: Path, *, instance: str, name: str = NAME, **more: str
) -> Iterator[RunningNode]:
    folder.mkdir()
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "FLAKY_NAME": name,
        "NODE_INSTANCE_ID": instance,
        "GREETER_JOURNAL": str(folder),
        "RETRY_ATTEMPTS": "2",
        "RETRY_BASE_SECONDS": "0.01",
        "HEARTBEAT_SECONDS": "20",
        **more,
    }
    with running_node(START_FLAKY, folder / "log", environment=environment) as node:
        yield node


@pytest.fixture(scope="module")
def nodes(
    both_brokers: RunningBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, RunningNode]]:
    folder = tmp_path_factory.mktemp("nodes")
    clock = Clock(folder)
    clock.set(AHEAD_MS / 1000)
    with ExitStack() as stack:
        started = {
            instance: stack.enter_context(
                running_flaky(both_brokers, folder / instance, instance=instance, **variables)
            )
            for instance, variables in (("listed-right", {}), ("listed-ahead", dict(clock.variables)))
        }
        for node in started.values():
            node.wait_ready()
        yield started


@pytest.fixture(autouse=True)
def servers(
    both_brokers: RunningBroker, nodes: dict[str, RunningNode], monkeypatch: pytest.MonkeyPatch
) -> str:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", both_brokers.bootstrap_servers)
    return both_brokers.bootstrap_servers


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run(["nodes", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def told_by_both(capsys: pytest.CaptureFixture[str]) -> Any:
    """Return the figures of the node when both of its instances told theirs in time."""

    def figures() -> Any:
        (node,) = said(capsys, "stats", NAME)["nodes"]
        return node if [each["answered"] for each in node["instances"]] == [True, True] else None

    return wait_until(figures, why="both instances telling their figures")


def test_both_are_listed_whatever_their_clocks_say(capsys: pytest.CaptureFixture[str]) -> None:
    listed = [node for node in said(capsys)["nodes"] if node["node"] == NAME]

    assert [(node["instance"], node["state"], node["answered"]) for node in listed] == [
        ("listed-ahead", "ready", True),
        ("listed-right", "ready", True),
    ]
    assert {node["contract_digest"] for node in listed} == {listed[0]["contract_digest"]}
    assert all(0 <= node["uptime_seconds"] < 600 for node in listed)


def test_ping_tells_the_round_trip_and_how_far_a_clock_is_ahead(capsys: pytest.CaptureFixture[str]) -> None:
    ahead, right = said(capsys, "ping", NAME, "--count", "2", "--interval", "0")["instances"]

    assert (ahead["instance"], ahead["answered"], right["answered"]) == ("listed-ahead", 2, 2)
    assert 0 < right["least_ms"] <= right["average_ms"] <= right["most_ms"] < 5_000
    for each, clock in ((ahead, AHEAD_MS), (right, 0)):
        assert abs(each["clock_ahead_ms"] - clock) <= each["clock_within_ms"] + 1


def test_ping_prints_a_line_for_each_answer_and_what_they_came_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nodes", "ping", "listed-right", "--count", "2", "--interval", "0"]) == 0

    first, second, empty, _, total = capsys.readouterr().out.splitlines()
    assert first.startswith("1: demo/listed listed-right  ")
    assert second.startswith("2: demo/listed listed-right  ")
    assert " ms  clock " in first
    assert (empty, "2 of 2" in total) == ("", True)


def test_an_instance_that_hangs_is_named_and_exit_status_5(
    nodes: dict[str, RunningNode], capsys: pytest.CaptureFixture[str]
) -> None:
    hanging = nodes["listed-right"].process
    hanging.send_signal(signal.SIGSTOP)
    try:
        assert run(["nodes", "ping", NAME, "--timeout", "1"]) == 5
    finally:
        hanging.send_signal(signal.SIGCONT)

    output = capsys.readouterr()
    assert "1: demo/listed listed-right  no answer" in output.out
    assert "1 of 2 instances did not answer: demo/listed (listed-right)" in output.err


@pytest.mark.parametrize(
    "what", [["info", "nobody"], ["stats", "nobody"], ["ping", "nobody", "--timeout", "1"]]
)
def test_no_answer_is_an_error_and_never_an_empty_list(
    what: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    wait = [] if "--timeout" in what else ["--wait", "1"]
    assert run(["nodes", *what, *wait, "--json"]) == 5

    error = json.loads(capsys.readouterr().out)["error"]
    assert error["type"] == "NoAnswerError"
    assert "no node called 'nobody' and no instance called 'nobody' on the bus" in error["message"]


def node_id(instance: str) -> str:
    return str(make_node_id(NodeIdentity(name=NAME, domain="demo", archetype="effect"), instance))


@pytest.mark.parametrize(
    ("whom", "instances"),
    [
        (NAME, ["listed-ahead", "listed-right"]),
        ("demo/Listed", ["listed-ahead", "listed-right"]),
        ("listed-ahead", ["listed-ahead"]),
        (node_id("listed-right"), ["listed-right"]),
    ],
)
def test_info_shows_a_node_by_its_name_or_by_an_instance(
    whom: str, instances: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    node = said(capsys, "info", whom)

    assert [each["instance"] for each in node["instances"]] == instances
    assert [each["name"] for each in node["details"]["operations"]] == ["write", "note"]
    assert node["contract_digests"] == {node["details"]["contract_digest"]: instances}


def test_info_says_what_operations_take_and_where_they_are_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["nodes", "info", NAME]) == 0

    text = capsys.readouterr().out
    assert "write      demo.listed.write  name  -" in text
    assert "name: string, failures?: integer, then?: string -> attempt: integer" in text
    assert "dead letters  onex.dlq.demo.listed.v1" in text


def test_stats_are_told_for_each_instance_and_in_sum(
    both_brokers: RunningBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    before = told_by_both(capsys)["total"]["endpoints"][0]
    commands = [command("demo.listed.write", {"name": str(n), "then": "" if n else "no"}) for n in range(8)]
    with ExitStack() as stack:
        answers = [
            stack.enter_context(reading(both_brokers.bootstrap_servers, f"onex.evt.demo.listed-{end}.v1"))
            for end in ("completed", "failed")
        ]
        send(both_brokers.bootstrap_servers, "onex.cmd.demo.listed-requested.v1", *commands)
        for topic, count in zip(answers, (7, 1), strict=True):
            topic.wait_for_count(count)

    node = told_by_both(capsys)

    total = node["total"]["endpoints"][0]
    assert (total["num_requests"] - before["num_requests"], total["num_errors"]) == (8, 1)
    each = [one["stats"]["endpoints"][0] for one in node["instances"]]
    assert sum(one["num_requests"] for one in each) == total["num_requests"]
    assert {"ValueError: no"} == {one["last_error"] for one in each if one["num_errors"]}
    assert run(["nodes", "stats", NAME]) == 0
    text = capsys.readouterr().out
    assert "all 2" in text
    assert "demo/listed: in flight 0, in the outbox 0, behind onex.cmd.demo.listed-requested.v1: " in text


def test_watch_prints_who_comes_and_who_goes_until_ctrl_c(
    both_brokers: RunningBroker, tmp_path: Path
) -> None:
    watch = [*NODESMITH, "nodes", "watch", "watched", "--json"]
    with subprocess.Popen(
        watch, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        try:
            assert process.stdout is not None
            with running_flaky(both_brokers, tmp_path / "w", instance="watched-1", name="watched") as node:
                came = json.loads(process.stdout.readline())
                node.wait_ready()
            changes = [came]
            while changes[-1]["change"] != "left":
                changes.append(json.loads(process.stdout.readline()))
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()

    assert (came["change"], came["node"], came["instance"]) == ("appeared", "watched", "watched-1")
    assert {change["incarnation"] for change in changes} == {came["incarnation"]}
    assert changes[-1]["state"] == "stopped"
