"""The whole way: one sentence for each archetype, nodes made of them, and everything a running node promises."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.nodes import running_node
from support.ports import free_port
from support.waiting import wait_until
from support.wire import reading

from nodesmith.cli.application import run
from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support.broker import RunBroker
    from support.nodes import RunningNode
    from support.wire import Record

NODESMITH = (sys.executable, "-m", "nodesmith")

SENTENCES = {
    "greeting_writer": "An effect called greeting_writer in the shop domain that writes greetings to files",
    "price_calculator": "A compute node called price_calculator in the shop domain that calculates a price, with no I/O",
    "order_totals": "A reducer called order_totals in the shop domain that counts orders per customer from order_placed events",
    "order_fulfilment": "Orchestrator order_fulfilment in the shop domain: calculate the price with price_calculator,"
    " then write the greeting with greeting_writer",
}
# What a person says in the spec that the sentence did not: fields, the bus, and what the steps hand on.
ADDED: dict[str, dict[str, Any]] = {
    "greeting_writer": {
        "operations": {
            "write_greeting": {
                "key": "greeting_id",
                "input": {"greeting_id": "str", "greeting": "str"},
                "output": {"written": "bool"},
            }
        }
    },
    "price_calculator": {
        "event_bus": True,
        "operations": {"calculate_price": {"input": {"price": "json"}, "output": {"result": "decimal"}}},
    },
    "order_totals": {
        "event_bus": True,
        "state": {
            "key": "customer_id",
            "fields": {
                "customer_id": "str",
                "total": {"type": "decimal", "default": "0"},
                "count": {"type": "int", "default": 0},
            },
        },
        "events": {"order_placed": {"fields": {"customer_id": "str", "amount": "decimal"}}},
    },
    "order_fulfilment": {
        "operations": {
            "run_order_fulfilment": {
                "input": {"order_id": "str", "price": "json"},
                "output": {"order_id": "str", "price": "decimal", "written": "bool"},
            }
        },
        "workflow": {
            "steps": {
                "calculate_price": {
                    "call": "price_calculator.calculate_price",
                    "with": {"price": "input.price"},
                },
                "write_greeting": {
                    "call": "greeting_writer.write_greeting",
                    "with": {"greeting_id": "input.order_id", "greeting": {"value": "thank you"}},
                    "after": ["calculate_price"],
                },
            },
            "result": {
                "order_id": "input.order_id",
                "price": "calculate_price.result",
                "written": "write_greeting.written",
            },
        },
    },
}
FOLDERS = {
    "greeting_writer": "node_shop_greeting_writer_effect",
    "price_calculator": "node_shop_price_calculator_compute",
    "order_totals": "node_shop_order_totals_reducer",
    "order_fulfilment": "node_shop_order_fulfilment_orchestrator",
}
# An operation of each node, an input that fits, and what a person writes in place of the line that refuses.
OPERATIONS: dict[str, tuple[str, dict[str, object]]] = {
    "greeting_writer": ("write_greeting", {"greeting_id": "g1", "greeting": "hello"}),
    "price_calculator": ("calculate_price", {"price": {"cents": 250}}),
    "order_totals": ("order_placed", {"customer_id": "ann", "amount": "2.50"}),
}
WRITTEN = {
    "greeting_writer": "return ModelWriteGreetingOutput(written=request.greeting_id.startswith('g'))",
    "price_calculator": "return ModelCalculatePriceOutput(result=f\"{request.price['cents'] / 100:.2f}\")",
    "order_totals": "return state.model_copy("
    "update={'count': state.count + 1, 'total': state.total + event.amount}), []",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The four nodes, each a process of its own on one bus."""

    servers: str
    nodes: Mapping[str, RunningNode]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four nodes as they are generated of what was understood and what a person added to it."""
    folder = tmp_path_factory.mktemp("nodes made of sentences")
    specs = {name: nodesmith("new", text, "--print", "--json")["spec"] for name, text in SENTENCES.items()}
    system = folder / "shop.yaml"
    system.write_text(to_yaml({"system": "shop", "nodes": [specs[name] | ADDED[name] for name in specs]}))
    report = nodesmith("generate", str(system), "-o", str(folder), "--json")
    stages = [stage for node in report["nodes"] for stage in node["stages"]]
    assert {stage["name"] for stage in stages if stage["status"] != "done"} == {"verify"}
    assert {path.name for path in folder.glob("node_*")} == set(FOLDERS.values())
    return folder


def nodesmith(*arguments: str) -> dict[str, Any]:
    """Run the command line as a process and return the JSON it prints."""
    done = subprocess.run([*NODESMITH, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.fixture(scope="module")
def unfilled(
    run_broker: RunBroker, made: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The nodes as they were generated."""
    home = tmp_path_factory.mktemp("unfilled")
    with (
        run_broker(home / "broker") as broker,
        started(made, home, "--kafka-servers", broker.bootstrap_servers) as nodes,
    ):
        for node in nodes.values():
            node.wait_ready()
        yield Running(servers=broker.bootstrap_servers, nodes=nodes)


@pytest.fixture(scope="module")
def filled(run_broker: RunBroker, made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The nodes after a person has written their handlers."""
    home = tmp_path_factory.mktemp("filled")
    shutil.copytree(made, home / "nodes")
    for name in WRITTEN:
        write_handler(home / "nodes", name)
    with (
        run_broker(home / "broker") as broker,
        started(home / "nodes", home, "--kafka-servers", broker.bootstrap_servers) as nodes,
    ):
        for node in nodes.values():
            node.wait_ready()
        yield Running(servers=broker.bootstrap_servers, nodes=nodes)


@contextmanager
def started(
    nodes: Path, home: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[dict[str, RunningNode]]:
    """Start all four at once, half of them as scripts from a foreign folder, half as modules; at the end all drain."""
    variables = {"HEARTBEAT_SECONDS": "0.5", "NODESMITH_DATA_DIR": str(home / "data"), **(environment or {})}
    running: dict[str, RunningNode] = {}
    with ExitStack() as stack:
        for number, (name, folder) in enumerate(FOLDERS.items()):
            script, module = nodes / folder / "v1_0_0" / "start_node.py", f"{folder}.v1_0_0.start_node"
            start, cwd = (script, Path("/")) if number % 2 else (module, nodes)
            node = running_node(start, home / f"{name}.log", *arguments, environment=variables, cwd=cwd)
            running[name] = stack.enter_context(node)
        yield running
        assert stop(running, signal.SIGTERM) == [0, 0, 0, 0]


def stop(nodes: Mapping[str, RunningNode], *numbers: signal.Signals) -> list[int]:
    """Send all nodes a signal at once, these in turn, and return their exit statuses."""
    for node, number in zip(nodes.values(), cycle(numbers), strict=False):
        node.process.send_signal(number)
    return [node.process.wait(20) for node in nodes.values()]


def handler_file(nodes: Path, name: str) -> Path:
    return nodes / FOLDERS[name] / "v1_0_0" / "handlers" / f"handler_{OPERATIONS[name][0]}.py"


def write_handler(nodes: Path, name: str) -> None:
    """Write a handler as a person does: in place of the statement that says it is not written."""
    file = handler_file(nodes, name)
    before, _, _ = file.read_text().partition("raise HandlerNotImplementedError(")
    file.write_text(before + WRITTEN[name] + "\n")


def call(servers: str, target: str, payload: Mapping[str, object], tmp_path: Path) -> int:
    """Run `nodesmith call`, and return its exit status."""
    source = tmp_path / "payload.json"
    source.write_text(json.dumps(payload))
    return run(["call", f"shop/{target}", "--input", str(source), "--kafka-servers", servers])


def said(servers: str, topic: str, node: RunningNode, **fields: object) -> Record:
    """Return the first record on a discovery topic in which this node says so."""

    def fits(record: Record) -> bool:
        introduced = record.payload.get("endpoints", {}).get("health") == f"{node.address}/health/live"
        return introduced and fields.items() <= record.payload.items()

    with reading(servers, topic) as records:
        return records.wait_for(fits)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_node_introduces_itself_with_what_it_does_and_where_it_is(unfilled: Running, name: str) -> None:
    node = unfilled.nodes[name]

    record = said(unfilled.servers, INTROSPECTION_TOPIC, node, node_name=name, reason="startup")

    assert FOLDERS[name].endswith(record.payload["node_type"])
    expected = OPERATIONS[name][0] if name in OPERATIONS else "run_order_fulfilment"
    assert expected in record.payload["discovered_capabilities"]["operations"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_node_sends_heartbeats_under_the_id_it_introduced_itself_with(unfilled: Running, name: str) -> None:
    node_id = said(unfilled.servers, INTROSPECTION_TOPIC, unfilled.nodes[name]).payload["node_id"]

    with reading(unfilled.servers, HEARTBEAT_TOPIC) as heartbeats:
        first = heartbeats.wait_for(lambda record: bool(record.payload["node_id"] == node_id))
        later = heartbeats.wait_for(
            lambda record: (
                record.payload["node_id"] == node_id
                and record.payload["uptime_seconds"] > first.payload["uptime_seconds"]
            )
        )

    assert later.headers["ns-state"] == "ready"


@pytest.mark.parametrize("name", FOLDERS)
def test_a_node_serves_its_health_and_metrics_where_it_says(unfilled: Running, name: str) -> None:
    node = unfilled.nodes[name]

    assert node.get("/health/live")[0] == 200
    assert node.readiness()["event_bus"]["state"] == "joined"
    status, metrics = node.get("/metrics")
    assert status == 200
    assert "# HELP" in metrics


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_handler_nobody_has_written_answers_with_the_file_to_edit(
    unfilled: Running, made: Path, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    operation, payload = OPERATIONS[name]

    assert call(unfilled.servers, f"{name}.{operation}", payload, tmp_path) == 5

    error = capsys.readouterr().err
    assert f"error: {name}.{operation} failed: HandlerNotImplementedError" in error
    assert str(handler_file(made, name)) in error


def test_a_workflow_over_handlers_nobody_has_written_names_the_step_and_the_file(
    unfilled: Running, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    payload = {"order_id": "g1", "price": {"cents": 250}}

    assert call(unfilled.servers, "order_fulfilment.run_order_fulfilment", payload, tmp_path) == 5

    error = capsys.readouterr().err
    assert "failed at step 'calculate_price'" in error
    assert str(handler_file(made, "price_calculator")) in error


def test_a_written_handler_answers_after_a_restart(
    run_broker: RunBroker, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = tmp_path / "nodes"
    shutil.copytree(made, nodes)
    script = nodes / FOLDERS["price_calculator"] / "v1_0_0" / "start_node.py"
    with run_broker(tmp_path / "broker") as broker:
        servers = broker.bootstrap_servers
        with running_node(script, tmp_path / "before.log", "--kafka-servers", servers) as node:
            node.wait_ready()
            assert call(servers, "price_calculator", {"price": {"cents": 5}}, tmp_path) == 5
        write_handler(nodes, "price_calculator")
        with running_node(script, tmp_path / "after.log", "--kafka-servers", servers) as node:
            node.wait_ready()
            assert call(servers, "price_calculator", {"price": {"cents": 5}}, tmp_path) == 0
    assert json.loads(capsys.readouterr().out) == {"result": "0.05"}


def test_effect_and_compute_answer_with_what_their_handlers_return(
    filled: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, answer in (("greeting_writer", {"written": True}), ("price_calculator", {"result": "2.50"})):
        operation, payload = OPERATIONS[name]
        assert call(filled.servers, f"{name}.{operation}", payload, tmp_path) == 0
        assert json.loads(capsys.readouterr().out) == answer


def test_a_reducer_answers_with_the_state_its_events_came_to(
    filled: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for amount in ("1.25", "2.50"):
        event = {"customer_id": "bob", "amount": amount}
        assert call(filled.servers, "order_totals.order_placed", event, tmp_path) == 0
    capsys.readouterr()

    assert call(filled.servers, "order_totals.get_state", {"customer_id": "bob"}, tmp_path) == 0

    assert json.loads(capsys.readouterr().out) == {"customer_id": "bob", "total": "3.75", "count": 2}


def test_an_orchestrator_calls_the_others_and_answers_what_came_of_it(
    filled: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    payload = {"order_id": "g7", "price": {"cents": 250}}

    assert call(filled.servers, "order_fulfilment", payload, tmp_path) == 0

    assert json.loads(capsys.readouterr().out) == {"order_id": "g7", "price": "2.50", "written": True}


def test_stopped_nodes_say_goodbye_and_exit_0(run_broker: RunBroker, made: Path, tmp_path: Path) -> None:
    with (
        run_broker(tmp_path / "broker") as broker,
        started(made, tmp_path, "--kafka-servers", broker.bootstrap_servers) as nodes,
    ):
        for node in nodes.values():
            node.wait_ready()

        assert stop(nodes, signal.SIGTERM, signal.SIGINT) == [0, 0, 0, 0]
        with reading(broker.bootstrap_servers, INTROSPECTION_TOPIC) as introspections:

            def leavers() -> set[str]:
                introspections.read()
                said = [record.payload for record in introspections.records]
                return {payload["node_name"] for payload in said if payload["reason"] == "shutdown"}

            wait_until(lambda: leavers() == nodes.keys(), why="a goodbye of each")


def test_without_a_bus_nodes_say_why_they_are_not_ready_and_join_when_it_appears(
    run_broker: RunBroker, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    servers = f"127.0.0.1:{port}"
    with started(made, tmp_path, "--kafka-servers", servers) as nodes:
        for node in nodes.values():
            node.wait_for_output("started; no broker can be reached")
            assert node.get("/health/live")[0] == 200
            (reason,) = node.readiness()["reasons"]
            assert f"no broker can be reached at {servers}" in reason
        with run_broker(tmp_path / "broker", port=port):
            for node in nodes.values():
                node.wait_ready()
            assert call(servers, "price_calculator", {"price": {}}, tmp_path) == 5
            assert "HandlerNotImplementedError" in capsys.readouterr().err


def test_without_the_client_nodes_run_and_say_how_to_install_it(made: Path, tmp_path: Path) -> None:
    (tmp_path / "confluent_kafka.py").write_text("raise ImportError('not installed')\n")
    with started(made, tmp_path, environment={"PYTHONPATH": str(tmp_path)}) as nodes:
        for node in nodes.values():
            node.wait_for_output("started;")
            assert node.get("/health/live")[0] == 200
            assert "pip install confluent-kafka" in node.readiness()["reasons"][0]
            assert node.output.count("WARNING") == 1


def test_nodes_that_skip_the_bus_are_ready_without_it(made: Path, tmp_path: Path) -> None:
    with started(made, tmp_path, "--skip-event-bus") as nodes:
        for node in nodes.values():
            assert node.wait_ready().readiness()["event_bus"] == {"state": "skipped"}
            assert "WARNING" not in node.output
