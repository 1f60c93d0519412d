"""What the JSON Schema of a spec is put together from: strict mappings, references, and the smallest definitions."""

from __future__ import annotations

from nodesmith.naming import BUILTINS, KEYWORDS, MAX_NAME_LENGTH, SOFT_KEYWORDS, spelling_problem
from nodesmith.spec.reading import MAX_DESCRIPTION, MAX_TIMEOUT_SECONDS

Schema = dict[str, object]

_NAME = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"


def object_of(title: str, description: str, properties: Schema, *, required: tuple[str, ...] = ()) -> Schema:
    """Return the schema of a mapping with these keys and no others."""
    schema: Schema = {
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**schema, "required": list(required)} if required else schema


def named(what: str, of: str, description: str, *, at_least: int = 0, at_most: int | None = None) -> Schema:
    """Return the schema of a mapping from names to definitions `of`."""
    schema: Schema = {
        "title": what,
        "description": description,
        "type": "object",
        "propertyNames": ref("name"),
        "additionalProperties": ref(of),
        "minProperties": at_least,
    }
    return schema if at_most is None else {**schema, "maxProperties": at_most}


def ref(name: str, description: str = "") -> Schema:
    """Return a reference to a definition, with a description of its own where one is given."""
    reference: Schema = {"$ref": f"#/$defs/{name}"}
    return {**reference, "description": description} if description else reference


def small_definitions() -> Schema:
    """Return the definitions of names, descriptions, durations, references and bindings."""
    return {**_names(), **_values(), **_references()}


def _names() -> Schema:
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
    }


def _values() -> Schema:
    return {
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
    }


def _references() -> Schema:
    return {
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
                object_of(
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
