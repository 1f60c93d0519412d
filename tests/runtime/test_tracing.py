"""Trace context and spans of a real node: without OpenTelemetry, and with its SDK and an exporter."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.nodes import running_node
from support.spans import spans_in
from support.waiting import wait_until
from support.wire import command, reading

from nodesmith.runtime.bus import EventPublisher
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope
from nodesmith.runtime.spans import Tracing
from nodesmith.runtime.trace_context import trace_and_span
from nodesmith.runtime.tracing import start_tracing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support.broker import RunningBroker
    from support.nodes import RunningNode
    from support.spans import SeenSpan
    from support.wire import Record

COMMANDS = "onex.cmd.demo.flaky-requested.v1"
COMPLETED = "onex.evt.demo.flaky-completed.v1"
FAILED = "onex.evt.demo.flaky-failed.v1"
DEAD_LETTERS = "onex.dlq.demo.flaky.v1"
INTENTS = "onex.intent.orders.totals-intended.v1"
TRACE, SPAN = "a" * 32, "b" * 16
PARENT = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "vendor=1"}
SDK = {"OTEL_TRACES_EXPORTER": "console"}


def send_in_trace(servers: str, topic: str, value: Mapping[str, Any], headers: Mapping[str, str]) -> None:

    producer = Producer({"bootstrap.servers": servers})
    producer.produce(topic, json.dumps(value), headers=list(headers.items()))
    assert producer.flush(10) == 0


def write(**payload: Any) -> dict[str, Any]:
    return command("demo.flaky.write", {"name": "x", **payload}, envelope_id=str(uuid4()))


def answer(servers: str, topic: str, asked: Mapping[str, Any]) -> Record:
    with reading(servers, topic) as answers:
        return answers.wait_for(
            lambda record: record.envelope.get("parent_envelope_id") == asked["envelope_id"]
        )


@pytest.fixture(scope="module")
def environment(broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {
        "GREETER_JOURNAL": str(tmp_path_factory.mktemp("journal")),
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "RETRY_ATTEMPTS": "2",
        "RETRY_BASE_SECONDS": "0.01",
    }


@pytest.fixture(scope="module")
def start_flaky(start_greeter: Path) -> Path:
    return start_greeter.with_name("start_flaky.py")


@pytest.fixture(scope="module")
def traced(environment: dict[str, str], start_flaky: Path) -> Iterator[RunningNode]:
    """A node whose spans are in its output."""
    log = Path(environment["GREETER_JOURNAL"]) / "traced.log"
    with running_node(start_flaky, log, environment={**environment, **SDK}) as node:
        yield node.wait_ready()


def processed(node: RunningNode, asked: Mapping[str, Any]) -> tuple[SeenSpan, list[SeenSpan]]:
    """Return the span of a command, and those below it."""

    def seen() -> list[SeenSpan]:
        return [
            span
            for span in spans_in(node.output)
            if span.attributes.get("messaging.message.id") == asked["envelope_id"]
        ]

    wait_until(seen, why="the span of a command")
    top = seen()[0]
    return top, [span for span in spans_in(node.output) if span.parent_id == top.span_id]


def test_without_opentelemetry_the_trace_is_carried_on(
    broker: RunningBroker, environment: dict[str, str], start_flaky: Path, tmp_path: Path
) -> None:
    traced, untraced = write(), write()
    with running_node(start_flaky, tmp_path / "log", environment=environment) as node:
        node.wait_ready()
        send_in_trace(broker.bootstrap_servers, COMMANDS, traced, PARENT)
        send_in_trace(
            broker.bootstrap_servers, COMMANDS, untraced, {"traceparent": "rubbish", "tracestate": "x=1"}
        )
        first, second = (answer(broker.bootstrap_servers, COMPLETED, each) for each in (traced, untraced))
    trace, span = trace_and_span(first.headers["traceparent"])
    assert (trace, first.headers["tracestate"]) == (TRACE, "vendor=1")
    assert span != SPAN
    assert TRACE not in second.headers["traceparent"]
    assert "tracestate" not in second.headers


def test_a_command_is_a_span_between_the_one_that_sent_it_and_those_of_its_answers(
    broker: RunningBroker, traced: RunningNode
) -> None:
    asked = write()
    send_in_trace(broker.bootstrap_servers, COMMANDS, asked, PARENT)
    result = answer(broker.bootstrap_servers, COMPLETED, asked)
    top, below = processed(traced, asked)
    assert (top.name, top.kind, top.trace_id) == (f"process {COMMANDS}", "CONSUMER", TRACE)
    assert (top.parent_id, top.linked_to, top.status) == (SPAN, [SPAN], "UNSET")
    assert top.attributes["messaging.consumer.group.name"] == "demo.flaky"
    assert top.attributes["nodesmith.operation"] == "write"
    assert [(span.name, span.kind) for span in below] == [(f"send {COMPLETED}", "PRODUCER")]
    assert trace_and_span(result.headers["traceparent"]) == (TRACE, below[0].span_id)
    assert result.headers["tracestate"] == "vendor=1"
    assert top.document["resource"]["attributes"]["service.namespace"] == "demo"


def test_retries_and_dead_letters_are_events_and_failures_the_status(
    broker: RunningBroker, traced: RunningNode
) -> None:
    retried, buried, broken = write(failures=1), write(failures=9), write(then="boom")
    for each in (retried, buried, broken):
        send_in_trace(broker.bootstrap_servers, COMMANDS, each, {})
    spans = [processed(traced, each)[0] for each in (retried, buried, broken)]
    assert [span.events for span in spans] == [
        ["retry"],
        ["retry", "dead letter", "exception"],
        ["exception"],
    ]
    assert [span.status for span in spans] == ["UNSET", "ERROR", "ERROR"]
    assert [span.attributes.get("error.type") for span in spans] == [None, "TemporaryError", "ValueError"]
    assert spans[2].document["status"]["description"] == "boom"


def test_what_is_no_command_is_a_failed_span_of_its_trace(broker: RunningBroker, traced: RunningNode) -> None:
    trace = uuid4().hex
    headers = {"traceparent": f"00-{trace}-{SPAN}-01"}
    send_in_trace(broker.bootstrap_servers, COMMANDS, {"no": "envelope"}, headers)

    def spans() -> list[SeenSpan]:
        return [span for span in spans_in(traced.output) if span.trace_id == trace]

    wait_until(lambda: len(spans()) == 2, why="both spans")
    below, top = spans()
    assert (below.name, below.parent_id) == (f"send {FAILED}", top.span_id)
    assert (top.status, top.attributes["error.type"]) == ("ERROR", "InvalidEnvelopeError")


def test_a_reducers_intents_and_result_are_in_the_trace_of_its_event(
    broker: RunningBroker, environment: dict[str, str], start_totals: Path, tmp_path: Path
) -> None:
    asked = command(
        "orders.totals.order-stored", {"customer_id": uuid4().hex, "total": "500"}, envelope_id=str(uuid4())
    )
    with running_node(start_totals, tmp_path / "log", environment={**environment, **SDK}) as node:
        node.wait_ready()
        send_in_trace(broker.bootstrap_servers, "onex.cmd.orders.totals-requested.v1", asked, PARENT)
        intent = answer(broker.bootstrap_servers, INTENTS, asked)
        _, below = processed(node, asked)
    assert [span.name for span in below] == [f"send {INTENTS}", "send onex.evt.orders.totals-completed.v1"]
    assert trace_and_span(intent.headers["traceparent"]) == (TRACE, below[0].span_id)


async def test_with_a_provider_of_the_programs_own_what_it_publishes_is_traced(broker: RunningBroker) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    publisher = EventPublisher(bootstrap_servers=broker.bootstrap_servers, source="test")
    publisher.tracing = Tracing(provider)
    await publisher.start()
    topic = f"traced-{uuid4()}"
    record = OutgoingRecord(topic=topic, envelope=make_envelope({}, event_type="a.b.c", source="test"))
    with provider.get_tracer("test").start_as_current_span("the program's"):
        await publisher.publish(record)
    await publisher.publish(OutgoingRecord(topic=topic, envelope=record.envelope, headers=PARENT))
    await publisher.close()
    with reading(broker.bootstrap_servers, topic) as sent:
        headers = [each.headers["traceparent"] for each in await asyncio.to_thread(sent.wait_for_count, 2)]
    ours, outer, given = exporter.get_finished_spans()
    assert ours.parent is not None
    assert (ours.name, ours.parent.span_id) == (f"send {topic}", outer.context.span_id)
    ids = (f"{ours.context.trace_id:032x}", f"{ours.context.span_id:016x}")
    assert sorted(map(trace_and_span, headers)) == sorted([ids, (TRACE, SPAN)])
    assert (given.kind.name, f"{given.links[0].context.span_id:016x}") == ("CLIENT", SPAN)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, None),
        ({"OTEL_TRACES_EXPORTER": "none"}, None),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_SDK_DISABLED": "true"}, None),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"},
            "no exporter 'otlp' is installed; pip install",
        ),
        ({"OTEL_TRACES_EXPORTER": "carrier-pigeon"}, "no exporter 'carrier-pigeon' is installed"),
    ],
)
def test_no_spans_are_made_where_they_are_not_wanted_or_cannot_be(
    variables: dict[str, str],
    words: str | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with caplog.at_level(logging.WARNING):
        assert start_tracing({"service.name": "n"}) is None
    assert bool(caplog.messages) == (words is not None)
    assert words is None or words in caplog.messages[0]


def test_a_node_without_spans_imports_nothing_of_opentelemetry(
    environment: dict[str, str], start_flaky: Path, tmp_path: Path
) -> None:
    flags = {**environment, "PYTHONPROFILEIMPORTTIME": "1"}
    with running_node(start_flaky, tmp_path / "log", environment=flags) as node:
        node.wait_ready()
        assert re.findall(r"\| +(opentelemetry\S*)", node.output) == []
