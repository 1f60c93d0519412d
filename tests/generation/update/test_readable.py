"""Merges that git makes without a conflict, and that nobody can read afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from generation.update.workshop import tree

from nodesmith.cli.application import run
from nodesmith.generation.update.readable import why_unreadable

if TYPE_CHECKING:
    from pathlib import Path

COMPOSE = "out/compose.yaml"


@pytest.fixture
def compose(tmp_path: Path) -> Path:
    """A system of two nodes, generated once; its compose file."""
    assert generate(tmp_path, "first", "second") == 0
    return tmp_path / COMPOSE


def generate(folder: Path, *names: str, options: tuple[str, ...] = ()) -> int:
    operations = {"work_out": {"input": {"text": "str"}, "output": {"size": "int"}}}
    nodes = [{"node": "compute", "name": name, "event_bus": True, "operations": operations} for name in names]
    (folder / "system.yaml").write_text(json.dumps({"system": "sizes", "nodes": nodes}))
    return run(["generate", str(folder / "system.yaml"), "-o", str(folder / "out"), *options])


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("node.py", "return 1\n", "line 1: 'return' outside function"),
        ("node.py", "x = (\n", "line 1: '(' was never closed"),
        ("pyproject.toml", "[a]\n[a]\n", "Cannot declare ('a',) twice (at line 2, column 3)"),
        ("compose.yaml", "a:\n  b: 1\n  b: 2\n", "line 3: the key 'b' is there twice"),
        ("compose.yaml", "a: [1\nb: 2\n", "line 2: did not find expected ',' or ']'"),
        ("compose.yaml", "ports: !reset []\n", ""),
        ("asyncapi.yaml", "# mine\na: &one {b: 1}\nc: {<<: *one}\n", ""),
        ("Dockerfile", "anything", ""),
    ],
)
def test_a_text_is_read_as_its_language_has_it(path: str, text: str, reason: str) -> None:
    assert why_unreadable(path, text.encode()) == reason


def test_a_service_that_both_sides_added_is_a_conflict(
    compose: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(compose, "  consul:\n", "  node-third-compute: {image: mine}\n  consul:\n")
    before = tree(compose.parent)

    assert generate(compose.parent.parent, "first", "second", "third") == 3

    assert "the key 'node-third-compute' is there twice" in capsys.readouterr().err
    assert tree(compose.parent) == before


def test_what_only_docker_knows_is_merged(compose: Path) -> None:
    edit(compose, 'ports: ["127.0.0.1:8500:8500"]', "ports: !reset []")
    edit(compose.with_name("asyncapi.yaml"), "channels:\n", "# mine\nchannels:\n")

    assert generate(compose.parent.parent, "first", "second", "third") == 0

    assert "ports: !reset []" in compose.read_text()
    assert "node-third-compute" in compose.read_text()
    assert "# mine\n" in compose.with_name("asyncapi.yaml").read_text()


def test_markers_stand_round_all_that_differs_in_what_no_longer_parses(compose: Path) -> None:
    edit(compose, "  consul:\n", "  node-third-compute: {image: mine}\n  consul:\n")
    names = ("first", "second", "third")

    assert generate(compose.parent.parent, *names, options=("--conflict=markers",)) == 0

    text = compose.read_text()
    assert "<<<<<<< yours\n  node-third-compute: {image: mine}\n=======\n>>>>>>> nodesmith\n" in text
    assert generate(compose.parent.parent, *names) == 3


def test_a_file_kept_whole_for_what_it_would_become_is_told(
    compose: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(compose, "  consul:\n", "  node-third-compute: {image: mine}\n  consul:\n")

    assert generate(compose.parent.parent, "first", "second", "third", options=("--conflict=ours",)) == 0

    told = capsys.readouterr().out
    assert f"keep      {compose}: stays as it is, without what nodesmith changed: it would be merged" in told
