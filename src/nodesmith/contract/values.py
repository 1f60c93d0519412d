"""Values of a spec as Python source: every text goes through `repr`, so no text becomes code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from uuid import UUID

from nodesmith.spec.model import DictType, ListType, NullableType, ScalarName, ScalarType

if TYPE_CHECKING:
    from nodesmith.contract.models import ModelContract
    from nodesmith.contract.types import TypeContract


def python_code(value: object, of: TypeContract) -> str:
    """Return the Python expression for `value`, plain data as the spec spells it, as a value of type `of`.

    Raise ValueError where the value does not fit the type.
    """
    if of.enum is not None:
        return f"{of.enum.class_name}.{of.enum.member(_text(value)).name}"
    if of.model is not None:
        return _record_code(value, of.model)
    match of.spec:
        case ScalarType(name=name):
            return _scalar_code(value, name, of.annotation)
        case NullableType():
            return "None" if value is None else python_code(value, _inner(of))
        case ListType():
            return _list_code(value, _inner(of))
        case DictType():
            return _dict_code(value, _inner(of))
    raise ValueError(f"no value can be written for the type {of.annotation}")


def literal(value: object) -> str:
    """Return the Python expression for plain JSON data."""
    match value:
        case None | bool() | int() | str():
            return repr(value)
        case float():
            return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
        case list() | tuple():
            return f"[{', '.join(literal(item) for item in value)}]"
        case Mapping():
            return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    raise ValueError(f"{value!r} is no plain data")


def is_mutable(code: str) -> bool:
    """Return whether a default of this code has to be made anew for every object."""
    return code.startswith(("[", "{", "Model"))


def _scalar_code(value: object, name: ScalarName, annotation: str) -> str:  # noqa: C901, PLR0911 - one a type
    match name:
        case ScalarName.JSON:
            return literal(value)
        case ScalarName.STR:
            return repr(_text(value))
        case ScalarName.BYTES:
            return repr(_text(value).encode())
        case ScalarName.BOOL:
            return repr(_expected(value, bool))
        case ScalarName.INT:
            return repr(_number(value, int))
        case ScalarName.FLOAT:
            return literal(float(_number(value, int, float)))
        case ScalarName.DECIMAL:
            return repr(decimal_value(value))
        case ScalarName.UUID:
            return repr(UUID(_text(value)))
        case ScalarName.DATETIME:
            return f"{annotation}.fromisoformat({datetime.fromisoformat(str(value)).isoformat()!r})"
        case ScalarName.DATE:
            return f"{annotation}.fromisoformat({date.fromisoformat(str(value)).isoformat()!r})"


def decimal_value(value: object) -> Decimal:
    """Return a decimal for a number or a text of one; a float by its shortest text (0.1 is 0.1)."""
    try:
        return Decimal(str(value if isinstance(value, str) else _number(value, int, float)))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no decimal number") from None


def _list_code(value: object, item: TypeContract) -> str:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{value!r} is no list")  # noqa: TRY004 - one exception for every value that does not fit
    return f"[{', '.join(python_code(part, item) for part in value)}]"


def _dict_code(value: object, inner: TypeContract) -> str:
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is no mapping")  # noqa: TRY004 - as above
    return f"{{{', '.join(f'{_text(key)!r}: {python_code(part, inner)}' for key, part in value.items())}}}"


def _record_code(value: object, model: ModelContract) -> str:
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is no mapping")  # noqa: TRY004 - as above
    fields = {field.name: field for field in model.fields}
    if unknown := [str(key) for key in value if key not in fields]:
        raise ValueError(f"{model.class_name} has no field {', '.join(unknown)}")
    if missing := [name for name, field in fields.items() if field.required and name not in value]:
        raise ValueError(f"{model.class_name} lacks {', '.join(missing)}")
    for name, part in value.items():
        python_code(part, fields[name].type)
    # Plain data, not nested constructors: these would need the imports of every class inside the record.
    return f"{model.class_name}.model_validate({literal(value)})"


def _inner(of: TypeContract) -> TypeContract:
    if of.inner is None:
        raise ValueError(f"the type {of.annotation} holds no other")
    return of.inner


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")  # noqa: TRY004 - as above
    return value


def _expected(value: object, kind: type[bool]) -> bool:
    if not isinstance(value, kind):
        raise ValueError(f"{value!r} is no {kind.__name__}")  # noqa: TRY004 - as above
    return value


def _number(value: object, *kinds: type[int | float]) -> int | float:
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise ValueError(f"{value!r} is no {kinds[-1].__name__}")  # noqa: TRY004 - as above
    return value
