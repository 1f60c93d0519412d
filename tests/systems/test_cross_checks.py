"""Nodes of one system held against each other: every finding says what is wrong, and where in both files."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from nodesmith.errors import SpecError
from nodesmith.spec.loading import load_files, load_system

if TYPE_CHECKING:
    from pathlib import Path

    from nodesmith.errors import Finding

STORE = """\
node: effect
name: store
domain: shop
operations:
  save:
    input: {id: str, total: decimal}
    output: {id: str, saved: bool, note: str | null}
  drop:
    input: {id: int}
"""
FLOW = """\
node: orchestrator
name: flow
domain: shop
operations:
  run_it:
    input: {id: str, total: decimal}
    output: {saved: bool}
workflow:
  steps:
    keep:
      call: store.save
      with: {id: input.id, total: input.total}
  result: {saved: keep.saved}
"""
SUMS = """\
node: reducer
name: sums
domain: shop
event_bus: true
state: {key: id, fields: {id: str, count: {type: int, default: 0}}}
events:
  kept:
    from: store.save
    fields: {id: str}
"""


def in_folder(folder: Path, **texts: str) -> Path:
    """Write each text as the node file of that name."""
    for name, text in texts.items():
        (folder / f"{name}.node.yaml").write_text(text, encoding="utf-8")
    return folder


def findings(folder: Path, **texts: str) -> list[Finding]:
    """Return what is wrong with node files that lie in one folder."""
    with pytest.raises(SpecError) as refused:
        load_system(in_folder(folder, **texts))
    return list(refused.value.findings)


def said(folder: Path, **texts: str) -> list[str]:
    """Return `file:line:column [rule] message` of everything that is wrong, with files by their names."""
    return [
        f"{f.file}:{f.line}:{f.column} [{f.rule}] {f.message}".replace(f"{folder}/", "").replace(
            ".node.yaml", ""
        )
        for f in findings(folder, **texts)
    ]


def test_a_sound_system_of_three_files_passes(tmp_path: Path) -> None:
    assert len(load_system(in_folder(tmp_path, store=STORE, flow=FLOW, sums=SUMS)).nodes) == 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("store.save", "stor.save", "flow:11:13 [unknown-reference] the system has no node 'stor'"),
        ("store.save", "store.sav", "flow:11:13 [unknown-reference] store (store:1:1) has no operation 'sav'"),
        ("id: input.id", "di: input.id", "flow:12:7 [missing-key] shop/store.save (store:5:3) needs the field 'id'"),
        ("id: input.id", "id: input.total", "flow:12:18 [type-mismatch] input.total (flow:6:22) is decimal, and 'id' of shop/store.save (store:5:3) is str"),
        ("keep.saved}", "keep.note}", "flow:13:19 [type-mismatch] keep.note (store:7:36) is str | null, and 'saved' of the output of 'run_it' (flow:7:14) is bool"),
        ("keep.saved}", "keep.safe}", "flow:13:19 [unknown-reference] the output of shop/store.save (store:5:3) has no field 'safe'"),
        ("store.save\n", "store.save\n      undo: store.drop\n", "flow:12:13 [type-mismatch] input.id (flow:6:13) is str, and 'id' of shop/store.drop (store:8:3) is int"),
        ("store.save\n", "store.save\n      output: {saved: int}\n", "flow:12:23 [type-mismatch] 'saved' is int here, and bool at store:7:23"),
        ("call: store.save", "call: flow.run_it", "flow:11:13 [self-reference] the node 'flow' refers to itself"),
        ("store.save\n", "store.save\n      after: [keep]\n", "flow:12:15 [cycle] the step 'keep' waits for itself"),
    ],
)  # fmt: skip
def test_a_step_that_does_not_fit_what_it_calls_is_found(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in FLOW
    assert message in said(tmp_path, store=STORE, flow=FLOW.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("store.save", "store.gone", "sums:8:11 [unknown-reference] store (store:1:1) has no operation 'gone'"),
        ("{id: str}", "{id: str, size: int}", "sums:9:23 [unknown-reference] shop/store.save (store:5:3) has no output field 'size'"),
        ("{id: str}", "{id: str, saved: int}", "sums:9:30 [type-mismatch] 'saved' is int here, and bool at store:7:23"),
        ("{id: str}", "{saved: bool}", "sums:9:5 [event-key] the event 'kept' does not carry the state's key 'id' (sums:5:27)"),
        ("store.save\n    fields: {id: str}", "store.drop", "sums:8:11 [event-key] shop/store.drop (store:8:3) has no output, so nothing to be an event"),
        ("  kept:", "  again: {from: store.save}\n  kept:", "sums:9:11 [contradiction] 'again' (sums:7:17) comes from shop/store.save, too"),
    ],
)  # fmt: skip
def test_an_event_that_does_not_fit_its_source_is_found(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in SUMS
    assert message in said(tmp_path, store=STORE, sums=SUMS.replace(old, new))


def test_an_event_cannot_come_from_a_node_that_publishes_nothing(tmp_path: Path) -> None:
    found = said(tmp_path, store=STORE.replace("effect", "compute"), sums=SUMS)

    assert found == ["sums:8:11 [not-on-the-bus] store (store:1:1) is not on the event bus"]


def test_workflows_that_call_each_other_are_found_with_the_whole_way_around(tmp_path: Path) -> None:
    second = FLOW.replace("name: flow", "name: second").replace("store.save", "flow.run_it")

    found = said(tmp_path, second=second, flow=FLOW.replace("store.save", "second.run_it"))

    way = "shop/flow.run_it -> shop/second.run_it (flow:11:13) -> shop/flow.run_it (second:11:13)"
    assert found == [f"flow:11:13 [cycle] the operations wait for each other: {way}"]


def test_a_workflow_whose_undo_starts_another_that_calls_it_is_found(tmp_path: Path) -> None:
    second = FLOW.replace("name: flow", "name: second").replace("store.save", "flow.run_it")
    flow = FLOW.replace("store.save\n", "store.save\n      undo: second.run_it\n")

    (found,) = said(tmp_path, store=STORE, second=second, flow=flow)

    assert "shop/second.run_it (flow:12:13) -> shop/flow.run_it (second:11:13)" in found


def test_events_that_follow_from_each_other_are_found(tmp_path: Path) -> None:
    sums = SUMS.replace("store.save", "other.kept")
    other = SUMS.replace("name: sums", "name: other").replace("store.save", "sums.kept")

    way = "shop/other.kept -> shop/sums.kept (other:8:11) -> shop/other.kept (sums:8:11)"
    assert said(tmp_path, other=other, sums=sums) == [
        f"other:8:11 [cycle] the operations wait for each other: {way}"
    ]


def test_a_workflow_that_calls_the_event_its_own_result_is_gets_found(tmp_path: Path) -> None:
    flow = (
        "node: orchestrator\nname: flow\ndomain: shop\noperations: {run_it: {input: {id: str}, output: {id: str}}}\n"
        "workflow: {steps: {fold: {call: sums.kept, with: {id: input.id}}}, result: {id: input.id}}\n"
    )

    (found,) = said(tmp_path, flow=flow, sums=SUMS.replace("store.save", "flow.run_it"))

    assert "shop/flow.run_it -> shop/sums.kept (flow:5:33) -> shop/flow.run_it (sums:8:11)" in found


def test_workflows_may_call_one_after_the_other_and_both_the_same(tmp_path: Path) -> None:
    second = FLOW.replace("name: flow", "name: second").replace("store.save", "flow.run_it")
    third = FLOW.replace("name: flow", "name: third").replace("store.save", "flow.run_it")

    load_system(in_folder(tmp_path, store=STORE, flow=FLOW, second=second, third=third))


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        (STORE, "topics"),
        (STORE.replace("effect", "compute\nevent_bus: true"), "topics"),
        (STORE.replace("name: store\ndomain: shop", "name: shop_store"), ""),
        (STORE.replace("domain: shop", "domain: other"), ""),
        (STORE.replace("name: store\n", "name: store_1\n"), ""),
    ],
)
def test_two_nodes_may_not_share_a_name_in_one_domain(tmp_path: Path, other: str, shared: str) -> None:
    folder = in_folder(tmp_path, a=STORE, b=other)
    if not shared and "shop_store" not in other:
        load_system(folder)
        return

    with pytest.raises(SpecError) as refused:
        load_system(folder)

    (found,) = refused.value.findings
    place = f"{found.file}:{found.line} {found.message}".replace(f"{folder}/", "")
    line = 3 if "compute" in other else 2
    assert (
        place
        == f"b.node.yaml:{line} this node and 'store' (a.node.yaml:2:7) would share their {shared or 'folder'}"
    )


def test_a_node_without_a_domain_and_one_of_the_domain_general_share_their_topics(tmp_path: Path) -> None:
    found = said(
        tmp_path, a=STORE.replace("domain: shop\n", ""), b=STORE.replace("domain: shop", "domain: general")
    )

    assert found == ["b:2:7 [name-collision] this node and 'store' (a:2:7) would share their topics"]


def test_names_that_are_one_as_a_class_are_found_within_a_domain(tmp_path: Path) -> None:
    found = said(
        tmp_path, a=STORE.replace("name: store", "name: store_1"), b=STORE.replace("name: store", "name: store1")
    )  # fmt: skip

    assert found == ["b:2:7 [name-collision] this node and 'store_1' (a:2:7) would share their class name"]


def test_a_name_in_two_domains_is_ambiguous_and_both_are_told(tmp_path: Path) -> None:
    found = said(
        tmp_path,
        a=STORE,
        b=STORE.replace("domain: shop", "domain: other"),
        flow=FLOW.replace("domain: shop", "domain: third"),
    )

    assert found == [
        "flow:11:13 [ambiguous] there is a node 'store' in the domains 'other' (b:1:1) and 'shop' (a:1:1)"
    ]


def test_the_same_node_in_two_files_is_found_whichever_way_they_are_given(tmp_path: Path) -> None:
    in_folder(tmp_path, a=STORE, b=STORE)

    with pytest.raises(SpecError) as refused:
        load_files([tmp_path / "b.node.yaml", tmp_path / "a.node.yaml"])

    assert [found.rule for found in refused.value.findings] == ["name-collision"]


def test_a_circle_of_a_thousand_workflows_is_found_quickly_and_told_in_short(tmp_path: Path) -> None:
    nodes = "".join(
        f"- {{node: orchestrator, name: n{n}, operations: {{go: {{}}}}, workflow: {{steps: {{s: {{call: n{(n + 1) % 1000}.go}}}}}}}}\n"
        for n in range(1000)
    )
    file = tmp_path / "system.yaml"
    file.write_text(f"system: ring\nnodes:\n{nodes}", encoding="utf-8")
    started = time.process_time()

    with pytest.raises(SpecError) as refused:
        load_system(file)

    (found,) = refused.value.findings
    assert "... (988 more)" in found.message
    assert len(found.message) < 2000
    assert time.process_time() - started < 20
