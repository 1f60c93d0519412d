"""Whatever a spec or a sentence says, and whatever lies in the target, nothing outside the target is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from generation.odd_system import effect

from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from pathlib import Path

NODE = "node_odd_keeper_effect"
WAYS_OUT = (
    "../outside/x",
    "../../x",
    "..",
    ".",
    "/x",
    "//x",
    "x/y",
    "x\\..\\y",
    "C:\\x",
    "C:x",
    "\\\\host\\share\\x",
    "x.",
    "x ",
    "x\0y",
    "~",
    "$HOME",
    "-o",
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    (folder / "deep").mkdir(parents=True)
    (folder / "file.txt").write_text("mine\n", encoding="utf-8")
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the mode and the content of all there is below a folder."""
    return {
        place.relative_to(folder).as_posix(): (place.lstat().st_mode, content(place))
        for place in folder.rglob("*")
    }


def content(place: Path) -> bytes:
    if place.is_symlink():
        return bytes(place.readlink())
    return place.read_bytes() if place.is_file() else b""


def nodesmith(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nodesmith", *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=cwd,
    )  # fmt: skip


def generate(target: Path, document: object, *arguments: str) -> subprocess.CompletedProcess[str]:
    return generate_all(target, [document], *arguments)


def generate_all(target: Path, nodes: list[object], *arguments: str) -> subprocess.CompletedProcess[str]:
    spec = target.parent / "spec" / "system.yaml"
    spec.parent.mkdir(exist_ok=True)
    spec.write_text(to_yaml({"system": "any_system", "nodes": nodes}), encoding="utf-8")
    return nodesmith("generate", spec, "-o", target, *arguments, cwd=target)


# -- paths from a spec


@pytest.mark.parametrize("key", ["name", "domain", "version"])
def test_no_name_in_a_spec_leads_out_of_the_target(target: Path, outside: Path, key: str) -> None:
    before = everything(outside)

    run = generate_all(target, [{**effect("keeper"), key: text} for text in WAYS_OUT], "--json")

    found = {finding["path"] for finding in json.loads(run.stdout)["error"]["findings"]}
    assert run.returncode == 2
    assert found.issuperset(f"nodes[{number}].{key}" for number in range(len(WAYS_OUT)))
    assert everything(outside) == before
    assert everything(target) == {}


@pytest.mark.parametrize("option", ["--name", "--domain"])
def test_no_name_of_a_sentence_leads_out_of_the_target(target: Path, outside: Path, option: str) -> None:
    for text in ("../outside/x", "/x", "x/y", "C:\\x", "..", "x."):
        run = nodesmith(
            "new", "An effect called keeper that stores files.", option, text, "-o", target, cwd=target
        )

        assert run.returncode == 2, (text, run.stderr)
        assert everything(target) == {}


@pytest.mark.parametrize("place", ["operation", "field", "step", "event"])
def test_no_name_inside_a_node_leads_out_of_it(target: Path, place: str) -> None:
    documents: dict[str, dict[str, object]] = {
        "operation": {**effect("keeper"), "operations": {"../../x": {}}},
        "field": {**effect("keeper"), "operations": {"keep": {"input": {"a": {"fields": {"../x": "str"}}}}}},
        "step": {"node": "orchestrator", "name": "flow", "operations": {"run": {}}, "workflow": {"steps": {"../x": {"call": "far/a.b"}}}},
        "event": {"node": "reducer", "name": "counts", "state": {"key": "k", "fields": {"k": "str"}}, "events": {"../x": {"fields": {"k": "str"}}}},
    }  # fmt: skip

    run = generate(target, documents[place])

    assert run.returncode == 2
    assert "is not snake_case" in run.stderr
    assert everything(target) == {}


# -- links in the target


LINKED = (
    NODE,
    f"{NODE}/v1_0_0",
    f"{NODE}/v1_0_0/models",
    f"{NODE}/v1_0_0/node.py",
    f"{NODE}/v1_0_0/handlers/handler_keep.py",
    f"{NODE}/README.md",
    f"{NODE}/.nodesmith",
    f"{NODE}/.nodesmith/lock.json",
    f"{NODE}/.nodesmith/pristine",
    ".nodesmith",
    "compose.yaml",
)


@pytest.mark.parametrize(
    ("path", "conflict"),
    [*((path, "theirs") for path in LINKED), *((f"{NODE}/README.md", how) for how in ("markers", "reject"))],
)
def test_a_link_is_not_followed_when_a_node_is_generated_again(
    target: Path, outside: Path, path: str, conflict: str
) -> None:
    assert generate(target, effect("keeper")).returncode == 0
    (target / path).rename(outside / "moved")
    (target / path).symlink_to(outside / "moved")
    before = everything(outside)
    changed = {
        **effect("keeper"),
        "description": "Another one.",
        "operations": {"keep": {"input": {"a": "str"}}, "add": {}},
    }

    run = generate(target, changed, "--conflict", conflict)

    assert "Traceback" not in run.stderr
    assert "itself failed" not in run.stderr
    assert everything(outside) == before


@pytest.mark.parametrize("path", LINKED)
def test_a_link_that_leads_nowhere_makes_nothing_there(target: Path, outside: Path, path: str) -> None:
    before = everything(outside)
    (target / path).parent.mkdir(parents=True, exist_ok=True)
    (target / path).symlink_to(outside / "nothing")

    run = generate(target, effect("keeper"), "--conflict", "theirs")

    assert "itself failed" not in run.stderr
    assert everything(outside) == before


def test_a_link_to_the_target_itself_is_the_persons_choice(target: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(target)
    spec = tmp_path / "keeper.node.yaml"
    spec.write_text(to_yaml(effect("keeper")), encoding="utf-8")

    assert nodesmith("generate", spec, "-o", tmp_path / "link", cwd=tmp_path).returncode == 0
    assert (target / NODE / "node.yaml").is_file()
