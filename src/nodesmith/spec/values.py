"""Plain data held against a type: defaults in a file, literals in a workflow, example payloads."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from uuid import UUID

from nodesmith.spec.model import (
    DictType,
    EnumType,
    FieldSpec,
    FieldType,
    ListType,
    NullableType,
    RecordType,
    ScalarName,
    ScalarType,
)
from nodesmith.spec.tree import listed, shown
from nodesmith.spec.type_language import UNKNOWN_TYPE, fits

if TYPE_CHECKING:
    from collections.abc import Callable

_BYTES = ScalarType(ScalarName.BYTES)
_DECIMAL = re.compile(r"[-+]?\d{1,300}(?:\.\d{1,300})?(?:[eE][-+]?\d{1,4})?")


def value_problem(value: object, of: FieldType) -> str:  # noqa: PLR0911 - one return a type
    """Return why plain data is no value of a type, or an empty string where it is one."""
    if of is UNKNOWN_TYPE:
        return ""
    match of:
        case NullableType(inner=inner):
            return "" if value is None else value_problem(value, inner)
        case ScalarType(name=name):
            return "" if _IS_SCALAR[name](value) else f"{shown(value)} is no {name.value}{_hint(value, name)}"
        case EnumType(values=values):
            return "" if value in values else f"{shown(value)} is none of {listed(values)}"
        case ListType(item=item):
            return _list_problem(value, item)
        case DictType(value=inner):
            return _dict_problem(value, inner)
        case RecordType(fields=fields):
            return _record_problem(value, fields)


def constraint_problem(value: object, field: FieldSpec) -> str:
    """Return which constraint of `field` a value of its type breaks, or an empty string. `pattern` is not looked at."""
    if value is None:
        return ""
    inner = field.type.inner if isinstance(field.type, NullableType) else field.type
    measured = bytes_of(value) if isinstance(value, str) and inner == _BYTES else value
    for name, limit in field.constraints.items():
        if name in _HOLDS and not _holds(name, measured, limit):
            return f"{shown(value)} breaks {name}: {limit}"
    return ""


def type_of_value(value: object) -> FieldType:
    """Return the narrowest type that plain data is a value of."""
    match value:
        case bool():
            return ScalarType(ScalarName.BOOL)
        case int():
            return ScalarType(ScalarName.INT)
        case float():
            return ScalarType(ScalarName.FLOAT)
        case str():
            return ScalarType(ScalarName.STR)
        case list() | tuple() if value:
            types = [type_of_value(item) for item in value]
            common = [one for one in types if all(fits(other, one) for other in types)]
            return ListType(common[0]) if common else ScalarType(ScalarName.JSON)
    return ScalarType(ScalarName.JSON)


def number_of(value: object) -> Decimal:
    """Return a number, or a text that spells one, exactly; raise ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"{shown(value)} is no number")  # noqa: TRY004 - one exception for every wrong value
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError(f"{shown(value)} is no number")
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{shown(value)} is no number") from None


def bytes_of(text: str) -> bytes:
    """Return what a text of base64 stands for, in either alphabet, padded or not; raise ValueError for any other text."""
    padded = text + "=" * (-len(text) % 4)
    return b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)


def _list_problem(value: object, item: FieldType) -> str:
    if not isinstance(value, list | tuple):
        return f"{shown(value)} is no list"
    problems = (f"item {index}: {p}" for index, part in enumerate(value) if (p := value_problem(part, item)))
    return next(problems, "")


def _dict_problem(value: object, inner: FieldType) -> str:
    if not isinstance(value, Mapping):
        return f"{shown(value)} is no mapping"
    problems = (f"{shown(key)}: {p}" for key, part in value.items() if (p := value_problem(part, inner)))
    return next(problems, "")


def _record_problem(value: object, fields: tuple[FieldSpec, ...]) -> str:
    if not isinstance(value, Mapping):
        return f"{shown(value)} is no mapping"
    known = {field.name: field for field in fields}
    for key, part in value.items():
        if key not in known:
            return f"the record has no field {shown(key)}"
        if problem := value_problem(part, known[key].type) or constraint_problem(part, known[key]):
            return f"{key}: {problem}"
    missing = [field.name for field in fields if field.required and field.name not in value]
    return f"the field '{missing[0]}' is missing" if missing else ""


def _is_text_of(make: Callable[[str], object]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        if not isinstance(value, str):
            return False
        try:
            make(value)
        except ValueError:
            return False
        return True

    return check


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_decimal(value: object) -> bool:
    try:
        number_of(value)
    except ValueError:
        return False
    return True


def _is_float(value: object) -> bool:
    return _is_number(value) and abs(number_of(value)) < Decimal("1e308")


_IS_SCALAR: dict[ScalarName, Callable[[object], bool]] = {
    ScalarName.STR: lambda value: isinstance(value, str),
    ScalarName.BYTES: _is_text_of(bytes_of),
    ScalarName.INT: lambda value: isinstance(value, int) and not isinstance(value, bool),
    ScalarName.FLOAT: _is_float,
    ScalarName.BOOL: lambda value: isinstance(value, bool),
    ScalarName.DECIMAL: _is_decimal,
    ScalarName.UUID: _is_text_of(UUID),
    ScalarName.DATETIME: _is_text_of(datetime.fromisoformat),
    ScalarName.DATE: _is_text_of(date.fromisoformat),
    ScalarName.JSON: lambda _: True,
}


def _hint(value: object, name: ScalarName) -> str:
    if value is None:
        return f" (write '{name.value} | null' where null is allowed)"
    if name in (ScalarName.DATE, ScalarName.DATETIME):
        return " (ISO 8601, such as 2026-01-31)" if name is ScalarName.DATE else " (ISO 8601)"
    if name is ScalarName.BYTES:
        return " (base64, such as aGVsbG8=)"
    return ""


_HOLDS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "ge": lambda value, limit: value >= limit,
    "gt": lambda value, limit: value > limit,
    "le": lambda value, limit: value <= limit,
    "lt": lambda value, limit: value < limit,
    "multiple_of": lambda value, limit: value % limit == 0,
    "min_length": lambda value, limit: value >= limit,
    "max_length": lambda value, limit: value <= limit,
}


def _holds(name: str, value: object, limit: object) -> bool:
    if name.endswith("_length"):
        measured = Decimal(len(value)) if isinstance(value, str | bytes | list | tuple | Mapping) else None
    else:
        measured = number_of(value)
    try:
        return measured is None or _HOLDS[name](measured, number_of(limit))
    except ArithmeticError:  # a remainder with more digits than Decimal carries
        return True


def pattern_problem(pattern: str, value: object = None) -> str:
    """Return why `pattern` is no regular expression that pydantic takes, or why the text `value` does not match it."""
    from typing import Annotated

    from pydantic import StringConstraints, TypeAdapter, ValidationError
    from pydantic_core import SchemaError

    try:
        adapter = TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])
    except SchemaError as error:
        return f"{shown(pattern)} is no regular expression: {_last_line(str(error))}"
    if isinstance(value, str):
        try:
            adapter.validate_python(value)
        except ValidationError:
            return f"{shown(value)} does not match the pattern {shown(pattern)}"
    return ""


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("error: ") if lines else "it does not compile"
