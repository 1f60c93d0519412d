"""Nodes that leave a system, and systems that would share a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nodesmith.cli.application import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def generate(folder: Path, *names: str, options: tuple[str, ...] = ()) -> int:
    """Generate a system of compute nodes of these names."""
    operations = {"work_out": {"input": {"text": "str"}, "output": {"size": "int"}}}
    nodes = [{"node": "compute", "name": name, "operations": operations} for name in names]
    (folder / "system.yaml").write_text(json.dumps({"system": "sizes", "nodes": nodes}))
    return run(["generate", str(folder / "system.yaml"), "-o", str(folder / "out"), *options])


def texts(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_node_that_left_its_system_stays_and_is_told_of_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(tmp_path, "first", "second")
    left = tmp_path / "out" / "node_second_compute"
    before = texts(left)
    capsys.readouterr()

    assert generate(tmp_path, "first") == 0

    assert f"left      {left}: is not in the system any more; its folder stays" in capsys.readouterr().out
    assert texts(left) == before
    assert generate(tmp_path, "first", options=("--check",)) == 0
    assert str(left) not in capsys.readouterr().out


def test_another_system_does_not_take_over_a_folders_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(tmp_path, "first", "second")
    before = texts(tmp_path / "out")

    assert generate(tmp_path, "third", "fourth", options=("--conflict", "theirs")) == 3

    assert "belongs to another system, of node_first_compute, node_second_compute" in capsys.readouterr().err
    assert texts(tmp_path / "out") == before


def test_a_system_whose_nodes_were_all_renamed_goes_on_once_the_old_folders_are_gone(tmp_path: Path) -> None:
    generate(tmp_path, "first", "second")
    for node in ("first", "second"):
        (tmp_path / "out" / f"node_{node}_compute").rename(tmp_path / node)

    assert generate(tmp_path, "third", "fourth") == 0
