from __future__ import annotations

import pytest
from spec.checking import SAMPLES, fixes, load_node, problems

from nodesmith.spec.loading import load_system
from nodesmith.spec.model import InputBinding, LiteralBinding, ScalarName, ScalarType, StepBinding

HEAD = """\
node: orchestrator
name: flow
operations: {run_it: {input: {a: str, n: int}, output: {c: str}}}
workflow:
  steps:
    one: {call: other.first, with: {a: input.a}, output: {c: str, n: int}}
"""
RESULT = "  result: {c: one.c}\n"


def with_step(step: str) -> str:
    """Return a spec whose second step stands in line 7, its value from column 10 on."""
    return f"{HEAD}    two: {step}\n{RESULT}"


def test_a_workflow_is_read_with_what_its_fields_come_from() -> None:
    workflow = load_system(SAMPLES / "order_fulfilment.node.yaml").nodes[0].workflow
    assert workflow is not None

    quote, store, receipt = workflow.steps

    assert quote.bindings == {
        "items": InputBinding("items"), "currency": LiteralBinding("EUR"), "discount": LiteralBinding(0.1)
    }  # fmt: skip
    assert (store.after, store.timeout_seconds, store.retries) == (("quote",), 10.0, 2)
    assert (receipt.after, receipt.call.domain, store.call.domain) == (("store",), "mail", "orders")
    assert workflow.result["total"] == StepBinding("quote", "total")


def test_a_step_whose_node_is_in_no_file_takes_the_types_of_what_it_is_sent() -> None:
    text = with_step("{call: x.y, with: {a: input.n, b: one.c, c: true, d: [1, 2.5], e: {value: t}}}")

    workflow = load_node(text).workflow

    assert workflow is not None
    types = {field.name: field.type for field in workflow.steps[1].input}
    assert types["a"] == ScalarType(ScalarName.INT)
    assert types["b"] == types["e"] == ScalarType(ScalarName.STR)
    assert types["c"] == ScalarType(ScalarName.BOOL)


def test_steps_stand_in_an_order_that_respects_what_they_wait_for() -> None:
    steps = "    b: {call: o.x, with: {v: c.v}}\n    a: {call: o.x}\n    c: {call: o.x, after: [a], output: {v: int}}\n"
    text = (
        HEAD.replace("    one: ", "    z_one: ").replace("steps:\n", f"steps:\n{steps}")
        + "  result: {c: z_one.c}\n"
    )

    workflow = load_node(text).workflow

    assert workflow is not None
    assert [step.name for step in workflow.steps] == ["a", "c", "b", "z_one"]
    assert workflow.steps[2].after == ("c",)


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ("{}", "7:5 workflow.steps.two [missing-key]"),
        ("other.second", "7:10 workflow.steps.two [wrong-type]"),
        ("{call: other}", "7:17 workflow.steps.two.call [bad-reference]"),
        ("{call: other.second.third}", "7:17 workflow.steps.two.call [bad-reference]"),
        ("{call: flow.run_it}", "7:17 workflow.steps.two.call [self-reference]"),
        ("{call: x.y, wait: 5s}", "7:22 workflow.steps.two.wait [unknown-key]"),
        ("{call: x.y, with: [a]}", "7:28 workflow.steps.two.with [wrong-type]"),
        ("{call: x.y, with: {a: hello}}", "7:32 workflow.steps.two.with.a [bad-reference]"),
        ("{call: x.y, with: {a: input.a.b}}", "7:32 workflow.steps.two.with.a [bad-reference]"),
        ("{call: x.y, with: {a: {v: 1}}}", "7:32 workflow.steps.two.with.a [wrong-type]"),
        ("{call: x.y, with: {a: input.b}}", "7:32 workflow.steps.two.with.a [unknown-reference]"),
        ("{call: x.y, with: {a: oen.c}}", "7:32 workflow.steps.two.with.a [unknown-reference]"),
        ("{call: x.y, with: {a: one.d}}", "7:32 workflow.steps.two.with.a [unknown-reference]"),
        ("{call: x.y, with: {class: one.c}}", "7:29 workflow.steps.two.with.class [bad-name]"),
        ("{call: x.y, after: one}", "7:29 workflow.steps.two.after [wrong-type]"),
        ("{call: x.y, after: [oen]}", "7:30 workflow.steps.two.after[0] [unknown-reference]"),
        ("{call: x.y, after: [one, one]}", "7:35 workflow.steps.two.after[1] [duplicate-value]"),
        ("{call: x.y, after: [two]}", "7:30 workflow.steps.two.after[0] [cycle]"),
        ("{call: x.y, after: [], with: {a: one.c}}", "7:43 workflow.steps.two.with.a [order]"),
        ("{call: x.y, retries: -1}", "7:31 workflow.steps.two.retries [out-of-range]"),
        ("{call: x.y, retries: many}", "7:31 workflow.steps.two.retries [wrong-type]"),
        ("{call: x.y, timeout: soon}", "7:31 workflow.steps.two.timeout [wrong-type]"),
        ("{call: x.y, undo: z}", "7:28 workflow.steps.two.undo [bad-reference]"),
        ("{call: x.y, output: {a: strr}}", "7:34 workflow.steps.two.output.a [unknown-type]"),
    ],
)
def test_what_is_wrong_with_a_step_is_found_where_it_stands(step: str, found: str) -> None:
    assert problems(with_step(step)) == [found]


@pytest.mark.parametrize(
    ("result", "found"),
    [
        ("", "4:1 workflow [missing-key]"),
        ("  result: {}\n", "7:3 workflow.result [missing-key]"),
        ("  result: {c: one.c, d: one.c}\n", "7:22 workflow.result.d [unknown-reference]"),
        ("  result: {c: one.x}\n", "7:15 workflow.result.c [unknown-reference]"),
        ("  result: {c: one.n}\n", "7:15 workflow.result.c [type-mismatch]"),
        ("  result: {c: input.n}\n", "7:15 workflow.result.c [type-mismatch]"),
        ("  result: {c: 5}\n", "7:15 workflow.result.c [type-mismatch]"),
    ],
)
def test_the_result_covers_the_output_with_what_fits(result: str, found: str) -> None:
    assert problems(HEAD + result) == [found]


def test_steps_that_wait_for_each_other_are_named() -> None:
    text = f"{HEAD}    two: {{call: x.y, after: [three]}}\n    three: {{call: x.y, after: [two]}}\n{RESULT}"

    assert problems(text) == ["7:22 workflow.steps.two.after [cycle]"]


@pytest.mark.parametrize("name", ["input", "class", "Two"])
def test_a_step_has_a_name_of_its_own(name: str) -> None:
    found = problems(f"{HEAD}    {name}: {{call: x.y}}\n{RESULT}")

    assert len(found) == 1
    assert found[0].startswith(f"7:5 workflow.steps.{name}")


def test_what_is_read_of_an_unknown_answer_has_to_be_declared() -> None:
    assert fixes(with_step("{call: x.y, with: {a: one.other}}")) == [
        "declare it: 'output: {other: <type>}' in the step"
    ]


def test_a_text_that_is_no_reference_is_answered_with_how_to_write_it() -> None:
    assert fixes(with_step("{call: x.y, with: {a: hello}}")) == [
        "write input.<field> or <step>.<field>; a text itself is written {value: ...}"
    ]
