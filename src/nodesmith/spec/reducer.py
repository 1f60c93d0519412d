"""What a reducer has: state, the events it folds into it, and intents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nodesmith.spec.fields import read_fields
from nodesmith.spec.model import (
    EnumType,
    EventSpec,
    FieldSpec,
    IntentSpec,
    StateMachine,
    StateSpec,
    Transition,
)
from nodesmith.spec.operations import STATE_QUERY, check_key_field, field_named, read_ref
from nodesmith.spec.reading import (
    check_keys,
    check_name,
    choice_of,
    description_of,
    list_of,
    mapping_of,
    siblings_of,
    text_of,
)
from nodesmith.spec.tree import Tree, shown
from nodesmith.spec.type_language import UNKNOWN_TYPE, fits, type_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nodesmith.spec.findings import Findings

STATE_KEYS = ("key", "fields", "machine")
EVENT_KEYS = ("description", "from", "fields")
INTENT_KEYS = ("description", "fields")
MACHINE_KEYS = ("field", "initial", "transitions")
TRANSITION_KEYS = ("on", "from", "to")


def read_events(tree: Tree, findings: Findings) -> tuple[EventSpec, ...]:
    """Return the events of a reducer; one without `fields` gets them from its source when a system is resolved."""
    entries = siblings_of(tree, findings, what="event")
    if tree.value == {}:
        findings.add("empty", "a reducer needs at least one event", tree.place, "add an event")
    return tuple(_event(name, entry, findings) for name, entry in entries.items())


def _event(name: str, tree: Tree, findings: Findings) -> EventSpec:
    check_name(name, tree, findings, what="event")
    if name == STATE_QUERY:
        message = f"'{STATE_QUERY}' is the operation that asks a reducer for its state"
        findings.add("reserved-name", message, tree.key, "choose another name for the event")
    entries = mapping_of(tree, findings, "an event: a mapping with 'fields', and 'from' where it comes from")
    check_keys(tree, findings, allowed=EVENT_KEYS, what="an event")
    if isinstance(tree.value, dict) and "fields" not in entries and "from" not in entries:
        findings.add("missing-key", "an event needs 'fields', or 'from'", tree.key, "add 'fields:'")
    return EventSpec(
        name=name,
        description=description_of(entries, findings),
        source=read_ref(entries["from"], findings) if "from" in entries else None,
        fields=read_fields(entries["fields"], findings, names=len(name)) if "fields" in entries else (),
    )


def read_intents(tree: Tree, findings: Findings) -> tuple[IntentSpec, ...]:
    """Return the intents of a reducer."""
    entries = siblings_of(tree, findings, what="intent")
    return tuple(_intent(name, entry, findings) for name, entry in entries.items())


def _intent(name: str, tree: Tree, findings: Findings) -> IntentSpec:
    check_name(name, tree, findings, what="intent")
    entries = mapping_of(tree, findings, "an intent: a mapping with 'fields'")
    check_keys(tree, findings, allowed=INTENT_KEYS, what="an intent")
    return IntentSpec(
        name=name,
        description=description_of(entries, findings),
        fields=read_fields(entries["fields"], findings, names=len(name)) if "fields" in entries else (),
    )


def read_state(tree: Tree, events: Sequence[EventSpec], findings: Findings) -> StateSpec | None:
    """Return what a reducer keeps; its fields but the key have a value before the first event."""
    entries = mapping_of(tree, findings, "the state: a mapping with 'key' and 'fields'")
    check_keys(tree, findings, allowed=STATE_KEYS, required=("key", "fields"), what="the state")
    fields = read_fields(entries["fields"], findings) if "fields" in entries else ()
    key = text_of(entries["key"], findings, "the name of a field of the state") if "key" in entries else ""
    if "key" in entries and isinstance(entries["key"].value, str) and "fields" in entries:
        check_key_field(key, fields, entries["key"], findings, where="the state")
    machine = None
    if "machine" in entries:
        machine = _machine(entries["machine"], fields, events, findings)
        fields = tuple(_with_initial(field, machine) for field in fields)
    if field_named(key, fields) is not None:
        _check_initial_values(fields, key, entries["fields"], findings)
    return StateSpec(key=key, fields=fields, machine=machine) if key else None


def _check_initial_values(fields: Sequence[FieldSpec], key: str, tree: Tree, findings: Findings) -> None:
    for field in fields:
        if field.required and field.name != key and field.type is not UNKNOWN_TYPE:
            message = f"the state field '{field.name}' has no value before the first event"
            fix = f"add a default, or make it '{type_text(field.type)} | null'"
            findings.add("state-default", message, tree.at(field.name).key, fix)


def check_event_keys(events: Sequence[EventSpec], state: StateSpec, tree: Tree, findings: Findings) -> None:
    """Find events that do not carry the state's key, or carry it as another type."""
    key = field_named(state.key, state.fields)
    if key is None:
        return
    stands = tree.at("state", "fields", state.key).key
    for event in events:
        place = tree.at("events", event.name, "fields")
        carried = field_named(state.key, event.fields)
        if carried is None:
            message = f"the event '{event.name}' does not carry the state's key '{state.key}' ({stands})"
            findings.add("event-key", message, place.key, f"add '{state.key}: {type_text(key.type)}'")
        elif not fits(carried.type, key.type) or not carried.required:
            found = (
                type_text(carried.type)
                if carried.required
                else f"{type_text(carried.type)} that may be left out"
            )
            message = (
                f"the key '{state.key}' is {found} here and {type_text(key.type)} in the state ({stands})"
            )
            findings.add("event-key", message, place.at(state.key).place, "make them the same")


def _with_initial(field: FieldSpec, machine: StateMachine | None) -> FieldSpec:
    if machine is None or field.name != machine.field or not field.required:
        return field
    return replace(field, required=False, default=machine.initial)


def _machine(
    tree: Tree, fields: Sequence[FieldSpec], events: Sequence[EventSpec], findings: Findings
) -> StateMachine | None:
    entries = mapping_of(
        tree, findings, "a state machine: a mapping with 'field', 'initial' and 'transitions'"
    )
    check_keys(tree, findings, allowed=MACHINE_KEYS, required=MACHINE_KEYS, what="the machine")
    values = _machine_values(entries.get("field"), fields, findings)
    initial = (
        choice_of(entries["initial"], findings, values, "state") if values and "initial" in entries else None
    )
    transitions: list[Transition] = []
    if "transitions" in entries:
        names = [event.name for event in events]
        taken: set[tuple[str, str]] = set()
        for item in list_of(entries["transitions"], findings, "a list of transitions"):
            transition = _transition(item, values, names, findings)
            _check_determinism(transition, taken, item, findings)
            transitions.append(transition)
    if initial is None or "field" not in entries:
        return None
    field = field_named(str(entries["field"].value), fields)
    if field is not None and not field.required and field.default != initial:
        message = f"the field '{field.name}' starts as {shown(field.default)}, the machine as '{initial}'"
        findings.add("contradiction", message, entries["initial"].place, "drop the field's default")
    return StateMachine(field=str(entries["field"].value), initial=initial, transitions=tuple(transitions))


def _machine_values(tree: Tree | None, fields: Sequence[FieldSpec], findings: Findings) -> tuple[str, ...]:
    if tree is None:
        return ()
    name = text_of(tree, findings, "the name of an enum field of the state")
    if not isinstance(tree.value, str):
        return ()
    field = field_named(name, fields)
    if field is None:
        message = f"{shown(name)} is no field of the state"
        findings.add("unknown-reference", message, tree.place, findings.near(name, [f.name for f in fields]))
    elif isinstance(field.type, EnumType):
        return field.type.values
    elif field.type is not UNKNOWN_TYPE:
        message = f"the machine's field '{name}' is {type_text(field.type)}, no enum"
        findings.add("machine-field", message, tree.place, "write it as {enum: [a, b]}")
    return ()


def _transition(tree: Tree, values: Sequence[str], events: Sequence[str], findings: Findings) -> Transition:
    entries = mapping_of(tree, findings, "a transition: {on: event, from: state, to: state}")
    check_keys(tree, findings, allowed=TRANSITION_KEYS, required=TRANSITION_KEYS, what="a transition")
    event = choice_of(entries["on"], findings, events, "event") if "on" in entries and events else None
    target = choice_of(entries["to"], findings, values, "state") if "to" in entries and values else None
    return Transition(event=event or "", sources=_sources(entries, values, findings), target=target or "")


def _sources(entries: Mapping[str, Tree], values: Sequence[str], findings: Findings) -> tuple[str, ...]:
    tree = entries.get("from")
    if tree is None or not values:
        return ()
    items = [tree] if isinstance(tree.value, str) else list_of(tree, findings, "a state, or a list of states")
    if tree.value == ():
        findings.add("empty", "a transition starts from at least one state", tree.place, "name one")
    return tuple(found for item in items if (found := choice_of(item, findings, values, "state")))


def _check_determinism(new: Transition, taken: set[tuple[str, str]], tree: Tree, findings: Findings) -> None:
    for source in new.sources:
        if new.event and (new.event, source) in taken:
            message = f"a second transition on '{new.event}' from '{source}'"
            findings.add(
                "contradiction", message, tree.place, "an event leads from a state to one other: keep one"
            )
        taken.add((new.event, source))
