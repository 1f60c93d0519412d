"""Whatever valid spec comes: correct nodes, whose code has the same shape as with plain words for text."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from generation.any_system import systems
from hypothesis import HealthCheck, given, settings

from nodesmith.errors import GateError
from nodesmith.generation.code_generation import generate_code
from nodesmith.generation.contract import make_contract
from nodesmith.generation.event_bus_integration import integrate_event_bus
from nodesmith.generation.post_check import post_check
from nodesmith.generation.rendering import packaged_templates
from nodesmith.naming import pascal
from nodesmith.spec.loading import load_system
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generation.any_fields import Pair

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.generation.files import NodeFiles
    from nodesmith.spec.model import NodeSpec, SystemSpec

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


def load(document: object, folder: Path) -> SystemSpec:
    file = folder / "system.yaml"
    file.write_text(to_yaml(document), encoding="utf-8")
    return load_system(file)


def made(spec: NodeSpec) -> NodeFiles:
    """Return a node's files after all gates that need no disk; that `node.yaml` reads back is one of them."""
    contract = make_contract(spec)
    files = integrate_event_bus(generate_code(contract, packaged_templates()), contract, packaged_templates())
    return post_check({contract.folder: files}, [contract])[contract.folder]


def shape(source: str) -> list[str]:
    """Return what kinds of statements and expressions a module is made of."""
    return [type(node).__name__ for node in ast.walk(ast.parse(source))]


def lost_texts(contract: NodeContract, files: NodeFiles) -> Iterator[str]:
    """Yield every text of a person's that is not, to the letter, a value in the file it belongs into."""
    places = [("node.py", contract.description)]
    places += [
        ("node.py", operation.description) for operation in contract.operations if operation.handler_class
    ]
    places += [
        (f"models/{model.module}.py", field.description)
        for model in contract.models
        for field in model.fields
        if field.description
    ]
    places += [
        (f"enums/{enum.module}.py", member.value) for enum in contract.enums for member in enum.members
    ]
    for path, text in places:
        tree = ast.parse(files[f"{contract.version_folder}/{path}"].text)
        if text not in {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}:
            yield f"{path}: {text!r}"


@settings(max_examples=5, deadline=None, suppress_health_check=SLOW)
@given(systems())
def test_odd_text_in_any_system_is_data_in_every_file(tmp_path: Path, system: Pair) -> None:
    odd, plain = load(system.odd, tmp_path), load(system.plain, tmp_path)
    for spec, twin in zip(odd.nodes, plain.nodes, strict=True):
        files, expected = made(spec), made(twin)

        assert files == made(spec)
        assert list(lost_texts(make_contract(spec), files)) == []
        assert [
            path
            for path in files
            if path.endswith(".py") and shape(files[path].text) != shape(expected[path].text)
        ] == []


def test_handlers_are_listed_in_the_order_that_the_linter_wants(tmp_path: Path) -> None:
    """Capitals come before small letters, and 9 before 10."""
    names = ["r_q83j", "rd27gyn", "item_10", "item_9"]
    document = {"node": "effect", "name": "keeper", "operations": {name: {} for name in names}}

    files = made(load(document, tmp_path).nodes[0])

    listed = files["v1_0_0/handler.py"].text.partition("__all__")[2]
    assert all(f"Handler{pascal(name)}" in listed for name in names)


def test_a_workflow_need_not_read_its_input(tmp_path: Path) -> None:
    document = {
        "node": "orchestrator",
        "name": "nightly",
        "operations": {"run_nightly": {"input": {"reason": "str"}, "output": {}}},
        "workflow": {"steps": {"clean": {"call": "store.clean", "with": {"days": 30}}}},
    }

    files = made(load(document, tmp_path).nodes[0])

    assert "ModelRunNightlyInput" not in files["v1_0_0/workflow.py"].text


def test_a_step_and_an_operation_that_would_share_a_model_are_refused(tmp_path: Path) -> None:
    document = {
        "node": "orchestrator",
        "name": "caller",
        "operations": {"a_step": {"input": {"b": "str", "c": "int"}, "output": {}}},
        "workflow": {"steps": {"a": {"call": "store.clean", "with": {"b": "input.b"}}}},
    }
    spec = load(document, tmp_path).nodes[0]

    with pytest.raises(GateError) as refused:
        make_contract(spec)

    assert {finding.rule for finding in refused.value.findings} == {"class-name-collision"}


def test_the_calls_in_a_readme_send_their_json_from_any_shell(tmp_path: Path) -> None:
    odd = 'one\ntwo \\n it\'s "x" $HOME `id`'
    document = {
        "node": "effect",
        "name": "keeper",
        "operations": {"keep": {"input": {"kind": {"enum": [odd]}}}},
    }
    readme = made(load(document, tmp_path).nodes[0])["README.md"].text

    (call,) = re.findall(r"^    (.*) \| nodesmith call keeper.keep --input -$", readme, re.MULTILINE)
    said = subprocess.run(["sh", "-c", call], capture_output=True, text=True, check=True).stdout

    assert json.loads(said) == {"kind": odd}
