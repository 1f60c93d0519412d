from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from spec.checking import SAMPLES, findings_of, load, problems

from nodesmith.errors import SpecError
from nodesmith.spec.loading import load_files, load_node_document, load_system
from nodesmith.spec.model import OperationRef, StepSpec

if TYPE_CHECKING:
    from pathlib import Path

# Lines: adder's `add` stands at 4:5, its input at 5, its output at 6; the step's call at 12, its `with` at 13.
SYSTEM = """\
system: shop
nodes:
- {node: effect, name: adder, operations: {
    add: {
      input: {a: int, note: str | null},
      output: {total: int, at: datetime}}}}
- node: orchestrator
  name: flow
  operations: {run_it: {input: {a: int, t: str, d: decimal}, output: {total: int}}}
  workflow:
    steps:
      one: {call: adder.add,
            with: {a: input.a}}
    result: {total: one.total}
"""
REDUCER = """\
- {node: reducer, name: sums, event_bus: true, state: {key: total, fields: {total: int}}, events: {
    added: {from: adder.add}}}
"""


def step_of(text: str) -> StepSpec:
    workflow = load(text).nodes[1].workflow
    assert workflow is not None
    return workflow.steps[0]


def test_a_step_knows_the_fields_it_sends_and_those_of_the_answer_that_are_read() -> None:
    workflow = load_system(SAMPLES / "system").nodes[3].workflow
    assert workflow is not None

    store = workflow.steps[1]

    assert [field.name for field in store.input] == ["order_id", "total"]
    assert [field.name for field in store.output] == ["order_id"]
    assert [field.name for field in store.undo_input] == ["order_id"]
    assert store.key == "order_id"
    assert store.call == OperationRef(node="order_store", operation="store_order", domain="shop")


def test_an_event_takes_the_fields_of_its_source() -> None:
    event = load(SYSTEM + REDUCER).nodes[2].events[0]

    assert [field.name for field in event.fields] == ["total", "at"]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("adder.add,", "addr.add,", "12:19 nodes[1].workflow.steps.one.call [unknown-reference]"),
        ("adder.add,", "adder.ad,", "12:19 nodes[1].workflow.steps.one.call [unknown-reference]"),
        ("{a: input.a}}", "{b: 1, a: input.a}}", "13:20 nodes[1].workflow.steps.one.with.b [unknown-reference]"),
        ("{a: input.a}}", "{note: input.t}}", "13:13 nodes[1].workflow.steps.one.with [missing-key]"),
        ("{a: input.a}}", "{a: input.t}}", "13:23 nodes[1].workflow.steps.one.with.a [type-mismatch]"),
        ("{a: input.a}}", "{a: 1.5}}", "13:23 nodes[1].workflow.steps.one.with.a [type-mismatch]"),
        ("{total: one.total}", "{total: one.totl}", "14:21 nodes[1].workflow.result.total [unknown-reference]"),
        ("{total: one.total}", "{total: one.at}", "14:21 nodes[1].workflow.result.total [type-mismatch]"),
        ("{a: input.a}}", "{a: input.a}, output: {x: int}}", "13:42 nodes[1].workflow.steps.one.output.x [unknown-reference]"),
        ("{a: input.a}}", "{a: input.a}, output: {total: str}}", "13:49 nodes[1].workflow.steps.one.output.total [type-mismatch]"),
        ("{a: input.a}}", "{a: input.a}, undo: adder.sub}", "13:39 nodes[1].workflow.steps.one.undo [unknown-reference]"),
        ("node: effect", "node: compute", "12:19 nodes[1].workflow.steps.one.call [not-on-the-bus]"),
        ("name: flow", "name: adder", "8:9 nodes[1].name [name-collision]"),
        ("{a: input.a}}", "{a: input.a}}\n      two: {call: flow.run_it}", "14:19 nodes[1].workflow.steps.two.call [self-reference]"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_found_where_it_stands(old: str, new: str, found: str) -> None:
    assert old in SYSTEM
    assert found in problems(SYSTEM.replace(old, new))


def test_a_finding_about_two_places_tells_both() -> None:
    found = findings_of(SYSTEM.replace("{a: input.a}}", "{a: input.t}}"))

    assert "x.node.yaml:9:41) is str" in found[0].message
    assert "adder.add (" in found[0].message
    assert "x.node.yaml:4:5) is int" in found[0].message


def test_an_undo_can_be_sent_only_what_the_step_has() -> None:
    text = SYSTEM.replace(
        "    add: {\n",
        "    take: {input: {other: int}}, drop: {input: {a: str}}, undo_it: {input: {a: int}}, add: {\n",
    )

    def with_undo(operation: str) -> list[str]:
        found = problems(text.replace("{a: input.a}}", f"{{a: input.a}}, undo: adder.{operation}}}"))
        return [problem.split(" ", 1)[1] for problem in found]

    assert with_undo("undo_it") == []
    assert with_undo("take") == ["nodes[1].workflow.steps.one.undo [undo]"]
    assert with_undo("drop") == ["nodes[1].workflow.steps.one.undo [type-mismatch]"]


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ("{from: adder.ad}", "events.added.from [unknown-reference]"),
        ("{from: other.add}", "events.added.from [unknown-reference]"),
        ("{from: adder.add, fields: {total: str}}", "events.added.fields.total [type-mismatch]"),
        (
            "{from: adder.add, fields: {total: int, more: int}}",
            "events.added.fields.more [unknown-reference]",
        ),
        ("{from: sums.added}", "events.added.from [self-reference]"),
    ],
)
def test_what_an_event_takes_from_its_source_must_be_there(event: str, found: str) -> None:
    text = SYSTEM + REDUCER.replace("{from: adder.add}", event)

    assert f"nodes[2].{found}" in [problem.split(" ", 1)[1] for problem in problems(text)]


def test_an_event_may_leave_out_what_it_does_not_need_of_its_source() -> None:
    assert (
        problems(SYSTEM + REDUCER.replace("{from: adder.add}", "{from: adder.add, fields: {total: int}}"))
        == []
    )


def test_an_integer_may_go_where_a_decimal_is_wanted_and_a_value_where_null_is_allowed() -> None:
    assert problems(SYSTEM.replace("a: int, note", "a: decimal, note")) == []
    assert problems(SYSTEM.replace("{a: input.a}}", "{a: input.a, note: input.t}}")) == []


def test_a_node_of_another_domain_is_outside_the_system_where_no_node_has_that_domain() -> None:
    text = SYSTEM.replace("one: {call: adder.add,", "one: {call: far/adder.add, output: {total: int},")

    assert step_of(text).call == OperationRef(node="adder", operation="add", domain="far")


def test_a_name_in_two_domains_needs_the_domain() -> None:
    other = "- {node: effect, name: adder, domain: far, operations: {add: {input: {a: int}, output: {total: int}}}}\n"
    text = (SYSTEM + other).replace("  name: flow\n", "  name: flow\n  domain: third\n")

    assert [problem.split(" ", 1)[1] for problem in problems(text)] == [
        "nodes[1].workflow.steps.one.call [ambiguous]"
    ]
    assert step_of(text.replace("adder.add,", "far/adder.add,")).call.domain == "far"


def test_a_node_s_document_says_alone_what_the_system_said_together() -> None:
    for path in (SAMPLES / "system",):
        for node in load_system(path).nodes:
            alone = load_node_document(node.document, source="alone")

            assert alone.document == node.document
            assert alone.events == node.events
            assert [
                field.name
                for step in (alone.workflow.steps if alone.workflow else ())
                for field in step.output
            ] == [
                field.name for step in (node.workflow.steps if node.workflow else ()) for field in step.output
            ]


def test_an_event_that_is_a_state_with_a_machine_starts_alone_as_it_does_together() -> None:
    machine = "{field: stage, initial: new, transitions: [{on: ev, from: new, to: old}]}"
    fields = "{k: str, stage: {enum: [new, old]}}"
    text = (
        "system: shop\nnodes:\n"
        f"- {{node: reducer, name: first, event_bus: true, state: {{key: k, fields: {fields}, machine: {machine}}}, "
        "events: {ev: {fields: {k: str}}}}\n"
        "- {node: reducer, name: second, event_bus: true, state: {key: k, fields: {k: str}}, "
        "events: {moved: {from: first.ev}}}\n"
    )

    node = load(text).nodes[1]

    assert load_node_document(node.document, source="alone").events == node.events


def test_a_reference_into_another_domain_is_written_out_in_a_node_s_document() -> None:
    text = SYSTEM.replace("  name: flow\n", "  name: flow\n  domain: shop\n")

    node = load(text).nodes[1]
    alone = load_node_document(node.document, source="alone")

    assert alone.workflow is not None
    assert alone.workflow.steps[0].call == OperationRef(node="adder", operation="add", domain="general")


def test_nodes_of_a_folder_are_checked_against_each_other(tmp_path: Path) -> None:
    caller = "node: orchestrator\nname: flow\noperations: {run_it: {}}\nworkflow: {steps: {one: {call: adder.add}}}\n"
    (tmp_path / "flow.node.yaml").write_text(caller)
    (tmp_path / "adder.node.yml").write_text(
        "node: compute\nname: adder\noperations: {add: {input: {a: int}}}\n"
    )

    with pytest.raises(SpecError) as refused:
        load_system(tmp_path)

    assert [(f.rule, f.file.rsplit("/", 1)[1], f.line) for f in refused.value.findings] == [
        ("missing-key", "flow.node.yaml", 4),
        ("not-on-the-bus", "flow.node.yaml", 4),
    ]


def test_nodes_of_several_paths_are_checked_against_each_other_and_may_call_what_is_in_no_file(
    tmp_path: Path,
) -> None:
    caller = tmp_path / "flow.node.yaml"
    caller.write_text(
        "node: orchestrator\nname: flow\noperations: {run_it: {}}\n"
        "workflow: {steps: {one: {call: adder.ad}, two: {call: elsewhere.go}}}\n"
    )
    adder = tmp_path / "adder.node.yaml"
    adder.write_text("node: effect\nname: adder\noperations: {add: {}}\n")

    load_system(caller)
    with pytest.raises(SpecError) as refused:
        load_files([caller, adder])

    assert [finding.path for finding in refused.value.findings] == ["workflow.steps.one.call"]


def test_a_large_system_is_checked_quickly() -> None:
    nodes = "".join(
        f"- {{node: orchestrator, name: n{n}, operations: {{go: {{}}}}, workflow: {{steps: {{s: {{call: n{n + 1}.gone}}}}}}}}\n"
        for n in range(2000)
    )
    started = time.process_time()

    found = findings_of(f"system: big\nnodes:\n{nodes}")

    assert len(found) == 101
    assert time.process_time() - started < 20
