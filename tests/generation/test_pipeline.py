from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from generation.odd_system import NODES, compute, effect, load

from nodesmith.contract.node_contract import build
from nodesmith.errors import GateError, InputError
from nodesmith.generation.pipeline import run
from nodesmith.generation.pre_check import pre_check
from nodesmith.generation.rendering import packaged_templates
from nodesmith.generation.report import STAGES, Record, StageEvent, Status
from nodesmith.spec.model import SystemSpec

if TYPE_CHECKING:
    from generation.conftest import Generated

SMALL = effect("keeper")


def ignore(_: StageEvent) -> None:
    """Listen to nothing."""


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_stage_of_every_node_is_told_and_timed(odd: Generated) -> None:
    for node in odd.report.nodes:
        told = [(event.number, event.status) for event in odd.events if event.node == node.node]
        ends = [number for number, status in told if status is not Status.STARTED]
        assert ends == list(STAGES)
        assert [stage.name for stage in node.stages] == list(STAGES.values())
        assert all(stage.ms > 0 for stage in node.stages if stage.number in ("2", "3", "4", "4.5", "5", "6"))


def test_the_report_lists_the_files_that_are_there(odd: Generated) -> None:
    assert len(odd.report.nodes) == len(NODES)
    for node in odd.report.nodes:
        assert all((odd.folder / node.node / path).is_file() for path in node.files)


def test_a_node_off_the_bus_says_that_stage_4_5_is_skipped(odd: Generated) -> None:
    (event,) = [
        event
        for event in odd.events
        if event.node == "node_counts_reducer"
        and event.number == "4.5"
        and event.status is not Status.STARTED
    ]

    assert event.status is Status.SKIPPED
    assert event.detail == "Skipping event bus integration for reducer node (optional)"


def test_a_system_without_nodes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no node"):
        run(SystemSpec(), tmp_path, verify=False, report=ignore)


def test_a_gate_that_does_not_hold_leaves_no_node_of_the_system_behind(tmp_path: Path) -> None:
    """The second node's spec contradicts itself in a way no file can."""
    specs = load(tmp_path, [SMALL, effect("other")])
    broken = dataclasses.replace(specs.nodes[1], adapter="carrier_pigeon")
    record = Record(target=tmp_path / "out")

    with pytest.raises(GateError, match="is not sound") as raised:
        run(SystemSpec(nodes=(specs.nodes[0], broken)), tmp_path / "out", verify=False, report=record.add)

    assert raised.value.stage == "2"
    assert not (tmp_path / "out").exists()
    last = record.report().nodes[1]
    assert [stage.status.value for stage in last.stages] == ["done", "failed", *["skipped"] * 6]
    assert last.files == ()


def test_a_template_that_is_not_there_is_missed_before_anything_is_made(tmp_path: Path) -> None:
    (spec,) = load(tmp_path, [effect("other")]).nodes
    contract = build(dataclasses.replace(spec, adapter="carrier_pigeon"))

    with pytest.raises(GateError, match="cannot be generated") as raised:
        pre_check(contract, packaged_templates(), tmp_path, others=())

    assert (raised.value.stage, [finding.rule for finding in raised.value.findings]) == ("3", ["template"])


def test_two_nodes_of_one_folder_are_a_collision(tmp_path: Path) -> None:
    (spec,) = load(tmp_path, [SMALL]).nodes

    with pytest.raises(GateError) as raised:
        run(SystemSpec(nodes=(spec, spec)), tmp_path / "out", verify=False, report=ignore)

    assert [finding.rule for finding in raised.value.findings] == ["name-collision"]


def test_a_file_as_target_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    specs = load(tmp_path, [SMALL])
    (tmp_path / "out").write_text("")

    with pytest.raises(GateError) as raised:
        run(specs, tmp_path / "out" / "deep", verify=False, report=ignore)

    assert (raised.value.stage, raised.value.findings[0].rule) == ("3", "target")


@pytest.mark.usefixtures("not_root")
def test_an_unwritable_target_is_refused_before_anything_is_made() -> None:
    with tempfile.TemporaryDirectory() as folder:
        specs = load(Path(folder), [SMALL])
        out = Path(folder) / "out"
        out.mkdir(mode=0o500)

        with pytest.raises(GateError, match="cannot be generated"):
            run(specs, out, verify=False, report=ignore)


def test_generating_again_changes_nothing_and_keeps_an_edit(tmp_path: Path) -> None:
    specs = load(tmp_path, [SMALL, compute("other")])
    run(specs, tmp_path, verify=False, report=ignore)
    before = contents(tmp_path)

    run(specs, tmp_path, verify=False, report=ignore)
    assert contents(tmp_path) == before

    (tmp_path / "node_other_compute/README.md").write_text("mine")
    run(specs, tmp_path, verify=False, report=ignore)
    assert contents(tmp_path) == {**before, "node_other_compute/README.md": b"mine"}


def test_verification_finds_what_a_person_broke_and_leaves_it_there(tmp_path: Path) -> None:
    specs = load(tmp_path, [SMALL, compute("other")])
    run(specs, tmp_path, verify=False, report=ignore)
    version = tmp_path / "node_odd_keeper_effect/v1_0_0"
    handler = version / "handlers/handler_drop.py"
    broken = "from nowhere import Drop\n\n\nclass HandlerDrop(Drop):\n    count: int = 'a'\n"
    handler.write_text(broken)

    events: list[StageEvent] = []
    with pytest.raises(GateError, match="stay under") as raised:
        run(specs, tmp_path, verify=True, report=events.append)

    found = {finding.rule: finding.message for finding in raised.value.findings}
    assert raised.value.stage == "7"
    assert set(found) == {"import", "types", "tests", "start-and-stop"}
    assert "No module named 'nowhere'" in found["import"]
    assert "Incompatible types in assignment" in found["types"]
    assert handler.read_text() == broken
    assert {event.node: event.status for event in events if event.number == "7"} == {
        "node_odd_keeper_effect": Status.FAILED,
        "node_other_compute": Status.DONE,
    }
    assert not [
        path for path in tmp_path.rglob("*") if path.name in ("__pycache__", ".mypy_cache", ".pytest_cache")
    ]


def test_an_operation_may_not_take_the_name_of_the_unwritten_handlers_error(tmp_path: Path) -> None:
    operations: dict[str, object] = {"not_implemented_error": {"input": {}, "output": {}}}
    specs = load(tmp_path, [effect("keeper", operations=operations)])

    with pytest.raises(GateError) as raised:
        run(specs, tmp_path / "out", verify=False, report=ignore)

    assert [finding.rule for finding in raised.value.findings] == ["reserved-name"]
