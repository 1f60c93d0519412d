"""`nodesmith tail` on the embedded broker and on Apache Kafka."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import signal
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from hypothesis import given
from hypothesis import strategies as st
from ops.processes import NODESMITH
from support.broker import running_broker
from support.waiting import wait_until
from support.wire import command, send

from nodesmith.cli.application import run
from nodesmith.inspection.tail_record import TailRecord
from nodesmith.runtime.records import IncomingRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.broker import RunningBroker

STORY = "0b5c1f6e-2d7c-4a53-9d0e-3a0f2a1f7a11"


@pytest.fixture
def servers(both_brokers: RunningBroker, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", both_brokers.bootstrap_servers)
    return both_brokers.bootstrap_servers


@pytest.fixture
def node() -> str:
    """A node's name that no other test has."""
    return f"teller{uuid4().hex[:8]}"


def tail(*arguments: str) -> tuple[int, list[str], str]:
    """Return the status, the lines and the errors of a tail that ends by itself."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        status = run(["tail", *arguments, "--no-follow"])
    return status, output.getvalue().splitlines(), errors.getvalue()


def numbers(*arguments: str) -> list[int]:
    status, lines, errors = tail(*arguments, "--json")
    assert (status, errors) == (0, "")
    return [json.loads(line)["envelope"]["payload"]["n"] for line in lines]


def say(servers: str, node: str, *ns: int, key: str | None = None, **fields: Any) -> None:
    values = [command(f"shop.{node}.say", {"n": n}, **fields) for n in ns]
    send(servers, f"onex.cmd.shop.{node}-requested.v1", *values, key=key)


def test_a_node_is_its_commands_results_failures_and_dead_letters(servers: str, node: str) -> None:
    say(servers, node, 1, key="k", correlation_id=STORY)
    for topic in (f"evt.shop.{node}-completed", f"evt.shop.{node}-failed", f"dlq.shop.{node}"):
        send(servers, f"onex.{topic}.v1", {"payload": {"from": topic}})
    send(servers, f"onex.evt.shop.{node}-others.v1", {"payload": {}})

    status, lines, _ = tail(node)

    assert (status, len(lines)) == (0, 4)
    assert lines[0].endswith(f'shop.{node}.say  key=k  correlation_id={STORY}  {{"n": 1}}')
    assert [line.split("  ")[1].split(".")[1] for line in lines] == ["cmd", "evt", "evt", "dlq"]


def test_filters_choose_and_all_of_them_have_to_fit(servers: str, node: str) -> None:
    say(servers, node, 1, 2, key="a", correlation_id=STORY)
    say(servers, node, 3, key="b", correlation_id=STORY)
    say(servers, node, 4, key="a")

    assert numbers(node, "--key", "a") == [1, 2, 4]
    assert numbers(node, "--correlation-id", STORY[:9]) == [1, 2, 3]
    assert numbers(node, "--correlation-id", STORY.upper(), "--key", "a") == [1, 2]
    assert numbers(node, "--grep", r'"n": [34]\b') == [3, 4]
    assert numbers(node, "--event-type", f"shop.{node}.*") == [1, 2, 3, 4]
    assert numbers(node, "--event-type", "shop") == []


def test_the_last_ones_are_the_last_of_all_partitions_and_of_what_fits(servers: str, node: str) -> None:
    for n in range(20):
        say(servers, node, n, key=f"key {n % 5}")

    assert numbers(node, "-n", "3") == [17, 18, 19]
    assert numbers(node, "-n", "2", "--key", "key 1") == [11, 16]
    assert numbers(node, "-n", "0") == []
    assert numbers(node) == list(range(20))


def test_since_begins_at_a_moment(servers: str, node: str) -> None:
    topic = f"onex.cmd.shop.{node}-requested.v1"
    producer = Producer({"bootstrap.servers": servers})
    for hours in (3, 1):
        then = datetime.now(UTC) - timedelta(hours=hours)
        value = json.dumps({"payload": {"n": hours}})
        producer.produce(topic, value, timestamp=int(then.timestamp() * 1000))
    assert producer.flush(10) == 0

    assert numbers(node, "--since", "2h") == [1]
    assert numbers(topic, "--since", "2020-01-01") == [3, 1]


def test_what_is_no_envelope_is_shown_as_such_and_harmless(servers: str, node: str) -> None:
    topic = f"odd-{node}"
    send(servers, topic, b"\xff\x1b]0;owned\x07\n", b"[1]", key="k\x1b[2J")

    _, lines, _ = tail(topic)
    _, data, _ = tail(topic, "--json")

    assert [line.split("  ", 3)[3] for line in lines] == [
        r"-  key=k\x1b[2J  (no envelope) \xff\x1b]0;owned\x07\n",
        r"-  key=k\x1b[2J  (no envelope) [1]",
    ]
    assert json.loads(data[0])["value_base64"] == "/xtdMDtvd25lZAcK"
    assert json.loads(data[1])["value"] == "[1]"


@given(st.binary(), st.binary(), st.text())
def test_whatever_a_record_holds_it_is_one_harmless_line(key: bytes, value: bytes, text: str) -> None:
    for each in (value, json.dumps({"payload": {"text": text}, "event_type": text}).encode()):
        record = IncomingRecord(topic="t", partition=0, offset=0, key=key, value=each, headers={})
        assert "".join(part for _, part in TailRecord(record).parts()).isprintable()
        assert json.loads(json.dumps(TailRecord(record).data()))["topic"] == "t"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tell3r",), "'tell3r' is neither a topic nor a node on this bus"),
        (("--grep", "("), "is no regular expression"),
        (("--since", "yesterday"), "'yesterday' is no time"),
        (("--since", "1h", "--from-beginning"), "two beginnings"),
    ],
)
def test_what_cannot_be_meant_is_refused(servers: str, arguments: tuple[str, ...], words: str) -> None:
    status, _, errors = tail(*arguments)
    assert (status, words in errors) == (2, True)


@contextmanager
def following(*arguments: str, output: int = subprocess.PIPE) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*NODESMITH, "tail", *arguments], stdout=output, stderr=subprocess.STDOUT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode()


def test_following_goes_on_with_topics_that_appear_makes_no_group_and_ends_with_ctrl_c(
    servers: str, node: str
) -> None:
    say(servers, node, 1)
    with following(node, "-n", "1") as process:
        assert '{"n": 1}' in line_of(process)
        send(servers, f"onex.dlq.shop.{node}.v1", b"the first dead letter")
        assert "(no envelope) the first dead letter" in line_of(process)
        say(servers, node, 2)
        assert '{"n": 2}' in line_of(process)
        admin = AdminClient({"bootstrap.servers": servers})  # kept: its futures are forgotten with it
        groups = admin.list_consumer_groups().result(10)
        assert [each.group_id for each in groups.valid if "nodesmith" in each.group_id] == []
        process.send_signal(signal.SIGINT)
        assert (process.wait(10), line_of(process)) == (0, "")


def test_a_broker_that_goes_away_is_told_once_and_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_broker(tmp_path / "data") as broker:
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers)
        say(broker.bootstrap_servers, "teller", 1)
        with following("teller", "--from-beginning") as process:
            assert '{"n": 1}' in line_of(process)
            broker.kill()
            assert "Connection refused" in line_of(process)
            with running_broker(tmp_path / "data", port=broker.port):
                assert "answers again" in line_of(process)
                say(broker.bootstrap_servers, "teller", 2)
                assert '{"n": 2}' in line_of(process)


def test_no_broker_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9")
    status, lines, errors = tail()
    assert (status, lines) == (5, [])
    assert "no Kafka broker at 127.0.0.1:9 answers" in errors


def test_colours_are_for_a_terminal(servers: str, node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    say(servers, node, 1)
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal, child = pty.openpty()
    with following(node, "--no-follow", output=child) as process:
        os.close(child)
        shown = b""

        def ended() -> bool:
            nonlocal shown
            with contextlib.suppress(OSError):  # Linux says so at the end of a terminal
                shown += os.read(terminal, 4096)
            return process.poll() is not None

        wait_until(ended, seconds=30, why="the end of the tail")
    os.close(terminal)
    assert b"\x1b[36m" in shown
    assert b'{"n": 1}' in shown
