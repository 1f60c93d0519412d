"""The JSON Schema (2020-12) of spec files, for editors; what it cannot say, the loader checks.

It knows shapes: which keys, which kinds of values. References between names, types against defaults and fields
against each other need the loader.
"""

from __future__ import annotations

from nodesmith.naming import BUILTINS, KEYWORDS, MAX_NAME_LENGTH, SOFT_KEYWORDS, spelling_problem
from nodesmith.spec.field_schema import field_definitions
from nodesmith.spec.model import Archetype
from nodesmith.spec.node import ADAPTERS
from nodesmith.spec.reading import MAX_DESCRIPTION, MAX_TIMEOUT_SECONDS
from nodesmith.spec.workflow import MAX_RETRIES

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, object]

_NAME = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
_ARCHETYPE_TITLES = {
    Archetype.EFFECT: "Effect: talks to the outside world",
    Archetype.COMPUTE: "Compute: a pure function",
    Archetype.REDUCER: "Reducer: folds events into state",
    Archetype.ORCHESTRATOR: "Orchestrator: runs a workflow over other nodes",
}


def json_schema() -> Schema:
    """Return the schema of one spec file: a node of one of the four archetypes, or a system."""
    return {
        "$schema": SCHEMA_DIALECT,
        "title": "nodesmith spec",
        "description": "A node, or a system of nodes that are generated together and checked against each other.",
        "oneOf": [{"$ref": "#/$defs/node"}, {"$ref": "#/$defs/system"}],
        "$defs": {
            "system": _system(),
            "node": {
                "title": "Node",
                "description": "One node, of the kind that 'node' names.",
                "oneOf": [{"$ref": f"#/$defs/{archetype}"} for archetype in Archetype],
            },
            **{archetype.value: _node(archetype) for archetype in Archetype},
            **_small_definitions(),
            **field_definitions(),
            "operation": _operation(),
            "state": _state(),
            "machine": _machine(),
            "event": _event(),
            "intent": _intent(),
            "workflow": _workflow(),
            "step": _step(),
        },
    }


def _object(title: str, description: str, properties: Schema, *, required: tuple[str, ...] = ()) -> Schema:
    schema: Schema = {
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**schema, "required": list(required)} if required else schema


def _named(what: str, of: str, description: str, *, at_least: int = 0, at_most: int | None = None) -> Schema:
    """Return the schema of a mapping from names to definitions `of`."""
    schema: Schema = {
        "title": what,
        "description": description,
        "type": "object",
        "propertyNames": _ref("name"),
        "additionalProperties": _ref(of),
        "minProperties": at_least,
    }
    return schema if at_most is None else {**schema, "maxProperties": at_most}


def _ref(name: str, description: str = "") -> Schema:
    reference: Schema = {"$ref": f"#/$defs/{name}"}
    return {**reference, "description": description} if description else reference


def _small_definitions() -> Schema:
    return {
        "snake_case": {
            "title": "Name",
            "description": "A name in snake_case.",
            "type": "string",
            "pattern": f"^{_NAME}$",
            "maxLength": MAX_NAME_LENGTH,
        },
        "name": {
            "title": "Name",
            "description": "A snake_case name that is no Python keyword and no builtin.",
            "allOf": [{"$ref": "#/$defs/snake_case"}, {"not": {"enum": _python_names()}}],
        },
        "description": {
            "title": "Description",
            "description": "What it does, for people.",
            "type": "string",
            "maxLength": MAX_DESCRIPTION,
        },
        "duration": {
            "title": "Duration",
            "description": "A number of seconds, or a text such as 500ms, 5s, 2m, 1h.",
            "oneOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_TIMEOUT_SECONDS},
                {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)$"},
            ],
        },
        "operation_reference": {
            "title": "Operation reference",
            "description": "node.operation, or domain/node.operation.",
            "type": "string",
            "pattern": f"^({_NAME}/)?{_NAME}\\.{_NAME}$",
        },
        "binding": {
            "title": "Binding",
            "description": "input.<field>, <step>.<field>, or a literal; a text literal is {value: ...}.",
            "oneOf": [
                {"type": "string", "pattern": f"^{_NAME}\\.{_NAME}$"},
                {"type": ["number", "boolean", "null", "array"]},
                _object(
                    "Literal",
                    "The value itself.",
                    {"value": {"description": "Any value."}},
                    required=("value",),
                ),
            ],
        },
    }


def _python_names() -> list[str]:
    taken = KEYWORDS | SOFT_KEYWORDS | BUILTINS
    return sorted(name for name in taken if not spelling_problem(name))


def _system() -> Schema:
    return _object(
        "System",
        "Nodes that are generated together and checked against each other.",
        {
            "system": _ref("name", "The system's name."),
            "description": _ref("description"),
            "nodes": {
                "title": "Nodes",
                "description": "The nodes of the system.",
                "type": "array",
                "items": _ref("node"),
                "minItems": 1,
            },
        },
        required=("system", "nodes"),
    )


def _node(archetype: Archetype) -> Schema:
    always_on_bus = archetype in (Archetype.EFFECT, Archetype.ORCHESTRATOR)
    properties: Schema = {
        "node": {"title": "Kind of node", "description": "The archetype.", "const": archetype.value},
        "name": _ref(
            "name", "The node's name; customer_writer becomes a class such as NodeCustomerWriterEffect."
        ),
        "domain": {
            "title": "Domain",
            "description": "What the node belongs to; a part of its folder and of its topics.",
            "anyOf": [{"const": ""}, _ref("name")],
        },
        "version": {
            "title": "Version",
            "description": "Three numbers with dots.",
            "type": "string",
            "pattern": r"^(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})$",
            "default": "1.0.0",
        },
        "description": _ref("description"),
        "event_bus": {
            "title": "Event bus",
            "description": "Whether the node is on the event bus; an effect and an orchestrator always are.",
            **({"const": True} if always_on_bus else {"type": "boolean"}),
            "default": always_on_bus,
        },
        **_own_properties(archetype),
    }
    required = {
        Archetype.REDUCER: ("state", "events"),
        Archetype.ORCHESTRATOR: ("operations", "workflow"),
    }.get(archetype, ("operations",))
    return _object(
        _ARCHETYPE_TITLES[archetype],
        f"A node of kind {archetype}.",
        properties,
        required=("node", "name", *required),
    )


def _own_properties(archetype: Archetype) -> Schema:
    operations = _named("Operations", "operation", "What the node does, by name.", at_least=1)
    match archetype:
        case Archetype.EFFECT:
            adapter: Schema = {
                "title": "Adapter",
                "description": "What the effect talks to; its handlers then start out as working code.",
                "enum": list(ADAPTERS),
            }
            return {"operations": operations, "adapter": adapter}
        case Archetype.COMPUTE:
            return {"operations": operations}
        case Archetype.REDUCER:
            return {
                "state": _ref("state"),
                "events": _named("Events", "event", "What is folded into the state, by name.", at_least=1),
                "intents": _named("Intents", "intent", "What the reducer wants done, by name."),
            }
        case Archetype.ORCHESTRATOR:
            one = _named("Operation", "operation", "The one operation: its workflow.", at_least=1, at_most=1)
            return {"operations": one, "workflow": _ref("workflow")}


def _operation() -> Schema:
    return _object(
        "Operation",
        "One thing the node does.",
        {
            "description": _ref("description"),
            "key": _ref("field_name", "The input field whose value keeps commands in order."),
            "timeout": _ref("duration", "How long a command may take."),
            "input": _ref("record", "The fields of the input."),
            "output": _ref("record", "The fields of the output."),
        },
    )


def _state() -> Schema:
    return _object(
        "State",
        "What the reducer keeps for each value of its key.",
        {
            "key": _ref("field_name", "The field that tells one state from another; every event carries it."),
            "fields": _ref("record", "The fields; all but the key have a default or may be null."),
            "machine": _ref("machine"),
        },
        required=("key", "fields"),
    )


def _machine() -> Schema:
    states: Schema = {"type": "string"}
    transition = _object(
        "Transition",
        "On an event, from one of some states, to a state.",
        {
            "on": _ref("name", "The event."),
            "from": {
                "description": "The state, or the states, it starts from.",
                "oneOf": [states, {"type": "array", "items": states, "minItems": 1}],
            },
            "to": {"description": "The state it leads to.", **states},
        },
        required=("on", "from", "to"),
    )
    return _object(
        "State machine",
        "The allowed changes of one enum field of the state.",
        {
            "field": _ref("field_name", "The enum field."),
            "initial": {"description": "Its value before the first event.", "type": "string"},
            "transitions": {"description": "The allowed changes.", "type": "array", "items": transition},
        },
        required=("field", "initial", "transitions"),
    )


def _event() -> Schema:
    return {
        **_object(
            "Event",
            "Something the reducer folds into its state.",
            {
                "description": _ref("description"),
                "from": _ref("operation_reference", "The operation whose completed results are this event."),
                "fields": _ref("record", "The fields; in a system they default to the source's output."),
            },
        ),
        "anyOf": [{"required": ["from"]}, {"required": ["fields"]}],
    }


def _intent() -> Schema:
    return _object(
        "Intent",
        "Something the reducer wants done, and does not do itself.",
        {"description": _ref("description"), "fields": _ref("record", "The fields of the intent.")},
    )


def _workflow() -> Schema:
    return _object(
        "Workflow",
        "Steps over other nodes, and what the output is made of.",
        {
            "steps": _named("Steps", "step", "The steps, by name.", at_least=1),
            "result": _bindings("Result", "What each field of the output comes from."),
        },
        required=("steps",),
    )


def _bindings(title: str, description: str) -> Schema:
    return {
        "title": title,
        "description": description,
        "type": "object",
        "additionalProperties": _ref("binding"),
    }


def _step() -> Schema:
    after: Schema = {
        "title": "After",
        "description": "The steps to wait for; by default those that 'with' reads from.",
        "type": "array",
        "items": _ref("name"),
        "uniqueItems": True,
    }
    retries: Schema = {
        "title": "Retries",
        "description": "How often a failed call is tried again.",
        "type": "integer",
        "minimum": 0,
        "maximum": MAX_RETRIES,
    }
    return _object(
        "Step",
        "One call of another node.",
        {
            "call": _ref("operation_reference", "The operation to call."),
            "with": _bindings("With", "What each field of the call's input comes from."),
            "after": after,
            "timeout": _ref("duration", "How long to wait for the answer."),
            "retries": retries,
            "undo": _ref(
                "operation_reference", "The operation that takes the step back when a later one fails."
            ),
            "output": _ref("record", "The answer's fields; needed only where the called node is in no file."),
        },
        required=("call",),
    )
