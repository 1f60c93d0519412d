"""Systems as large as there are: read and checked against each other in seconds, or refused with a way out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from nodesmith.errors import SpecError
from nodesmith.spec.loading import load_system
from nodesmith.spec.yaml_tree import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

NODES = 2_000
SECONDS = 60.0  # for the slowest machine; it takes about two


def node(number: int) -> dict[str, str]:
    """Return the lines of a node by their key: effects, and every fourth one an orchestrator that calls two of them."""
    if number % 4 < 3:
        operations = (
            "{store_it: {key: record_id, input: {record_id: uuid, note: str}, output: {stored: bool}}}"
        )
        return {"node": "effect", "name": f"store_{number}", "operations": operations}
    given = "with: {record_id: input.record_id, note: input.note}"
    steps = f"a: {{call: store_{number - 1}.store_it, {given}}}, b: {{call: store_{number - 2}.store_it, {given}}}"
    return {
        "node": "orchestrator",
        "name": f"flow_{number}",
        "operations": "{run_it: {input: {record_id: uuid, note: str}, output: {stored: bool}}}",
        "workflow": f"{{steps: {{{steps}}}, result: {{stored: b.stored}}}}",
    }


@pytest.fixture
def system(tmp_path: Path) -> Path:
    lines = ["system: large", "nodes:"]
    for number in range(NODES):
        first, *rest = (f"{key}: {value}" for key, value in node(number).items())
        lines += [f"  - {first}", *(f"    {line}" for line in rest)]
    (tmp_path / "system.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "system.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(NODES):
        text = "".join(f"{key}: {value}\n" for key, value in node(number).items())
        (tmp_path / f"node{number}.node.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("source", ["system", "folder"])
def test_two_thousand_nodes_get_through(source: str, request: pytest.FixtureRequest) -> None:
    place = request.getfixturevalue(source)
    started = time.process_time()

    loaded = load_system(place)

    assert len(loaded.nodes) == NODES
    assert time.process_time() - started < SECONDS


def test_where_every_node_is_wrong_a_person_is_told_soon(system: Path) -> None:
    system.write_text(system.read_text(encoding="utf-8").replace(".store_it", ".stroe_it"), encoding="utf-8")
    started = time.process_time()

    with pytest.raises(SpecError) as refused:
        load_system(system)

    assert "did you mean 'store_it'?" in str(refused.value.findings[0])
    assert "more are not shown" in str(refused.value.findings[-1])
    assert time.process_time() - started < SECONDS


def test_a_file_that_is_too_large_says_the_way_out(system: Path) -> None:
    with system.open("a", encoding="utf-8") as file:
        file.write("# " + "x" * MAX_BYTES)

    with pytest.raises(SpecError) as refused:
        load_system(system)

    (finding,) = refused.value.findings
    assert (finding.rule, finding.message) == ("too-large", "the file is larger than 4096 KiB")
    assert "give their folder" in finding.fix
