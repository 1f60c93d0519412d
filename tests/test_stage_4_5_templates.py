"""Stage 4.5's templates, each shown by compiling or running what comes out of it."""

from __future__ import annotations

import ast
import asyncio
import os
import runpy
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from event_bus.packages import CLASS, FOLDER, GREETER, clean_environment, running, write_package
from event_bus.sources import METHODS, NODE, class_named, spliced
from hypothesis import given
from hypothesis import strategies as st
from jinja2.meta import find_undeclared_variables
from pydantic import BaseModel

from nodesmith.errors import GateError
from nodesmith.generation.event_bus_integration import event_bus_blocks, startup_script
from nodesmith.generation.rendering import TEMPLATES, packaged_templates
from nodesmith.runtime import NodeDefinition, NodeIdentity, Operation

if TYPE_CHECKING:
    from pathlib import Path

INTROSPECTION = "event_bus/introspection_event.py.j2"
STARTUP = "event_bus/start_node.py.j2"


def variables(template: str) -> set[str]:
    return find_undeclared_variables(
        packaged_templates().environment.parse((TEMPLATES / template).read_text())
    )


def class_of(block: str, names: dict[str, Any]) -> Any:
    """Compile a block of methods as the body of a class, and return the class."""
    space = dict(names)
    exec(compile("class Node:\n" + textwrap.indent(block, "    "), "block.py", "exec"), space)
    return space["Node"]


@dataclass
class Publisher:
    """Keeps what it is given."""

    published: list[object] = field(default_factory=list)

    async def publish(self, record: object) -> None:
        self.published.append(record)


class Service:
    """Gives back what it is asked to say."""

    def introspection(self, **said: object) -> dict[str, object]:
        return said


def operation(name: str) -> Operation:
    return Operation(name=name, input_model=BaseModel, output_model=BaseModel, handler=print)


def node_that_announces(*operations: str, available: bool = True) -> Any:
    block = packaged_templates().text(INTROSPECTION, {}, stage="4.5")
    node = class_of(block, {"EVENT_BUS_AVAILABLE": available, "UUID": UUID})()
    identity = NodeIdentity(name="mailer", domain="crm", archetype="effect")
    node.definition = NodeDefinition(
        identity=identity, operations=tuple(operation(name) for name in operations)
    )
    node.event_publisher, node._service = Publisher(), Service()
    return node


def test_introspection_template_renders() -> None:
    node = node_that_announces("send")
    question = uuid4()

    asyncio.run(node._publish_introspection_event())
    asyncio.run(node._publish_introspection_event("request", question))

    assert node.event_publisher.published == [
        {"reason": "startup", "capabilities": ["crm.send"], "correlation_id": None},
        {"reason": "request", "capabilities": ["crm.send"], "correlation_id": question},
    ]


def test_introspection_is_kept_back_while_there_is_no_bus() -> None:
    without_client = node_that_announces(available=False)
    not_started = node_that_announces()
    not_started._service = None

    asyncio.run(without_client._publish_introspection_event())
    asyncio.run(not_started._publish_introspection_event())

    assert without_client.event_publisher.published == []
    assert not_started.event_publisher.published == []


def test_introspection_template_all_variables() -> None:
    # What a node can do is said once, in its definition: the template takes nothing, so that it cannot say otherwise.
    assert variables(INTROSPECTION) == set()

    node = node_that_announces("send_mail", "recall_mail2")

    assert node._get_node_capabilities() == ["crm.send-mail", "crm.recall-mail2"]


def test_startup_script_template_renders(tmp_path: Path) -> None:
    script = write_package(tmp_path)
    compile(script.read_text(), str(script), "exec")

    main = runpy.run_path(str(script))["main"]

    # Not run as a program, it starts nothing by itself, and hands its arguments on.
    assert callable(main)
    assert startup_script(packaged_templates(), class_name=CLASS).text == script.read_text()


def test_startup_script_template_all_variables(tmp_path: Path) -> None:
    # The same module holds both classes, and only the named one can be started.
    both = f"{GREETER}\n\nclass NodeOther:\n    def __init__(self) -> None:\n        raise SystemExit(7)\n"
    script = write_package(tmp_path, source=both)
    command = [sys.executable, str(script), "--skip-event-bus"]

    assert variables(STARTUP) == {"class_name", "levels", "module_name", "imports_siblings"}
    with running(command, folder=tmp_path / "named") as node:
        assert node.wait_ready().readiness()["ready"]
        assert node.stop() == 0
    script.write_text(startup_script(packaged_templates(), class_name="NodeOther").text)
    other = subprocess.run(command, env=clean_environment(tmp_path), capture_output=True, check=False)
    assert other.returncode == 7
    with pytest.raises(GateError, match="class_name"):
        packaged_templates().text(STARTUP, {}, stage="4.5")


@pytest.mark.parametrize("unit", ["  ", "    ", "\t"], ids=["two", "four", "tab"])
def test_template_indentation(unit: str) -> None:
    source = NODE.replace("    ", unit)

    result = spliced(source)

    compile(result, "node.py", "exec")
    methods = {item.name: item for item in class_named(result).body if hasattr(item, "name")}
    assert list(methods)[-len(METHODS) :] == list(METHODS)
    for name in METHODS:
        assert result.splitlines()[methods[name].lineno - 1].startswith((f"{unit}async def", f"{unit}def"))
    assert {line[: len(line) - len(line.lstrip())].replace(unit, "") for line in result.splitlines()} == {""}


def test_startup_script_executable(tmp_path: Path) -> None:
    script = write_package(tmp_path)
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()

    text = subprocess.run(
        [script, "--help"],
        cwd=elsewhere,
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert text.returncode == 0, text.stderr
    assert text.stderr == ""
    for option in ("--config", "--kafka-servers", "--skip-event-bus", "--health-port", "--log-level"):
        assert option in text.stdout
    with running([str(script), "--skip-event-bus"], folder=elsewhere) as node:
        assert node.wait_ready().readiness()["event_bus"] == {"state": "skipped"}
        assert node.stop() == 0


def test_a_startup_script_with_bad_usage_says_so_and_exits_with_2(tmp_path: Path) -> None:
    script = write_package(tmp_path)

    done = subprocess.run(
        [sys.executable, script, "--health-port", "many"],
        env=clean_environment(tmp_path),
        capture_output=True,
        check=False,
    )

    assert done.returncode == 2
    assert b"--health-port" in done.stderr


def test_a_startup_script_finds_its_own_package_before_one_of_the_same_name(tmp_path: Path) -> None:
    script = write_package(tmp_path / "right")
    decoy = tmp_path / "wrong" / FOLDER
    decoy.mkdir(parents=True)
    (decoy / "__init__.py").write_text("raise SystemExit(9)")

    done = subprocess.run(
        [sys.executable, script, "--help"],
        cwd=decoy.parent,
        env=clean_environment(tmp_path, {"PYTHONPATH": str(decoy.parent)}),
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@given(st.text(max_size=40))
def test_a_service_name_is_data_whatever_it_holds(name: str) -> None:
    blocks = event_bus_blocks(packaged_templates(), service_name=name)

    statement = blocks.init_statements["_service_name"]

    assert isinstance(statement, ast.Assign)
    assert ast.literal_eval(statement.value) == name


@pytest.mark.parametrize(
    ("template", "expected"), [("imports", set()), ("lifecycle", set()), ("init", {"service_name"})]
)
def test_the_other_templates_hold_nothing_of_a_spec_but_its_name(template: str, expected: set[str]) -> None:
    assert variables(f"event_bus/{template}.py.j2") == expected


def test_init_takes_the_servers_from_the_environment_or_the_known_default() -> None:
    statement = event_bus_blocks(packaged_templates(), service_name="x").init_statements["_bootstrap_servers"]
    assert isinstance(statement, ast.Assign)
    code = compile(ast.Expression(statement.value), "init.py", "eval")

    class Environment:
        def __init__(self, **values: str) -> None:
            self.environ = values

    assert eval(code, {"os": Environment()}) == "omninode-bridge-redpanda:9092"
    assert eval(code, {"os": Environment(KAFKA_BOOTSTRAP_SERVERS="here:1")}) == "here:1"


def test_a_node_and_its_script_pass_mypy_strict(tmp_path: Path, mypy_cache: Path) -> None:
    write_package(tmp_path)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "-p", FOLDER]

    done = subprocess.run(
        [*command, "--cache-dir", str(mypy_cache)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
