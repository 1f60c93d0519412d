from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from generation.odd_system import NODES, effect

from nodesmith.generation.report import STAGES
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from pathlib import Path

GENERATE = [sys.executable, "-m", "nodesmith", "generate"]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "keeper.node.yaml"
    file.write_text(to_yaml(effect("keeper")), encoding="utf-8")
    return file


def generate(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*GENERATE, *map(str, arguments)], capture_output=True, text=True, check=False)


def printed(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the one object on standard output."""
    return json.loads(run.stdout)  # type: ignore[no-any-return]


def test_a_node_is_generated_and_shown(spec: Path, tmp_path: Path) -> None:
    run = generate(spec, "-o", tmp_path / "out")

    files = [
        path for path in (tmp_path / "out").rglob("*") if path.is_file() and ".nodesmith" not in path.parts
    ]
    assert run.returncode == 0
    assert run.stdout == f"{tmp_path}/out/node_odd_keeper_effect ({len(files)} files)\n"
    assert [line.split()[1] for line in run.stderr.splitlines()] == list(STAGES)


def test_json_says_what_was_done(spec: Path, tmp_path: Path) -> None:
    document = printed(generate(spec, "-o", tmp_path / "out", "--json"))

    (node,) = document["nodes"]
    assert set(document) == {"nodes", "files"}
    assert set(node) == {"node", "path", "files", "stages"}
    assert node["node"] == "node_odd_keeper_effect"
    assert node["path"] == str(tmp_path / "out" / "node_odd_keeper_effect")
    assert "v1_0_0/start_node.py" in node["files"]
    assert [(stage["number"], stage["name"]) for stage in node["stages"]] == list(STAGES.items())
    assert [stage["status"] for stage in node["stages"]] == [*["done"] * 7, "skipped"]
    assert all(isinstance(stage["ms"], float) for stage in node["stages"])
    assert {file["action"] for file in document["files"]} == {"create"}
    assert [file["path"] for file in document["files"]] == [
        f"{node['node']}/{path}" for path in node["files"]
    ]


def test_several_files_are_one_system(tmp_path: Path) -> None:
    """A reducer's event is made of what another file's node answers."""
    reducer = {
        "node": "reducer", "name": "counter", "domain": "odd", "event_bus": True,
        "state": {"key": "item_id", "fields": {"item_id": "str"}},
        "events": {"kept": {"from": "keeper.keep", "fields": {"item_id": "str"}}},
    }  # fmt: skip
    (tmp_path / "a.yaml").write_text(to_yaml(effect("keeper")), encoding="utf-8")
    (tmp_path / "b.yaml").write_text(to_yaml(reducer), encoding="utf-8")

    run = generate(tmp_path / "a.yaml", tmp_path / "b.yaml", "-o", tmp_path, "--json")

    assert [node["node"] for node in printed(run)["nodes"]] == [
        "node_odd_keeper_effect",
        "node_odd_counter_reducer",
    ]


def test_a_bad_spec_is_exit_2_with_its_findings(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("node: efect\nname: class\n", encoding="utf-8")

    run = generate(tmp_path / "bad.yaml", "-o", tmp_path / "out", "--json")

    document = printed(run)
    assert run.returncode == 2
    assert document["nodes"] == []
    assert document["error"]["type"] == "SpecError"
    assert len(document["error"]["findings"]) >= 2
    assert "bad.yaml:1:7" in run.stderr
    assert not (tmp_path / "out").exists()


def test_a_conflict_is_exit_3_and_changes_nothing(spec: Path, tmp_path: Path) -> None:
    changed = tmp_path / "node_odd_keeper_effect" / "README.md"
    changed.parent.mkdir()
    changed.write_text("mine", encoding="utf-8")

    run = generate(spec, "-o", tmp_path, "--json")

    document = printed(run)
    assert run.returncode == 3
    assert document["error"]["findings"][0]["file"] == str(changed)
    assert [stage["status"] for stage in document["nodes"][0]["stages"]][-2:] == ["failed", "skipped"]
    assert changed.read_text(encoding="utf-8") == "mine"


def test_a_gate_is_exit_4(spec: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")

    run = generate(spec, "-o", tmp_path / "out" / "deep", "--json")

    assert run.returncode == 4
    assert printed(run)["error"]["type"] == "GateError"


def test_the_progress_on_a_terminal_is_rich(spec: Path, tmp_path: Path) -> None:
    leader, follower = os.openpty()
    run = subprocess.run(
        [*GENERATE, str(spec), "-o", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=follower,
        text=True,
        check=False,
    )
    os.close(follower)
    shown = os.read(leader, 100_000).decode()
    os.close(leader)

    assert run.returncode == 0
    assert "node_odd_keeper_effect" in shown
    assert "\x1b[" in shown


def test_ctrl_c_at_any_moment_leaves_all_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "system.yaml").write_text(to_yaml({"system": "odd", "nodes": NODES[2:5]}), encoding="utf-8")
    arguments = [*GENERATE, str(tmp_path / "system.yaml")]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    started = time.perf_counter()
    subprocess.run([*arguments, "-o", str(tmp_path / "whole")], capture_output=True, check=True)
    seconds = time.perf_counter() - started
    whole = {str(path.relative_to(tmp_path / "whole")) for path in (tmp_path / "whole").rglob("*")}

    for moment in range(12):
        out = tmp_path / f"out{moment}"
        process = subprocess.Popen(
            [*arguments, "-o", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(scratch)},
        )  # fmt: skip
        try:
            process.wait(timeout=seconds * (moment + 1) / 12)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.wait()
        left = {str(path.relative_to(out)) for path in out.rglob("*")} if out.exists() else set()
        assert left in (set(), whole)
        assert out.exists() == bool(left)
        assert list(scratch.iterdir()) == []
