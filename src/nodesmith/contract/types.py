"""Field types as the generated code spells them: annotation, imports, and the classes they rest on."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.model import (
    DictType,
    EnumType,
    FieldType,
    ListType,
    NullableType,
    RecordType,
    ScalarName,
    ScalarType,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodesmith.contract.enums import EnumContract
    from nodesmith.contract.models import ModelContract


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Import:
    """`from module import name`, or `from module import name as alias`."""

    module: str
    name: str
    alias: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeContract:
    """One field type in Python's words.

    `inner` is the type of a list's items, a dict's values, or what a nullable type holds beside None; `model` and
    `enum` are the generated class where the type is one.
    """

    spec: FieldType
    annotation: str
    imports: frozenset[Import] = field(default_factory=frozenset)
    inner: TypeContract | None = None
    model: ModelContract | None = None
    enum: EnumContract | None = None


_SCALARS: dict[ScalarName, tuple[str, Import | None]] = {
    ScalarName.STR: ("str", None),
    ScalarName.INT: ("int", None),
    ScalarName.FLOAT: ("float", None),
    ScalarName.BOOL: ("bool", None),
    ScalarName.BYTES: ("bytes", None),
    ScalarName.DECIMAL: ("Decimal", Import(module="decimal", name="Decimal")),
    ScalarName.UUID: ("UUID", Import(module="uuid", name="UUID")),
    ScalarName.DATETIME: ("datetime", Import(module="datetime", name="datetime")),
    ScalarName.DATE: ("date", Import(module="datetime", name="date")),
    ScalarName.JSON: ("JsonValue", Import(module="pydantic", name="JsonValue")),
}

# In a class body `date: date | None = None` means the field, not the type: there the type gets another name.
# Fields are snake_case, so a name with a capital letter can never meet one.
_ALIASES = {"date": "Date", "datetime": "DateTime"}


def resolve_type(
    spec: FieldType,
    *,
    field_names: frozenset[str],
    record: Callable[[RecordType, bool], ModelContract],
    enum: Callable[[EnumType, bool], EnumContract],
    is_element: bool = False,
) -> TypeContract:
    """Return the Python type for `spec` in a model that has `field_names`.

    `record` and `enum` give the class for a nested record or an enum; their second argument says whether it is an
    element of a list or dict.
    """

    def inner_of(inner: FieldType, *, element: bool) -> TypeContract:
        return resolve_type(
            inner, field_names=field_names, record=record, enum=enum, is_element=element or is_element
        )

    match spec:
        case ScalarType():
            return _scalar(spec, field_names)
        case ListType(item=item):
            inner = inner_of(item, element=True)
            return _around(spec, f"list[{inner.annotation}]", inner)
        case DictType(value=value):
            inner = inner_of(value, element=True)
            return _around(spec, f"dict[str, {inner.annotation}]", inner)
        case NullableType(inner=nullable):
            inner = inner_of(nullable, element=False)
            already = inner.annotation.endswith(" | None")
            return _around(spec, inner.annotation if already else f"{inner.annotation} | None", inner)
        case EnumType():
            return _enum_type(spec, enum(spec, is_element))
        case RecordType():
            return _record_type(spec, record(spec, is_element))


def _scalar(spec: ScalarType, field_names: frozenset[str]) -> TypeContract:
    annotation, imported = _SCALARS[spec.name]
    if imported is None:
        return TypeContract(spec=spec, annotation=annotation)
    if annotation in field_names:
        annotation = _ALIASES[annotation]
        imported = Import(module=imported.module, name=imported.name, alias=annotation)
    return TypeContract(spec=spec, annotation=annotation, imports=frozenset({imported}))


def _around(spec: FieldType, annotation: str, inner: TypeContract) -> TypeContract:
    return TypeContract(spec=spec, annotation=annotation, imports=inner.imports, inner=inner)


def _enum_type(spec: EnumType, enum: EnumContract) -> TypeContract:
    imported = Import(module=f"..enums.{enum.module}", name=enum.class_name)
    return TypeContract(spec=spec, annotation=enum.class_name, imports=frozenset({imported}), enum=enum)


def _record_type(spec: RecordType, model: ModelContract) -> TypeContract:
    imported = Import(module=f".{model.module}", name=model.class_name)
    return TypeContract(spec=spec, annotation=model.class_name, imports=frozenset({imported}), model=model)
