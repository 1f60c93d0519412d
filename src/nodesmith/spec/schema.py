"""The JSON Schema (2020-12) of spec files, for editors; what it cannot say, the loader checks.

It knows shapes: which keys, which kinds of values. References between names, types against defaults and fields
against each other need the loader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.field_schema import field_definitions
from nodesmith.spec.model import Archetype
from nodesmith.spec.node import ADAPTERS
from nodesmith.spec.schema_parts import part_definitions
from nodesmith.spec.schema_shapes import named, object_of, ref, small_definitions

if TYPE_CHECKING:
    from nodesmith.spec.schema_shapes import Schema

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"

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
            **small_definitions(),
            **field_definitions(),
            **part_definitions(),
        },
    }


def _system() -> Schema:
    return object_of(
        "System",
        "Nodes that are generated together and checked against each other.",
        {
            "system": ref("name", "The system's name."),
            "description": ref("description"),
            "nodes": {
                "title": "Nodes",
                "description": "The nodes of the system.",
                "type": "array",
                "items": ref("node"),
                "minItems": 1,
            },
        },
        required=("system", "nodes"),
    )


def _node(archetype: Archetype) -> Schema:
    properties: Schema = {
        "node": {"title": "Kind of node", "description": "The archetype.", "const": archetype.value},
        "name": ref(
            "name", "The node's name; customer_writer becomes a class such as NodeCustomerWriterEffect."
        ),
        "domain": {
            "title": "Domain",
            "description": "What the node belongs to; a part of its folder and of its topics.",
            "anyOf": [{"const": ""}, ref("name")],
        },
        "version": {
            "title": "Version",
            "description": "Three numbers with dots.",
            "type": "string",
            "pattern": r"^(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})$",
            "default": "1.0.0",
        },
        "description": ref("description"),
        "event_bus": {
            "title": "Event bus",
            "description": "Whether the node is on the event bus; an effect and an orchestrator always are.",
            **({"const": True} if archetype.is_always_on_the_bus else {"type": "boolean"}),
            "default": archetype.is_always_on_the_bus,
        },
        **_own_properties(archetype),
    }
    required = {
        Archetype.REDUCER: ("state", "events"),
        Archetype.ORCHESTRATOR: ("operations", "workflow"),
    }.get(archetype, ("operations",))
    return object_of(
        _ARCHETYPE_TITLES[archetype],
        f"A node of kind {archetype}.",
        properties,
        required=("node", "name", *required),
    )


def _own_properties(archetype: Archetype) -> Schema:
    operations = named("Operations", "operation", "What the node does, by name.", at_least=1)
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
                "state": ref("state"),
                "events": named("Events", "event", "What is folded into the state, by name.", at_least=1),
                "intents": named("Intents", "intent", "What the reducer wants done, by name."),
            }
        case Archetype.ORCHESTRATOR:
            one = named("Operation", "operation", "The one operation: its workflow.", at_least=1, at_most=1)
            return {"operations": one, "workflow": ref("workflow")}
