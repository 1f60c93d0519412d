from __future__ import annotations

import pytest
from spec.checking import findings_of, fixes, load_node, problems

from nodesmith.spec.model import Archetype

COMPUTE = "node: compute\nname: adder\noperations: {add: {input: {a: int}, output: {b: int}}}\n"
EFFECT = COMPUTE.replace("compute", "effect")
REDUCER = "node: reducer\nname: sums\nstate: {key: k, fields: {k: str}}\nevents: {seen: {fields: {k: str}}}\n"
ORCHESTRATOR = """\
node: orchestrator
name: flow
operations: {run_it: {input: {a: int}, output: {b: int}}}
workflow:
  steps: {one: {call: adder.add, with: {a: input.a}, output: {b: int}}}
  result: {b: one.b}
"""


def test_what_is_left_out_has_its_default() -> None:
    node = load_node(COMPUTE)

    assert (node.version, node.domain, node.description, node.event_bus) == ((1, 0, 0), "", "", False)


@pytest.mark.parametrize(
    ("text", "on_the_bus"), [(EFFECT, True), (COMPUTE, False), (REDUCER, False), (ORCHESTRATOR, True)]
)
def test_effect_and_orchestrator_are_on_the_bus_and_the_others_where_asked(
    text: str, on_the_bus: bool
) -> None:
    assert load_node(text).event_bus is on_the_bus
    assert load_node(f"{text}event_bus: true\n").event_bus


def test_the_document_is_what_the_file_says_in_its_own_order() -> None:
    text = "operations: {add: {output: {b: int}}}\nname: adder\nversion: 2.10.0\nnode: compute\n"

    node = load_node(text)

    assert list(node.document) == ["operations", "name", "version", "node"]
    assert node.version == (2, 10, 0)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("just text\n", ["1:1  [wrong-type]"]),
        ("name: x\n", ["1:1  [missing-key]"]),
        ("node: compte\nname: x\n", ["1:7 node [unknown-value]"]),
        ("node: 3\nname: x\n", ["1:7 node [wrong-type]"]),
        ("node: compute\nname: x\n", ["1:1  [missing-key]"]),
        (COMPUTE + "oprations: {}\n", ["4:1 oprations [unknown-key]"]),
        (COMPUTE + "adapter: sqlite\n", ["4:1 adapter [archetype]"]),
        (COMPUTE + "workflow: {steps: {a: {call: b.c}}}\n", ["4:1 workflow [archetype]"]),
        (EFFECT + "state: {key: k, fields: {k: str}}\n", ["4:1 state [archetype]"]),
        (EFFECT + "event_bus: false\n", ["4:12 event_bus [archetype]"]),
        (ORCHESTRATOR + "event_bus: false\n", ["7:12 event_bus [archetype]"]),
        (EFFECT + "event_bus: no\n", ["4:12 event_bus [wrong-type]"]),
        (EFFECT + "adapter: postgres\n", ["4:10 adapter [unknown-value]"]),
        (REDUCER + "operations: {}\n", ["5:1 operations [archetype]"]),
        ("node: compute\nname: x\noperations: {}\n", ["3:13 operations [empty]"]),
        ("node: compute\nname: x\noperations: [a]\n", ["3:13 operations [wrong-type]"]),
        ("node: compute\nname: x\noperations:\n  a:\n", ["4:5 operations.a [wrong-type]"]),
        (COMPUTE + "version: 1.0\n", ["4:10 version [version]"]),
        (COMPUTE + "version: 1\n", ["4:10 version [version]"]),
        (COMPUTE + "version: v1.0.0\n", ["4:10 version [version]"]),
        (COMPUTE + "version: 1.0.0-rc1\n", ["4:10 version [version]"]),
        (COMPUTE + "version: [1, 0, 0]\n", ["4:10 version [wrong-type]"]),
        (COMPUTE + f"description: {'x' * 3000}\n", ["4:14 description [too-long]"]),
        (COMPUTE + "domain: Big Data\n", ["4:9 domain [bad-name]"]),
        (
            COMPUTE.replace("adder", "a" * 64) + f"domain: {'d' * 64}\n",
            ["2:7 name [too-long]"],
        ),
        (COMPUTE.replace("adder", "class"), ["2:7 name [bad-name]"]),
        (COMPUTE.replace("adder", "7"), ["2:7 name [wrong-type]"]),
        (COMPUTE.replace("name: adder\n", ""), ["1:1  [missing-key]"]),
    ],
)
def test_what_is_wrong_with_a_node_is_found_where_it_stands(text: str, found: list[str]) -> None:
    assert problems(text) == found


def test_an_orchestrator_has_one_operation() -> None:
    text = ORCHESTRATOR.replace("operations: {", "operations: {other: {}, ")

    assert "3:25 operations.run_it [archetype]" in problems(text)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("node: compte\nname: x\n", "did you mean 'compute'?"),
        (COMPUTE + "version: 1.0\n", "write 1.0.0"),
        (COMPUTE + "version: 2.5\n", "write 2.5.0"),
        (COMPUTE + "version: 3\n", "write 3.0.0"),
        (COMPUTE + "descripton: x\n", "did you mean 'description'?"),
        (EFFECT + "adapter: postgres\n", "did you mean 'postgresql'?"),
        (COMPUTE.replace("adder", "Order Sync"), "write 'order_sync'"),
        (EFFECT + "event_bus: no\n", "YAML 1.2 spells it true or false"),
        (REDUCER + "operations: {}\n", "a reducer's operations are its events: write 'events:'"),
    ],
)
def test_a_finding_says_what_was_meant(text: str, fix: str) -> None:
    assert fixes(text) == [fix]


OPERATION = "node: effect\nname: x\noperations:\n  write_it:\n    "


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("keys: a\n    input: {a: str}", "5:5 operations.write_it.keys [unknown-key]"),
        ("key: b\n    input: {a: str}", "5:10 operations.write_it.key [unknown-reference]"),
        ("key: a\n    input: {a: json}", "5:10 operations.write_it.key [key-field]"),
        ("key: a\n    input: {a: 'list[str]'}", "5:10 operations.write_it.key [key-field]"),
        ("key: a\n    input: {a: decimal}", "5:10 operations.write_it.key [key-field]"),
        ("key: a\n    input: {a: {type: str, default: x}}", "5:10 operations.write_it.key [key-field]"),
        ("key: a\n    input: {a: str | null}", "5:10 operations.write_it.key [key-field]"),
        ("key: ''\n    input: {a: str}", "5:10 operations.write_it.key [unknown-reference]"),
        ("key: a", "5:10 operations.write_it.key [unknown-reference]"),
        ("timeout: 5x", "5:14 operations.write_it.timeout [wrong-type]"),
        ("timeout: 0", "5:14 operations.write_it.timeout [out-of-range]"),
        ("timeout: true", "5:14 operations.write_it.timeout [wrong-type]"),
        ("timeout: 900h", "5:14 operations.write_it.timeout [out-of-range]"),
        ("input: [a]", "5:12 operations.write_it.input [wrong-type]"),
    ],
)
def test_what_is_wrong_with_an_operation_is_found_where_it_stands(body: str, found: str) -> None:
    assert problems(f"{OPERATION}{body}\n") == [found]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5.0), ("0.25", 0.25), ("500ms", 0.5), ("5s", 5.0), ("2m", 120.0), ("1h", 3600.0)],
)
def test_a_timeout_is_a_number_of_seconds_or_a_text_with_a_unit(text: str, seconds: float) -> None:
    assert load_node(f"{OPERATION}timeout: {text}\n").operations[0].timeout_seconds == seconds


def test_operations_that_would_share_a_file_collide() -> None:
    text = "node: compute\nname: x\noperations:\n  get_2: {}\n  get2: {}\n"

    assert problems(text) == ["5:3 operations.get2 [name-collision]"]


def test_everything_wrong_with_a_file_comes_at_once_in_the_order_of_its_lines() -> None:
    text = """\
node: compte
name: Order Sync
version: 1.0
operations:
  quote:
    key: idd
    input: {order_id: strng}
    output: [a]
  class: {}
event_bus: no
adapter: postgres
"""

    assert problems(text) == [
        "1:7 node [unknown-value]",
        "2:7 name [bad-name]",
        "3:10 version [version]",
        "6:10 operations.quote.key [unknown-reference]",
        "7:23 operations.quote.input.order_id [unknown-type]",
        "8:13 operations.quote.output [wrong-type]",
        "9:3 operations.class [bad-name]",
        "10:12 event_bus [wrong-type]",
        "11:10 adapter [unknown-value]",
    ]


def test_more_findings_than_anybody_reads_are_counted() -> None:
    keys = "".join(f"key_{number}: 1\n" for number in range(300))

    found = findings_of(f"{COMPUTE}{keys}")

    assert len(found) == 101
    assert found[-1].message == "200 more are not shown"


@pytest.mark.parametrize("archetype", list(Archetype))
def test_each_archetype_loads(archetype: Archetype) -> None:
    texts = {"compute": COMPUTE, "effect": EFFECT, "reducer": REDUCER, "orchestrator": ORCHESTRATOR}

    assert load_node(texts[archetype]).archetype is archetype
