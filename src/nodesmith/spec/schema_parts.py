"""The parts of the JSON Schema that describe what a node is made of: operations, state, events, workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.schema_shapes import named, object_of, ref
from nodesmith.spec.workflow import MAX_RETRIES

if TYPE_CHECKING:
    from nodesmith.spec.schema_shapes import Schema


def part_definitions() -> Schema:
    """Return the definition of each part of a node, by its name."""
    return {
        "operation": _operation(),
        "state": _state(),
        "machine": _machine(),
        "event": _event(),
        "intent": _intent(),
        "workflow": _workflow(),
        "step": _step(),
    }


def _operation() -> Schema:
    return object_of(
        "Operation",
        "One thing the node does.",
        {
            "description": ref("description"),
            "key": ref("field_name", "The input field whose value keeps commands in order."),
            "timeout": ref("duration", "How long a command may take."),
            "input": ref("record", "The fields of the input."),
            "output": ref("record", "The fields of the output."),
        },
    )


def _state() -> Schema:
    return object_of(
        "State",
        "What the reducer keeps for each value of its key.",
        {
            "key": ref("field_name", "The field that tells one state from another; every event carries it."),
            "fields": ref("record", "The fields; all but the key have a default or may be null."),
            "machine": ref("machine"),
        },
        required=("key", "fields"),
    )


def _machine() -> Schema:
    states: Schema = {"type": "string"}
    transition = object_of(
        "Transition",
        "On an event, from one of some states, to a state.",
        {
            "on": ref("name", "The event."),
            "from": {
                "description": "The state, or the states, it starts from.",
                "oneOf": [states, {"type": "array", "items": states, "minItems": 1}],
            },
            "to": {"description": "The state it leads to.", **states},
        },
        required=("on", "from", "to"),
    )
    return object_of(
        "State machine",
        "The allowed changes of one enum field of the state.",
        {
            "field": ref("field_name", "The enum field."),
            "initial": {"description": "Its value before the first event.", "type": "string"},
            "transitions": {"description": "The allowed changes.", "type": "array", "items": transition},
        },
        required=("field", "initial", "transitions"),
    )


def _event() -> Schema:
    return {
        **object_of(
            "Event",
            "Something the reducer folds into its state.",
            {
                "description": ref("description"),
                "from": ref("operation_reference", "The operation whose completed results are this event."),
                "fields": ref("record", "The fields; in a system they default to the source's output."),
            },
        ),
        "anyOf": [{"required": ["from"]}, {"required": ["fields"]}],
    }


def _intent() -> Schema:
    return object_of(
        "Intent",
        "Something the reducer wants done, and does not do itself.",
        {"description": ref("description"), "fields": ref("record", "The fields of the intent.")},
    )


def _workflow() -> Schema:
    return object_of(
        "Workflow",
        "Steps over other nodes, and what the output is made of.",
        {
            "steps": named("Steps", "step", "The steps, by name.", at_least=1),
            "result": _bindings("Result", "What each field of the output comes from."),
        },
        required=("steps",),
    )


def _bindings(title: str, description: str) -> Schema:
    return {
        "title": title,
        "description": description,
        "type": "object",
        "additionalProperties": ref("binding"),
    }


def _step() -> Schema:
    after: Schema = {
        "title": "After",
        "description": "The steps to wait for; by default those that 'with' reads from.",
        "type": "array",
        "items": ref("name"),
        "uniqueItems": True,
    }
    retries: Schema = {
        "title": "Retries",
        "description": "How often a failed call is tried again.",
        "type": "integer",
        "minimum": 0,
        "maximum": MAX_RETRIES,
    }
    return object_of(
        "Step",
        "One call of another node.",
        {
            "call": ref("operation_reference", "The operation to call."),
            "with": _bindings("With", "What each field of the call's input comes from."),
            "after": after,
            "timeout": ref("duration", "How long to wait for the answer."),
            "retries": retries,
            "undo": ref(
                "operation_reference", "The operation that takes the step back when a later one fails."
            ),
            "output": ref("record", "The answer's fields; needed only where the called node is in no file."),
        },
        required=("call",),
    )
