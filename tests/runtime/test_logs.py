"""What a node logs, from its formatters up to a real process."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.nodes import running_node
from support.waiting import wait_until
from support.wire import command, send

from nodesmith.errors import InputError
from nodesmith.runtime import NodeDefinition, NodeIdentity
from nodesmith.runtime.answers import Question
from nodesmith.runtime.handling import Handling
from nodesmith.runtime.logs import LineHandler, lines_of
from nodesmith.runtime.metrics import NodeMetrics
from nodesmith.runtime.records import IncomingRecord
from nodesmith.runtime.settings import NodeSettings
from nodesmith.runtime.stats import Stats
from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.broker import RunningBroker
    from support.nodes import RunningNode

COMMANDS = "onex.cmd.demo.greeter-requested.v1"
ABOUT = {"node": "greeter", "instance": "host-1", "version": "1.2.3"}
FORMATS = ("console", "json")
RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"

Log = tuple[logging.Logger, "Callable[[], list[str]]"]


def new_log(log_format: str) -> Log:
    """Return a logger, and what gives the lines it wrote."""
    stream = io.StringIO()
    handler = lines_of(LineHandler(stream), log_format=log_format, about=ABOUT)
    logger = logging.Logger("a.logger")  # noqa: LOG001 - of this test alone
    logger.addHandler(handler)
    return logger, lambda: stream.getvalue().split("\n")[:-1]


@pytest.fixture
def handling() -> Handling:
    record = IncomingRecord(topic="t", partition=0, offset=0, key=None, value=b"", headers={})
    traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    question = Question(
        event_type="a.b.c",
        key=None,
        envelope_id=uuid4(),
        correlation_id=uuid4(),
        traceparent=traceparent,
    )
    return Handling(
        record,
        question,
        operation="greet",
        seconds=NodeMetrics(node="n").process_seconds,
        stats=Stats(NodeDefinition(identity=NodeIdentity(name="n", archetype="effect"), operations=())),
        tracing=None,
    )


def test_a_json_line_says_when_who_and_what() -> None:
    logger, lines = new_log("json")
    logger.warning("three of %s", 4, extra={"customer": "c1"})
    (line,) = map(json.loads, lines())
    assert re.fullmatch(RFC3339, line.pop("timestamp"))
    expected = {"level": "WARNING", "logger": "a.logger", "message": "three of 4", "customer": "c1"}
    assert line == {**expected, **ABOUT}


@pytest.mark.parametrize("log_format", FORMATS)
@given(message=st.text(), extra=st.dictionaries(st.sampled_from(["a", "b"]), st.text() | st.floats()))
def test_whatever_is_logged_is_one_line(log_format: str, message: str, extra: dict[str, Any]) -> None:
    logger, lines = new_log(log_format)
    logger.info("%s", message, extra=extra)
    (line,) = lines()
    assert len(line.splitlines()) == 1
    assert log_format == "console" or json.loads(line)["message"] == message


@pytest.mark.parametrize("log_format", FORMATS)
def test_an_exception_is_part_of_its_line_with_what_it_came_of(log_format: str) -> None:
    logger, lines = new_log(log_format)
    try:
        try:
            dict[str, int]()["first"]
        except KeyError as error:
            raise ValueError("two\nlines") from error
    except ValueError:
        logger.exception("it failed")
    (line,) = lines()
    if log_format == "json":
        fields = json.loads(line)
        assert (fields["exception_type"], fields["exception_message"]) == ("ValueError", "two\nlines")
        assert "KeyError: 'first'" in fields["exception_stacktrace"]
    else:
        assert re.search(
            r"it failed \| ValueError: two\\nlines \(at \S+test_logs.py:\d+ .*; from KeyError: 'first'", line
        )


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_call_that_cannot_be_logged_is_a_line_as_well(log_format: str) -> None:
    logger, lines = new_log(log_format)
    logger.info("%d", "x")
    (line,) = lines()
    assert "'%d' with ('x',) cannot be logged" in line
    assert "test_logs.py" in line


async def test_the_command_at_hand_is_on_every_line_in_tasks_and_in_threads(handling: Handling) -> None:
    logger, lines = new_log("json")
    logger.info("before")
    with handling:
        logger.info("here", extra={"operation": "somebody's own"})
        await asyncio.create_task(asyncio.to_thread(logger.info, "in asyncio's thread"))
        await in_thread(logger.info, "in ours")
    logger.info("after")
    before, here, *threads, after = map(json.loads, lines())
    ids = {"correlation_id": str(handling.correlation_id), "envelope_id": str(handling.envelope_id)}
    trace = {"trace_id": "a" * 32, "span_id": "b" * 16}
    for line in threads:
        assert ids.items() | trace.items() | {("operation", "greet")} <= line.items()
    assert here["operation"] == "somebody's own"
    assert not {"correlation_id", "trace_id"} & (before.keys() | after.keys())


def test_the_console_form_tells_the_correlation_id(handling: Handling) -> None:
    logger, lines = new_log("console")
    with handling:
        logger.info("at work")
    (line,) = lines()
    said = rf"\S+ \S+ INFO    \[greeter host-1\] a.logger: at work correlation_id={handling.correlation_id}"
    assert re.fullmatch(said, line)


def test_a_format_nobody_knows_is_refused() -> None:
    with pytest.raises(InputError, match="LOG_FORMAT is 'xml'"):
        NodeSettings.from_environment({"LOG_FORMAT": "xml"})
    assert NodeSettings.from_environment({"LOG_FORMAT": "JSON"}).log_format == "json"


@pytest.fixture(scope="module")
def talkative(
    broker: RunningBroker, start_greeter: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningNode]:
    """A node that logs JSON, with the Kafka client's own lines."""
    folder = tmp_path_factory.mktemp("talkative")
    environment = {
        "GREETER_JOURNAL": str(folder),
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "NODE_INSTANCE_ID": "greeter-7",
        "KAFKA_CLIENT_DEBUG": "broker",
    }
    arguments = ("--log-format", "json", "--log-level", "DEBUG")
    with running_node(start_greeter, folder / "log", *arguments, environment=environment) as node:
        yield node.wait_ready()


def test_every_line_of_a_node_is_json_the_kafka_clients_too(talkative: RunningNode) -> None:
    text = talkative.output
    lines = [json.loads(line) for line in text[: text.rindex("\n")].split("\n")]
    assert {(line["node"], line["instance"], line["version"]) for line in lines} == {
        ("greeter", "greeter-7", "1.2.3")
    }
    loggers = {line["logger"] for line in lines}
    assert {"nodesmith.runtime.service", "nodesmith.runtime.client"} <= loggers


def test_what_a_node_says_of_a_command_carries_its_ids(talkative: RunningNode, broker: RunningBroker) -> None:
    story = str(uuid4())
    send(broker.bootstrap_servers, COMMANDS, command("demo.greeter.break-down", {}, correlation_id=story))

    def about() -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for line in talkative.output.splitlines()
            if f'"correlation_id": "{story}"' in line
        ]

    wait_until(lambda: len(about()) >= 2, why="lines about the command")
    warning, debug = about()[:2]
    assert (warning["level"], warning["operation"]) == ("WARNING", "break_down")
    assert (debug["level"], debug["exception_type"]) == ("DEBUG", "ConnectionError")


def test_the_last_words_of_a_node_that_cannot_start_are_json_as_well(start_greeter: Path) -> None:
    command_line = [sys.executable, str(start_greeter), "--log-format", "json", "--health-port", "99999"]
    done = subprocess.run(command_line, capture_output=True, text=True, timeout=60, check=False)
    line = json.loads(done.stderr)
    assert (done.returncode, line["level"], line["fix"]) == (
        2,
        "CRITICAL",
        "use a number from 0 (any free port) to 65535",
    )


def test_formatting_a_line_as_json_is_no_burden() -> None:
    logger, lines = new_log("json")
    begun = time.process_time()
    for _ in range(1_000):
        logger.info("a line like many others")
    assert (time.process_time() - begun) / 1_000 < 500e-6
    assert len(lines()) == 1_000
