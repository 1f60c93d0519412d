from __future__ import annotations

import pytest
from spec.checking import SAMPLES, fixes, load_node, problems

from nodesmith.spec.loading import load_system
from nodesmith.spec.model import OperationRef, Transition
from nodesmith.spec.operations import operations_of

HEAD = "node: reducer\nname: totals\ndomain: shop\nevent_bus: true\n"
STATE = (
    "state: {key: k, fields: {k: str, n: {type: int, default: 0}, s: {enum: [open, closed]}}, machine: %s}\n"
)
MACHINE = "{field: s, initial: open, transitions: [{on: ev, from: open, to: closed}]}"
EVENTS = "events: {ev: {fields: {k: str}}}\n"
PLAIN = f"{HEAD}state: {{key: k, fields: {{k: str}}}}\n"


def test_a_reducer_is_read_with_its_machine_events_and_intents() -> None:
    node = load_system(SAMPLES / "order_totals.node.yaml").nodes[0]

    assert node.state is not None
    assert node.state.machine is not None
    assert node.state.machine.transitions[1] == Transition(
        event="customer_left", sources=("open", "closed"), target="closed"
    )
    assert node.events[0].source == OperationRef(node="order_store", operation="store_order", domain="orders")
    assert [intent.name for intent in node.intents] == ["notify_vip"]


def test_a_machine_s_field_starts_as_the_machine_does() -> None:
    node = load_node(HEAD + STATE % MACHINE + EVENTS)

    assert node.state is not None
    assert (node.state.fields[2].required, node.state.fields[2].default) == (False, "open")


def test_events_and_the_state_query_may_be_called() -> None:
    node = load_node(PLAIN + EVENTS)

    called = {operation.name: operation for operation in operations_of(node)}

    assert list(called) == ["ev", "get_state"]
    assert [field.name for field in called["get_state"].input] == ["k"]
    assert called["ev"].key == "k"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{HEAD}{EVENTS}", ["1:1  [missing-key]"]),
        (PLAIN, ["1:1  [missing-key]"]),
        (PLAIN + "events: {}\n", ["6:9 events [empty]"]),
        (PLAIN + "events: {get_state: {fields: {k: str}}}\n", ["6:10 events.get_state [reserved-name]"]),
        (PLAIN + "events: {ev: {}}\n", ["6:10 events.ev [missing-key]"]),
        (PLAIN + "events: {ev: {fields: {j: str}}}\n", ["6:15 events.ev.fields [event-key]"]),
        (PLAIN + "events: {ev: {fields: {k: int}}}\n", ["6:27 events.ev.fields.k [event-key]"]),
        (PLAIN + "events: {ev: {fields: {k: str | null}}}\n", ["6:27 events.ev.fields.k [event-key]"]),
        (PLAIN + "events: {ev: {from: a, fields: {k: str}}}\n", ["6:21 events.ev.from [bad-reference]"]),
        (PLAIN + "events: {ev: {from: a.b}}\n", ["6:10 events.ev [missing-key]"]),
        (
            PLAIN + "events: {e: {from: a.b, fields: {k: str}}, f: {from: a.b, fields: {k: str}}}\n",
            ["6:54 events.f.from [contradiction]"],
        ),
        (PLAIN + EVENTS + "intents: {in_2: {}, in2: {}}\n", ["7:21 intents.in2 [name-collision]"]),
        (PLAIN + EVENTS + "intents: {go: {fields: {x: strr}}}\n", ["7:28 intents.go.fields.x [unknown-type]"]),
        (
            HEAD.replace("event_bus: true\n", "") + "state: {key: k, fields: {k: str}}\n"
            "events: {ev: {from: a.b, fields: {k: str}}}\n",
            ["5:15 events.ev.from [not-on-the-bus]"],
        ),
        (f"{HEAD}state: {{fields: {{k: {{type: str, default: a}}}}}}\n{EVENTS}", ["5:1 state [missing-key]"]),
        (f"{HEAD}state: {{key: j, fields: {{k: str}}}}\n{EVENTS}", ["5:14 state.key [unknown-reference]"]),
        (f"{HEAD}state: {{key: '', fields: {{k: str}}}}\n{EVENTS}", ["5:14 state.key [unknown-reference]"]),
        (f"{HEAD}state: {{key: k, fields: {{k: json}}}}\n{EVENTS}", ["5:14 state.key [key-field]"]),
        (f"{HEAD}state: {{key: k, fields: {{k: str, n: int}}}}\n{EVENTS}", ["5:34 state.fields.n [state-default]"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_reducer_is_found_where_it_stands(text: str, found: list[str]) -> None:
    assert problems(text) == found


@pytest.mark.parametrize(
    ("machine", "found"),
    [
        ("{field: t, initial: open, transitions: []}", ["machine.field [unknown-reference]"]),
        ("{field: '', initial: open, transitions: []}", ["machine.field [unknown-reference]"]),
        ("{field: n, initial: open, transitions: []}", ["machine.field [machine-field]"]),
        ("{field: s, initial: opn, transitions: []}", ["machine.initial [unknown-value]"]),
        ("{field: s, initial: open}", ["machine [missing-key]"]),
        ("{field: s, initial: open, transitions: [{on: evv, from: open, to: closed}]}", ["machine.transitions[0].on [unknown-value]"]),
        ("{field: s, initial: open, transitions: [{on: ev, from: [], to: closed}]}", ["machine.transitions[0].from [empty]"]),
        ("{field: s, initial: open, transitions: [{on: ev, from: [open, x], to: closed}]}", ["machine.transitions[0].from[1] [unknown-value]"]),
        ("{field: s, initial: open, transitions: [{on: ev, from: open, to: x}]}", ["machine.transitions[0].to [unknown-value]"]),
        ("{field: s, initial: open, transitions: [{on: ev, from: open, into: open}]}", ["machine.transitions[0] [missing-key]", "machine.transitions[0].into [unknown-key]"]),
        ("{field: s, initial: open, transitions: [{on: ev, from: open, to: open}, {on: ev, from: [closed, open], to: closed}]}", ["machine.transitions[1] [contradiction]"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_machine_is_found_where_it_stands(machine: str, found: list[str]) -> None:
    rules = [problem.split(" ", 1)[1] for problem in problems(HEAD + STATE % machine + EVENTS)]

    assert [rule for rule in rules if "state-default" not in rule] == [f"state.{rule}" for rule in found]


def test_a_field_s_default_and_the_machine_s_initial_state_must_agree() -> None:
    state = STATE.replace("{enum: [open, closed]}", "{enum: [open, closed], default: closed}") % MACHINE

    assert [problem.split(" ", 1)[1] for problem in problems(HEAD + state + EVENTS)] == [
        "state.machine.initial [contradiction]"
    ]


def test_a_mistyped_state_is_answered_with_the_one_that_was_meant() -> None:
    assert "did you mean 'open'?" in fixes(
        HEAD + STATE % MACHINE.replace("initial: open", "initial: opne") + EVENTS
    )
