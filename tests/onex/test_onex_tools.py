"""Generated nodes of all four archetypes, put through ONEX's own command line tools."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nodesmith.generation import pipeline
from nodesmith.spec.loading import load_system

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SYSTEM = Path(__file__).with_name("system.yaml")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return `nodes/` with what ONEX takes for a node of each one generated: the folder of its version."""
    generated, nodes = tmp_path_factory.mktemp("generated"), tmp_path_factory.mktemp("onex") / "nodes"
    pipeline.run(load_system(SYSTEM), generated, verify=False, report=lambda _: None)
    for node in generated.glob("node_*"):
        shutil.copytree(node / "v1_0_0", nodes / node.name)
    return nodes


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def test_generated_contracts_pass_the_strict_check(
    nodes: Path, judge: Callable[[str, Iterable[Path]], dict[str, list[str]]]
) -> None:
    contracts = sorted(nodes.glob("*/contract.yaml"))

    assert len(contracts) == 4
    assert judge("contracts", contracts) == {str(path): [] for path in contracts}


def test_generated_nodes_comply(nodes: Path, onex: Path, tmp_path: Path) -> None:
    tool = onex.with_name("onex")

    done = run(
        tool, "compliance", "check", "--repo-root", nodes, "--output", tmp_path / "report.yaml", cwd=tmp_path
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "4/4 nodes passed" in done.stdout


def test_generated_nodes_are_valid_by_onexs_architecture_and_patterns(
    nodes: Path, onex: Path, tmp_path: Path
) -> None:
    done = run(onex.with_name("onex"), "validate", "--strict", nodes, cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_generated_nodes_that_may_do_no_io_are_pure(nodes: Path, onex: Path, tmp_path: Path) -> None:
    pure = [node for node in nodes.iterdir() if not node.name.endswith("_effect")]

    done = run(onex, "-m", "omnibase_core.validation.validator_node_purity", *pure, cwd=tmp_path)

    assert len(pure) == 3
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_node_that_reads_a_file_is_found_impure(onex: Path, tmp_path: Path) -> None:
    node = tmp_path / "nodes" / "node_x_compute"
    node.mkdir(parents=True)
    (node / "node.py").write_text('open("x")\n')

    done = run(onex, "-m", "omnibase_core.validation.validator_node_purity", node, cwd=tmp_path)

    assert done.returncode == 1
