"""Whatever valid spec comes: correct nodes, whose code has the same shape as with plain words for text."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from generation.any_system import systems
from generation.texts_kept import changed_shapes, lost_texts, other_values, write
from hypothesis import HealthCheck, given, settings

from nodesmith.errors import GateError
from nodesmith.generation.contract import make_contract
from nodesmith.generation.pipeline import make
from nodesmith.generation.rendering import packaged_templates
from nodesmith.naming import pascal
from nodesmith.spec.loading import load_system
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from generation.any_fields import Pair

    from nodesmith.generation.files import NodeFiles
    from nodesmith.generation.pipeline import Made
    from nodesmith.spec.model import SystemSpec

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def load(document: object, folder: Path) -> SystemSpec:
    file = folder / "system.yaml"
    file.write_text(to_yaml(document), encoding="utf-8")
    return load_system(file)


def made(specs: SystemSpec, folder: Path) -> Made:
    """Return a system's files after all gates that come before the disk; that each YAML file reads back is one of them."""
    return make(specs, folder, packaged_templates(), tell=lambda event: None)


def node_files(document: object, folder: Path) -> NodeFiles:
    """Return the files of the one node that a document describes."""
    return next(iter(made(load(document, folder), folder).files.values()))


@settings(max_examples=5, deadline=None, suppress_health_check=SLOW)
@given(systems())
def test_odd_text_in_any_system_is_data_in_every_file(
    tmp_path_factory: pytest.TempPathFactory, system: Pair
) -> None:
    folder = tmp_path_factory.mktemp("any")
    odd, plain = made(load(system.odd, folder), folder), made(load(system.plain, folder), folder)
    write(odd.files, folder)

    assert odd.files == made(load(system.odd, folder), folder).files
    assert [wrong for unit in odd.files for wrong in changed_shapes(odd.files[unit], plain.files[unit])] == []
    for contract in odd.contracts:
        assert list(lost_texts(contract, odd.files[contract.folder])) == []
        assert list(other_values(contract, folder)) == []


def test_handlers_are_listed_in_the_order_that_the_linter_wants(tmp_path: Path) -> None:
    """Capitals come before small letters, and 9 before 10."""
    names = ["r_q83j", "rd27gyn", "item_10", "item_9"]
    document = {"node": "effect", "name": "keeper", "operations": {name: {} for name in names}}

    files = node_files(document, tmp_path)

    listed = files["v1_0_0/handler.py"].text.partition("__all__")[2]
    assert all(f"Handler{pascal(name)}" in listed for name in names)


def test_a_workflow_need_not_read_its_input(tmp_path: Path) -> None:
    document = {
        "node": "orchestrator",
        "name": "nightly",
        "operations": {"run_nightly": {"input": {"reason": "str"}, "output": {}}},
        "workflow": {"steps": {"clean": {"call": "store.clean", "with": {"days": 30}}}},
    }

    files = node_files(document, tmp_path)

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
    readme = node_files(document, tmp_path)["README.md"].text

    (call,) = re.findall(r"^    (.*) \| nodesmith call keeper.keep --input -$", readme, re.MULTILINE)
    said = subprocess.run(["sh", "-c", call], capture_output=True, text=True, check=True).stdout

    assert json.loads(said) == {"kind": odd}
