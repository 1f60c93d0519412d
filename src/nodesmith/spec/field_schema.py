"""The part of the JSON Schema that describes fields: type texts, enums, records, lists and dicts of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.naming import KEYWORDS
from nodesmith.spec.constraints import MAX_PATTERN_LENGTH
from nodesmith.spec.fields import ANNOTATION_TYPES, MAX_ENUM_VALUE_LENGTH, RESERVED_FIELDS
from nodesmith.spec.model import ScalarName

if TYPE_CHECKING:
    from nodesmith.spec.schema_shapes import Schema

_SCALAR = "|".join(ScalarName)
_TYPE = rf"^\s*({_SCALAR}|list\s*\[.+\]|dict\s*\[\s*str\s*,.+\])(\s*\|\s*null)?\s*$"


def field_definitions() -> Schema:
    """Return the definitions `record`, `field` and `element`."""
    return {
        "record": {
            "title": "Fields",
            "description": "Field names and their types.",
            "type": "object",
            "propertyNames": {"$ref": "#/$defs/field_name"},
            "additionalProperties": {"$ref": "#/$defs/field"},
        },
        "field_name": {
            "title": "Field name",
            "description": "A snake_case name that is no Python keyword and that models do not use themselves.",
            "allOf": [
                {"$ref": "#/$defs/snake_case"},
                {"not": {"pattern": "^model_"}},
                {"not": {"enum": sorted(KEYWORDS | RESERVED_FIELDS | ANNOTATION_TYPES)}},
            ],
        },
        "type_text": {
            "title": "Type",
            "description": f"One of {', '.join(ScalarName)}; list[T], dict[str, T]; '| null' after it.",
            "type": "string",
            "pattern": _TYPE,
        },
        "field": {
            "title": "Field",
            "description": "A type, or a mapping with 'type', 'enum' or 'fields'.",
            "oneOf": [{"$ref": "#/$defs/type_text"}, *_shapes({**_details(), **_constraints()})],
        },
        "element": {
            "title": "Element",
            "description": "What a list or a dict holds.",
            "oneOf": [{"$ref": "#/$defs/type_text"}, *_shapes({})],
        },
    }


def _shapes(more: Schema) -> list[Schema]:
    """Return the mappings a field or an element may be, each with the keys `more`."""
    element = {"$ref": "#/$defs/element"}
    enum: Schema = {
        "description": "The texts it may be.",
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": MAX_ENUM_VALUE_LENGTH},
        "minItems": 1,
        "uniqueItems": True,
    }
    fields = {"description": "The fields of a nested record.", "$ref": "#/$defs/record", "minProperties": 1}
    return [
        _shape("Typed field", {"type": {"$ref": "#/$defs/type_text"}}, more),
        _shape("Enum", {"enum": enum}, more),
        _shape("Record", {"fields": fields}, more),
        _shape("List", {"type": _word("list"), "items": element}, more),
        _shape("Dict", {"type": _word("dict"), "values": element}, more),
    ]


def _word(name: str) -> Schema:
    return {"description": f"A {name} whose elements stand apart.", "const": name}


def _shape(title: str, own: Schema, more: Schema) -> Schema:
    nullable = {"description": "Whether it may be null.", "type": "boolean"}
    return {
        "title": title,
        "description": f"{title}, with what there is to say about it.",
        "type": "object",
        "properties": {**own, "nullable": nullable, **more},
        "required": list(own),
        "additionalProperties": False,
    }


def _details() -> Schema:
    return {
        "default": {"description": "The value where it is left out; the field is then optional."},
        "description": {"$ref": "#/$defs/description"},
    }


def _constraints() -> Schema:
    number = {"type": ["number", "string"]}
    length = {"type": "integer", "minimum": 0}
    return {
        "ge": {"description": "At least this.", **number},
        "gt": {"description": "More than this.", **number},
        "le": {"description": "At most this.", **number},
        "lt": {"description": "Less than this.", **number},
        "multiple_of": {"description": "A multiple of this.", **number},
        "min_length": {"description": "At least this long.", **length},
        "max_length": {"description": "At most this long.", **length},
        "pattern": {
            "description": "A regular expression (Rust's dialect) that the text matches.",
            "type": "string",
            "maxLength": MAX_PATTERN_LENGTH,
        },
    }
