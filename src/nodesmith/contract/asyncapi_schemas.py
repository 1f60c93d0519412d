"""JSON Schemas of a contract's models: what a payload has to look like, whoever sends it.

A schema takes the JSON that a model writes, and what pydantic would refuse it refuses. Of what pydantic takes beside
that (the text "1" for a number, a timestamp for a date) it knows nothing: it is what to send. One thing JSON Schema
cannot say: the bounds of a decimal that is sent as a text, where they are not at zero.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nodesmith.contract.asyncapi_patterns import (
    BYTES_TEXT,
    DATE_TEXT,
    DATETIME_TEXT,
    DECIMAL_TEXT,
    UUID_TEXT,
    decimal_pattern,
    json_bound,
    portable_pattern,
)
from nodesmith.contract.models import ModelRole
from nodesmith.spec.model import DictType, ListType, NullableType, RecordType, ScalarName, ScalarType
from nodesmith.spec.values import bytes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nodesmith.contract.enums import EnumContract
    from nodesmith.contract.models import ModelContract, ModelField
    from nodesmith.contract.onex_document import Document
    from nodesmith.contract.types import TypeContract
    from nodesmith.spec.model import FieldSpec, FieldType

SCHEMAS = "#/components/schemas"

# Scalars whose texts have a form of their own; they stand under these names among the schemas.
SCALARS: dict[str, Document] = {
    "uuid": {"type": "string", "format": "uuid", "pattern": UUID_TEXT},
    "datetime": {
        "description": "A moment as ISO 8601 has it, with a time zone or without.",
        "type": "string",
        "pattern": DATETIME_TEXT,
    },
    "date": {"type": "string", "format": "date", "pattern": DATE_TEXT},
    "bytes": {
        "description": "Bytes as base64, padded.",
        "type": "string",
        "contentEncoding": "base64",
        "pattern": BYTES_TEXT,
    },
    "decimal": {
        "description": "A decimal number. As a text it keeps every digit; bounds beside it hold for texts, too.",
        "type": ["string", "number"],
        "pattern": DECIMAL_TEXT,
    },
}
_PLAIN: dict[ScalarName, Document] = {
    ScalarName.STR: {"type": "string"},
    ScalarName.INT: {"type": "integer"},
    ScalarName.FLOAT: {"type": "number"},
    ScalarName.BOOL: {"type": "boolean"},
    ScalarName.JSON: {},
}
_NUMBERS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_LENGTHS = {"string": "Length", "array": "Items", "object": "Properties"}
_BASE64_SIGNS, _BASE64_BYTES = 4, 3


class Schemas:
    """The schemas of one document, each once, collected as they are referred to.

    `prefix` tells the classes of one node from those of another. What is read `leniently` may hold more than the model
    knows, at any depth; its schemas have names of their own.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.found: dict[str, Document] = {}

    def fixed(self, name: str) -> Document:
        """Return a reference to one of `SCALARS`, which is then in the document."""
        self.found.setdefault(name, SCALARS[name])
        return reference(name)

    def model(self, model: ModelContract, *, prefix: str = "", leniently: bool = False) -> Document:
        """Return a reference to the schema of a model, which is then in the document."""
        name = f"{prefix}{model.class_name}{'.lenient' if leniently else ''}"
        if name not in self.found:
            self.found[name] = {}  # its place, before those it rests on
            reader = _Reader(self, prefix=prefix, leniently=leniently)
            is_open = leniently or model.role is ModelRole.STEP_OUTPUT
            self.found[name].update(reader.object_schema(model, is_open=is_open))
        return reference(name)

    def enum(self, enum: EnumContract, *, prefix: str = "") -> Document:
        """Return a reference to the schema of an enum, which is then in the document."""
        name = f"{prefix}{enum.class_name}"
        values = [member.value for member in enum.members]
        self.found.setdefault(name, {"type": "string", "enum": values})
        return reference(name)


def reference(name: str) -> Document:
    """Return a reference to one of the document's schemas."""
    return {"$ref": f"{SCHEMAS}/{name}"}


class _Reader:
    """Makes the schemas of one node's classes."""

    def __init__(self, schemas: Schemas, *, prefix: str, leniently: bool) -> None:
        self._schemas = schemas
        self._prefix = prefix
        self._leniently = leniently

    def object_schema(self, model: ModelContract, *, is_open: bool) -> Document:
        required = [field.name for field in model.fields if field.required]
        return {
            "description": model.description,
            "type": "object",
            **({"required": required} if required else {}),
            **(
                {"properties": {field.name: self._field(field) for field in model.fields}}
                if model.fields
                else {}
            ),
            **({} if is_open else {"additionalProperties": False}),
        }

    def _field(self, field: ModelField) -> Document:
        schema = self._type(field.type, field.spec.constraints)
        said: Document = {}
        if field.description:
            said["description"] = field.description
        if not field.required:
            said["default"] = _wire_value(field.spec.default, field.spec.type)
        if said and "$ref" in schema:
            # In draft 7, which AsyncAPI extends, what stands beside a reference does not count.
            return {**said, "allOf": [schema]}
        return {**said, **schema}

    def _type(self, kind: TypeContract, constraints: Mapping[str, Any]) -> Document:
        if kind.enum is not None:
            return self._schemas.enum(kind.enum, prefix=self._prefix)
        if kind.model is not None:
            return self._schemas.model(kind.model, prefix=self._prefix, leniently=self._leniently)
        if kind.inner is None:
            assert isinstance(kind.spec, ScalarType), "what holds no other type and has no class is a scalar"
            return self._scalar(kind.spec.name, constraints)
        match kind.spec:
            case ListType():
                return {
                    "type": "array",
                    "items": self._type(kind.inner, {}),
                    **_lengths("array", constraints),
                }
            case DictType():
                values = self._type(kind.inner, {})
                return {"type": "object", "additionalProperties": values, **_lengths("object", constraints)}
        return _or_null(self._type(kind.inner, constraints))

    def _scalar(self, name: ScalarName, constraints: Mapping[str, Any]) -> Document:
        if name.value in SCALARS:
            form = self._schemas.fixed(name.value)
            bounds = _BOUNDS_OF[name](constraints) if constraints else []
            return {"allOf": [form, *bounds]} if bounds else form
        limits = {_NUMBERS[key]: value for key, value in constraints.items() if key in _NUMBERS}
        if "multiple_of" in constraints:
            limits["multipleOf"] = constraints["multiple_of"]
        return {**_PLAIN[name], **limits, **_lengths("string", constraints), **_pattern(constraints)}


def _or_null(schema: Document) -> Document:
    kind = schema.get("type")
    if isinstance(kind, str):
        # What else the schema says is about that type alone.
        return {**schema, "type": [kind, "null"]}
    # Without anything said, null is let through already.
    return {"anyOf": [schema, {"type": "null"}]} if schema else {}


def _lengths(kind: str, constraints: Mapping[str, Any]) -> Document:
    of = _LENGTHS[kind]
    return {
        f"{end}{of}": constraints[f"{end}_length"] for end in ("min", "max") if f"{end}_length" in constraints
    }


def _pattern(constraints: Mapping[str, Any]) -> Document:
    if "pattern" not in constraints:
        return {}
    portable = portable_pattern(constraints["pattern"])
    return {"pattern": portable} if portable else {"x-rust-pattern": constraints["pattern"]}


def _decimal_bounds(constraints: Mapping[str, Any]) -> list[Document]:
    bounds: Document = {_NUMBERS[key]: json_bound(key, value) for key, value in constraints.items()}
    pattern = decimal_pattern(constraints)
    return [{**bounds, "pattern": pattern} if pattern else bounds]


def _byte_lengths(constraints: Mapping[str, Any]) -> list[Document]:
    """Return what base64 of so many bytes looks like: its length, and of the shortest and the longest the padding."""
    parts: list[Document] = []
    if "min_length" in constraints:
        groups, rest = divmod(constraints["min_length"], _BASE64_BYTES)
        least: Document = {"minLength": (groups + (rest > 0)) * _BASE64_SIGNS}
        if rest == _BASE64_BYTES - 1:
            exact = {**least, "pattern": "[^=]=?$"}
            least = {"anyOf": [{"minLength": (groups + 2) * _BASE64_SIGNS}, exact]}
        parts.append(least)
    if "max_length" in constraints:
        groups, rest = divmod(constraints["max_length"], _BASE64_BYTES)
        most: Document = {"maxLength": groups * _BASE64_SIGNS}
        if rest:
            exact = {"maxLength": (groups + 1) * _BASE64_SIGNS, "pattern": f"{'=' * (_BASE64_BYTES - rest)}$"}
            most = {"anyOf": [most, exact]}
        parts.append(most)
    return parts


_BOUNDS_OF: dict[ScalarName, Callable[[Mapping[str, Any]], list[Document]]] = {
    ScalarName.DECIMAL: _decimal_bounds,
    ScalarName.BYTES: _byte_lengths,
}


def _wire_value(value: Any, of: FieldType) -> object:
    """Return a default, plain data as the spec spells it, as the model would write it."""
    match of:
        case NullableType(inner=inner):
            return None if value is None else _wire_value(value, inner)
        case ListType(item=item):
            return [_wire_value(part, item) for part in value]
        case DictType(value=inner):
            return {key: _wire_value(part, inner) for key, part in value.items()}
        case RecordType(fields=fields):
            kinds: dict[str, FieldSpec] = {field.name: field for field in fields}
            return {key: _wire_value(part, kinds[key].type) for key, part in value.items()}
        case ScalarType(name=name) if name in _WIRE:
            return _WIRE[name](value)
    return value


_WIRE: dict[ScalarName, Callable[[Any], object]] = {
    ScalarName.BYTES: lambda value: urlsafe_b64encode(bytes_of(value)).decode(),
    ScalarName.UUID: lambda value: str(UUID(value)),
    ScalarName.DATETIME: lambda value: datetime.fromisoformat(value).isoformat(),
    ScalarName.DATE: lambda value: date.fromisoformat(value).isoformat(),
    ScalarName.DECIMAL: str,
}
