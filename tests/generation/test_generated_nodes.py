from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from generation.odd_system import NODES, ODD, described, load
from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]  # ruff ships no types

from nodesmith.generation.pipeline import run
from nodesmith.naming import node_class, node_folder
from nodesmith.spec.loading import load_system

if TYPE_CHECKING:
    from types import ModuleType

    from generation.conftest import Generated

AROUND = {
    "node.yaml",
    "asyncapi.yaml",
    "pyproject.toml",
    "README.md",
    "Dockerfile",
    ".env.example",
    "__init__.py",
}
ALWAYS = {
    "__init__.py", "node.py", "interface.py", "contract.yaml", "version.manifest.yaml", "handler.py", "handlers/__init__.py", "models/__init__.py",
    "tests/__init__.py", "tests/test_models.py", "tests/test_node.py",
}  # fmt: skip
BUS = {"start_node.py", "tests/test_start_node.py"}


def environment() -> dict[str, str]:
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def module(odd: Generated, folder: str, name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(odd.folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return import_module(f"{folder}.{name}")


def paths(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def of_version(folder: Path, version: str = "v1_0_0") -> set[str]:
    return {path.removeprefix(f"{version}/") for path in paths(folder) if path.startswith(f"{version}/")}


def test_the_tree_of_a_compute_node_off_the_bus(odd: Generated) -> None:
    folder = odd.folder / "node_calculator_compute"

    assert {path for path in paths(folder) if "/" not in path} == AROUND
    assert of_version(folder) == ALWAYS | {
        "handlers/handler_work_out.py", "tests/test_handler_work_out.py", "enums/__init__.py", "enums/enum_status.py",
        "enums/enum_kind.py", "models/model_work_out_input.py", "models/model_work_out_output.py", "models/model_address.py",
        "models/model_line.py", "models/model_object.py", "enums/enum_type.py",
    }  # fmt: skip


def test_the_tree_of_an_effect(odd: Generated) -> None:
    names = {"keep", "drop"}

    assert of_version(odd.folder / "node_odd_keeper_effect") == (
        ALWAYS
        | BUS
        | {"resources.py"}
        | {f"handlers/handler_{name}.py" for name in names}
        | {f"tests/test_handler_{name}.py" for name in names}
        | {f"models/model_{name}_{side}.py" for name in names for side in ("input", "output")}
    )


def test_the_tree_of_a_reducer(odd: Generated) -> None:
    assert of_version(odd.folder / "node_odd_item_states_reducer", "v2_0_1") == (
        ALWAYS
        | BUS
        | {f"handlers/handler_{name}.py" for name in ("kept", "dropped")}
        | {f"tests/test_handler_{name}.py" for name in ("kept", "dropped")}
        | {"enums/__init__.py", "enums/enum_status.py", "enums/enum_type.py"}
        | {"models/model_get_state_input.py", "models/model_object.py"}
        | {f"models/model_{name}.py" for name in ("item_states_state", "kept_event", "dropped_event", "tell_intent", "tell_again_intent")}
    )  # fmt: skip


def test_the_tree_of_an_orchestrator(odd: Generated) -> None:
    sides = ("input", "output")

    assert of_version(odd.folder / "node_odd_items_orchestrator") == (
        ALWAYS
        | BUS
        | {
            "workflow.py",
            "tests/test_workflow.py",
            "handlers/handler_run_items.py",
            "tests/test_handler_run_items.py",
        }
        | {"models/model_request_undo_input.py"}
        | {f"models/model_run_items_{side}.py" for side in sides}
        | {f"models/model_{step}_step_{side}.py" for step in ("request", "run", "last") for side in sides}
    )


@pytest.mark.parametrize("name", ["calculator", "keeper", "item_states", "items"])
def test_a_description_is_the_docstring_whatever_it_says(
    odd: Generated, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = odd.spec(name)
    folder = node_folder(domain=spec.domain, name=name, archetype=spec.archetype)
    version = "v" + "_".join(map(str, spec.version))

    node = module(odd, folder, f"{version}.node", monkeypatch)

    # From Python 3.13 on, the compiler itself takes indentation and tabs out of docstrings.
    expected = inspect.cleandoc(described(name))
    assert inspect.getdoc(node) == expected
    assert inspect.getdoc(getattr(node, node_class(name=name, archetype=spec.archetype))) == expected


def test_text_becomes_the_value_it_was(odd: Generated, monkeypatch: pytest.MonkeyPatch) -> None:
    model = module(
        odd, "node_calculator_compute", "v1_0_0.models.model_work_out_input", monkeypatch
    ).ModelWorkOutInput
    handler = module(
        odd, "node_calculator_compute", "v1_0_0.handlers.handler_work_out", monkeypatch
    ).HandlerWorkOut
    fields = model.model_fields

    assert fields["text"].default == ODD
    assert fields["text"].description == described("text")
    assert fields["status"].default == ODD
    assert fields["anything"].default_factory() == {ODD: [1, None, ODD]}
    assert fields["counts"].default_factory() == {ODD: 3}
    assert inspect.getdoc(handler) == inspect.cleandoc(described("calculator"))


def test_fields_may_be_called_like_builtins(odd: Generated, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made of them is type-checked and run by the tests of the whole odd system, too."""
    folder, version = "node_odd_item_states_reducer", "v2_0_1"
    models = {
        name: getattr(module(odd, folder, f"{version}.models.{file}", monkeypatch), name)
        for name, file in {
            "ModelDroppedEvent": "model_dropped_event",
            "ModelItemStatesState": "model_item_states_state",
        }.items()
    }
    given = {"item_id": "a", "type": "large", "hash": 7, "object": {"type": "t", "set": ["x"]}, "next": None}

    for model in models.values():
        read = model.model_validate_json(json.dumps(given))

        assert (read.type, read.hash, read.object.set, read.max) == ("large", 7, ["x"], 2.0)
        assert (read.filter, read.input, read.all, read.cast) == ([{"a": 1}], {"a": [1]}, [True], b"abc")
        assert model.model_validate_json(read.model_dump_json()) == read


def test_a_workflow_reads_and_sends_fields_called_like_builtins_and_bytes_as_they_are(odd: Generated) -> None:
    text = (odd.folder / "node_odd_items_orchestrator/v1_0_0/workflow.py").read_text(encoding="utf-8")

    assert '"type": request.type,' in text
    assert '"answer": request_answer.id,' in text
    assert '"id": last_answer.id,' in text
    assert '"data": b"\\xff\\xef",' in text


def test_the_spec_a_node_came_from_lies_in_it(odd: Generated) -> None:
    for node in odd.report.nodes:
        document = yaml.safe_load((Path(node.path) / "node.yaml").read_text(encoding="utf-8"))
        (spec,) = [spec for spec in odd.specs.nodes if spec.document == document]
        assert node.node == node_folder(domain=spec.domain, name=spec.name, archetype=spec.archetype)
    again = load_system(odd.folder / "node_odd_keeper_effect" / "node.yaml")
    assert again.nodes == (odd.spec("keeper"),)


@pytest.mark.parametrize("configuration", [[], ["--isolated"]])
def test_ruff_finds_nothing(odd: Generated, configuration: list[str]) -> None:
    for command in (["check"], ["format", "--check"]):
        run_ruff = [find_ruff_bin(), *command, *configuration, "--no-cache", "."]
        checked = subprocess.run(run_ruff, cwd=odd.folder, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_mypy_finds_nothing(odd: Generated, mypy_cache: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--cache-dir",
        str(mypy_cache),
        *(node.node for node in odd.report.nodes),
    ]

    checked = subprocess.run(command, cwd=odd.folder, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_the_nodes_own_tests_pass(odd: Generated) -> None:
    """All of them in one run: no module of one node hides that of another."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "."]

    checked = subprocess.run(
        command, cwd=odd.folder, env=environment(), capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout[-4000:]
    assert "skipped" not in checked.stdout.splitlines()[-1]


def test_the_same_input_gives_the_same_bytes_in_any_process(odd: Generated, tmp_path: Path) -> None:
    system = {"system": "odd", "description": odd.specs.description, "nodes": NODES}
    from nodesmith.spec.writing import to_yaml

    (tmp_path / "system.yaml").write_text(to_yaml(system), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "nodesmith",
        "generate",
        str(tmp_path / "system.yaml"),
        "-o",
        str(tmp_path / "again"),
    ]
    subprocess.run(command, env={**environment(), "PYTHONHASHSEED": "7"}, capture_output=True, check=True)

    assert {
        path: (odd.folder / path).read_bytes() for path in paths(odd.folder) if "__pycache__" not in path
    } == {path: (tmp_path / "again" / path).read_bytes() for path in paths(tmp_path / "again")}


WRITTEN = """
from ..models.model_seen_event import ModelSeenEvent
from ..models.model_counts_state import ModelCountsState


class HandlerSeen:
    def handle(self, state: ModelCountsState, event: ModelSeenEvent) -> tuple[ModelCountsState, list[object]]:
        return state.model_copy(update={"count": state.count + 1}), []
"""


def test_a_nodes_tests_pass_after_a_handler_is_written_and_generation_keeps_it(tmp_path: Path) -> None:
    specs = load(tmp_path, [node for node in NODES if node["name"] == "counts"])
    run(specs, tmp_path, verify=False, report=lambda _: None)
    handler = tmp_path / "node_counts_reducer/v1_0_0/handlers/handler_seen.py"
    handler.write_text(WRITTEN, encoding="utf-8")

    run(specs, tmp_path, verify=False, report=lambda _: None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "node_counts_reducer"]
    checked = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout
    assert handler.read_text(encoding="utf-8") == WRITTEN


def test_a_node_is_built_as_the_package_it_is(odd: Generated, tmp_path: Path) -> None:
    from zipfile import ZipFile

    node = odd.folder / "node_odd_table_keeper_effect"
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=node, env=environment(), capture_output=True, check=True)

    (wheel,) = tmp_path.glob("*.whl")
    names = ZipFile(wheel).namelist()
    assert "node_odd_table_keeper_effect/v1_0_0/start_node.py" in names
    assert "node_odd_table_keeper_effect/v1_0_0/contract.yaml" in names
    metadata = ZipFile(wheel).read("node_odd_table_keeper_effect-1.0.0.dist-info/METADATA").decode()
    assert "Requires-Dist: nodesmith[kafka,postgresql]" in metadata
