"""Stage 4.5 as the pipeline calls it: which nodes take the bus, and that all of them get the same words."""

from __future__ import annotations

import ast
import json
import logging
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from event_bus.sources import METHODS, NODE, class_named

from nodesmith.contract.node_contract import NodeContract, build
from nodesmith.errors import GateError
from nodesmith.generation.code_generation import generate_code
from nodesmith.generation.event_bus_integration import integrate_event_bus
from nodesmith.generation.files import GeneratedFile
from nodesmith.generation.rendering import packaged_templates
from nodesmith.spec.loading import load_node_document

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = {"customer_id": "str", "total": "decimal"}
DOCUMENTS: dict[str, dict[str, object]] = {
    "effect": {"operations": {"store": {"input": FIELDS, "output": {"stored": "bool"}}}},
    "compute": {"operations": {"price": {"input": FIELDS, "output": {"total": "decimal"}}}},
    "reducer": {
        "state": {
            "key": "customer_id",
            "fields": {"customer_id": "str", "count": {"type": "int", "default": 0}},
        },
        "events": {"stored": {"fields": FIELDS}},
    },
    "orchestrator": {
        "operations": {"fulfil": {"input": FIELDS, "output": {"customer_id": "str"}}},
        "workflow": {
            "steps": {"store": {"call": "orders.store", "with": {"customer_id": "input.customer_id"}}},
            "result": {"customer_id": "input.customer_id"},
        },
    },
}


def contract(archetype: str, **more: object) -> NodeContract:
    document = {"node": archetype, "name": f"my_{archetype}", "domain": "crm", **DOCUMENTS[archetype], **more}
    return build(load_node_document(document, source="test"))


def integrated(node: NodeContract) -> dict[str, GeneratedFile]:
    return integrate_event_bus(generate_code(node, packaged_templates()), node, packaged_templates())


@pytest.mark.parametrize("archetype", ["effect", "orchestrator"])
def test_effects_and_orchestrators_always_take_the_bus(archetype: str) -> None:
    files = integrated(contract(archetype))

    assert files["v1_0_0/start_node.py"].executable
    assert "EVENT_BUS_AVAILABLE" in files["v1_0_0/node.py"].text


@pytest.mark.parametrize("archetype", ["compute", "reducer"])
def test_computes_and_reducers_take_the_bus_where_they_ask_for_it(archetype: str) -> None:
    files = integrated(contract(archetype, event_bus=True))

    assert "v1_0_0/start_node.py" in files
    assert "EVENT_BUS_AVAILABLE" in files["v1_0_0/node.py"].text


@pytest.mark.parametrize("archetype", ["compute", "reducer"])
def test_a_node_without_the_bus_is_skipped_and_the_log_says_so(
    archetype: str, caplog: pytest.LogCaptureFixture
) -> None:
    node = contract(archetype)
    files = generate_code(node, packaged_templates())

    with caplog.at_level(logging.INFO, logger="nodesmith.generation"):
        assert integrate_event_bus(files, node, packaged_templates()) == files

    assert caplog.messages == [f"Skipping event bus integration for {archetype} node (optional)"]


def test_the_stage_changes_no_file_but_node_py_and_adds_the_start_script() -> None:
    node = contract("effect")
    before = generate_code(node, packaged_templates())

    after = integrate_event_bus(before, node, packaged_templates())

    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == {"v1_0_0/node.py", "v1_0_0/start_node.py"}
    assert list(after) == sorted(after)


def test_the_stage_run_twice_changes_nothing() -> None:
    node = contract("orchestrator")
    once = integrated(node)

    assert integrate_event_bus(once, node, packaged_templates()) == once


def test_an_effect_and_an_orchestrator_live_and_die_by_the_same_code() -> None:
    methods = {}
    for archetype in ("effect", "orchestrator"):
        node = contract(archetype)
        cls = class_named(integrated(node)["v1_0_0/node.py"].text, node.class_name)
        methods[archetype] = {name: method(cls, name) for name in METHODS}

    for name in METHODS:
        assert ast.dump(methods["effect"][name]) == ast.dump(methods["orchestrator"][name])


CAN_DO = """
import importlib, json, sys
print(json.dumps([getattr(importlib.import_module(module), name)()._get_node_capabilities()
                  for module, name in json.loads(sys.argv[1])]))
"""


def test_a_node_says_it_can_do_what_its_contract_says(tmp_path: Path) -> None:
    nodes = [contract(archetype, event_bus=True) for archetype in DOCUMENTS]
    for node in nodes:
        for path, file in integrated(node).items():
            place = tmp_path / node.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(file.text)

    asked = json.dumps([(f"{node.package}.node", node.class_name) for node in nodes])
    done = subprocess.run(
        [sys.executable, "-c", CAN_DO, asked], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout) == [list(node.capabilities) for node in nodes]


def test_every_use_of_the_bus_is_behind_the_guard() -> None:
    node = contract("effect")
    cls = class_named(integrated(node)["v1_0_0/node.py"].text, node.class_name)

    initialize = method(cls, "initialize")
    made_under = [item for item in ast.walk(initialize) if isinstance(item, ast.If) and makes_publisher(item)]
    announce = method(cls, "_publish_introspection_event")
    stops = [item for item in announce.body if isinstance(item, ast.If)]
    publishes = [item for item in announce.body if "publish(" in ast.unparse(item)]

    assert len([item for item in ast.walk(cls) if is_publisher_call(item)]) == 1
    assert [ast.unparse(item.test).split()[0] for item in made_under] == ["EVENT_BUS_AVAILABLE"]
    assert ast.unparse(stops[0].test).startswith("not EVENT_BUS_AVAILABLE or")
    assert all(item.lineno > stops[0].lineno for item in publishes)


def test_a_node_without_node_py_is_refused() -> None:
    with pytest.raises(GateError, match=r"v1_0_0/node\.py") as caught:
        integrate_event_bus({}, contract("effect"), packaged_templates())

    assert caught.value.stage == "4.5"


def test_a_node_py_of_another_class_is_refused_with_its_path() -> None:
    files = {"v1_0_0/node.py": GeneratedFile(text=NODE)}

    with pytest.raises(GateError) as caught:
        integrate_event_bus(files, contract("effect"), packaged_templates())

    assert caught.value.findings[0].file == "v1_0_0/node.py"


def test_the_stage_takes_milliseconds() -> None:
    node = contract("effect")
    files = generate_code(node, packaged_templates())
    integrate_event_bus(files, node, packaged_templates())

    times = []
    for _ in range(20):
        start = time.process_time()
        integrate_event_bus(files, node, packaged_templates())
        times.append(time.process_time() - start)

    # Measured at 3 ms; the room is for machines that do something else as well.
    assert min(times) < 0.02


def method(cls: ast.ClassDef, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
    for item in cls.body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name == name:
            return item
    raise AssertionError(f"{cls.name} has no {name}")


def is_publisher_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "EventPublisher"


def makes_publisher(block: ast.If) -> bool:
    return any(is_publisher_call(node) for node in ast.walk(block))
