"""One trace over `nodesmith call`, an orchestrator, its steps and their results, as real processes write it."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from ops.processes import NODESMITH, Up, running_up
from ops.written_nodes import ECHO_NODE, ORCHESTRATOR_NODE, WORKER, WORKER_NODE, WrittenNode, write_node
from support.spans import Branch, spans_in, tree_of
from support.waiting import wait_until
from support.wire import reading

from nodesmith.naming import command_topic, completed_topic, workflow_topic
from nodesmith.runtime.trace_context import trace_and_span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.spans import SeenSpan

# Its handlers run in worker threads, and make a span there as any library would.
THREADED_WORKER = WORKER.replace(
    "async def double(self, request: Number) -> Number:\n",
    """def double(self, request: Number) -> Number:
    from opentelemetry import trace

    with trace.get_tracer("a library").start_as_current_span("query"):
        logging.getLogger("a library").warning("queried %s", request.n)
""",
)

FLOWS, WORK, ECHO = (command_topic(domain="shop", name=name) for name in ("flows", "worker", "echo"))
STORY = f"flows: send {workflow_topic(domain='shop', name='flows')}"


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("traced")
    worker = WrittenNode(name="worker", body=THREADED_WORKER)
    for node in (worker, ECHO_NODE, ORCHESTRATOR_NODE):
        source = write_node(folder, node) / "v1_0_0" / "node.py"
        source.write_text(
            source.read_text().replace("import asyncio\n", "import asyncio\nimport logging\n", 1)
        )
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OTEL_TRACES_EXPORTER", "console")
            patch.setenv("LOG_FORMAT", "json")
            up = stack.enter_context(running_up(folder))
        yield up


def call(up: Up, *arguments: str, **variables: str) -> tuple[int, str]:
    """Return the status of `nodesmith call`, and what it wrote to standard error, where its spans are."""
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": up.kafka_servers, **variables}
    done = subprocess.run(
        [*NODESMITH, "call", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def trace_of(up: Up, errors: str, *, count: int) -> list[SeenSpan]:
    """Return the spans of the call's trace, when there are so many."""
    (trace_id,) = {span.trace_id for span in spans_in(errors)}

    def seen() -> list[SeenSpan]:
        everything = [*spans_in(errors), *spans_in(up.log.read_text())]
        return [span for span in everything if span.trace_id == trace_id]

    wait_until(lambda: len(seen()) >= count, seconds=20, why=f"{count} spans")
    return seen()


def called(node: str, operation: str, topic: str, *inside: str) -> Branch:
    """Return what one step looks like."""
    result = f"{node}: send {completed_topic(domain='shop', name=node)}"
    work: list[Branch] = [*((f"{node}: {name}", []) for name in inside), (result, [])]
    process: Branch = (f"{node}: process {topic}", work)
    return f"flows: call shop.{node}.{operation}", [(f"flows: send {topic}", [process])]


def test_a_workflow_is_one_trace_from_the_call_to_its_result(traced: Up) -> None:
    status, errors = call(traced, "flows.good", "n=4", OTEL_TRACES_EXPORTER="console")

    spans = trace_of(traced, errors, count=25)
    assert status == 0
    steps = [
        called("echo", "echo", ECHO),
        called("worker", "double", WORK, "query"),
        called("worker", "store", WORK),
        (f"flows: send {completed_topic(domain='shop', name='flows')}", []),
        *[(STORY, [])] * 8,
    ]
    whole = (
        "nodesmith: call shop.flows.good",
        [(f"nodesmith: send {FLOWS}", [(f"flows: process {FLOWS}", steps)])],
    )
    assert tree_of(spans) == [whole]
    results = {span.span_id for span in spans if span.name.endswith("-completed.v1")}
    assert results == {link for span in spans if span.kind == "CLIENT" for link in span.linked_to}


def test_a_failed_workflow_shows_where_it_failed_and_what_was_undone(traced: Up) -> None:
    status, errors = call(traced, "flows.bad", "n=4", OTEL_TRACES_EXPORTER="console")

    spans = trace_of(traced, errors, count=28)
    failed = sorted(span.name for span in spans if span.status == "ERROR")
    assert status == 5
    assert failed == ["call shop.flows.bad", "call shop.worker.fail", f"process {FLOWS}", f"process {WORK}"]
    errors_of = {span.name: span.attributes["error.type"] for span in spans if span.status == "ERROR"}
    assert errors_of["call shop.worker.fail"] == "OperationError"
    assert errors_of["call shop.flows.bad"] == "WorkflowFailedError"
    assert "call shop.worker.remove" in {span.name for span in spans}


def test_a_handlers_own_lines_carry_the_ids_of_its_trace(traced: Up) -> None:
    _, errors = call(traced, "flows.good", "n=77", OTEL_TRACES_EXPORTER="console")

    query = next(span for span in trace_of(traced, errors, count=25) if span.name == "query")
    traced.wait_for_log("queried 77")
    line = next(line for line in traced.log.read_text().splitlines() if "queried 77" in line)
    assert f'"trace_id": "{query.trace_id}", "span_id": "{query.span_id}"' in line
    assert '"operation": "double"' in line


def test_without_opentelemetry_a_workflow_is_one_trace_as_well(tmp_path: Path) -> None:
    for each in (WORKER_NODE, ECHO_NODE, ORCHESTRATOR_NODE):
        write_node(tmp_path, each)
    with running_up(tmp_path) as up:
        assert call(up, "flows.good", "n=4") == (0, "")
        (trace_id,) = traces(up, FLOWS)
        for node in ("worker", "echo"):
            assert traces(up, command_topic(domain="shop", name=node)) == {trace_id}
            assert traces(up, completed_topic(domain="shop", name=node)) == {trace_id}
        assert traces(up, workflow_topic(domain="shop", name="flows"), count=8) == {trace_id}


def traces(up: Up, name: str, *, count: int = 1) -> set[str]:
    """Return the ids of the traces that the records of a topic are in."""
    with reading(up.kafka_servers, name) as topic:
        return {trace_and_span(record.headers["traceparent"])[0] for record in topic.wait_for_count(count)}
