"""Values of a spec as Python source: every text goes through `repr`, so no text becomes code.

That a value fits its type is the loader's business; here it is only spelled.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nodesmith.contract.types import TypeContract
from nodesmith.spec.model import DictType, ListType, NullableType, ScalarName, ScalarType
from nodesmith.spec.values import bytes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def python_code(value: Any, of: TypeContract) -> str:
    """Return the Python expression for `value`, plain data as the spec spells it, as a value of type `of`."""
    return _code(value, of, _value_code)


def data_code(value: Any, of: TypeContract) -> str:
    """Return the Python expression for `value` as plain data that a model takes for `of`.

    It stays as the spec spells it but for base64: from Python, pydantic takes a text for the bytes themselves.
    """
    return _code(value, of, _plain_code)


def python_repr(value: object) -> str:
    """Return the Python literal of plain data; raises TypeError for what has no literal."""
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError(f"{value} has no Python literal")
    if isinstance(value, list | tuple):
        items = ", ".join(python_repr(item) for item in value)
        if isinstance(value, list):
            return f"[{items}]"
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, dict):
        return _mapping_code((key, python_repr(item)) for key, item in value.items())
    if value is None or type(value) in (bool, int, float, str):
        return repr(value)
    raise TypeError(f"{type(value).__name__} has no Python literal")


def is_mutable(code: str) -> bool:
    """Return whether a default of this code has to be made anew for every object."""
    return code.startswith(("[", "{", "Model"))


def decimal_value(value: object) -> Decimal:
    """Return a decimal for a number or a text of one; a float by its shortest text (0.1 is 0.1)."""
    return Decimal(str(value))


def _code(value: Any, of: TypeContract, single: Callable[[Any, TypeContract], str]) -> str:
    """Return the code of a value; that of what holds no other is `single`'s."""
    match of:
        case TypeContract(spec=NullableType(), inner=TypeContract() as inner):
            return "None" if value is None else _code(value, inner, single)
        case TypeContract(spec=ListType(), inner=TypeContract() as inner):
            return f"[{', '.join(_code(part, inner, single) for part in value)}]"
        case TypeContract(spec=DictType(), inner=TypeContract() as inner):
            return _mapping_code((key, _code(part, inner, single)) for key, part in value.items())
    return single(value, of)


def _value_code(value: Any, of: TypeContract) -> str:
    if of.enum is not None:
        return f"{of.enum.class_name}.{of.enum.member(value).name}"
    if of.model is not None:
        # Plain data, not nested constructors: these would need the imports of every class inside the record.
        return f"{of.model.class_name}.model_validate({data_code(value, of)})"
    assert isinstance(of.spec, ScalarType), "what is no enum, no record and holds no other type is a scalar"
    return _scalar_code(value, of.spec.name, of.annotation)


def _plain_code(value: Any, of: TypeContract) -> str:
    if of.model is not None:
        kinds = {field.name: field.type for field in of.model.fields}
        return _mapping_code((key, data_code(part, kinds[key])) for key, part in value.items())
    return repr(bytes_of(value)) if of.spec == ScalarType(ScalarName.BYTES) else python_repr(value)


_MADE_OF: dict[ScalarName, Callable[[Any], object]] = {
    ScalarName.BYTES: bytes_of,
    ScalarName.FLOAT: float,
    ScalarName.DECIMAL: decimal_value,
    ScalarName.UUID: UUID,
}


def _scalar_code(value: Any, name: ScalarName, annotation: str) -> str:
    match name:
        case ScalarName.DATETIME:
            return f"{annotation}.fromisoformat({datetime.fromisoformat(value).isoformat()!r})"
        case ScalarName.DATE:
            return f"{annotation}.fromisoformat({date.fromisoformat(value).isoformat()!r})"
    return repr(_MADE_OF[name](value)) if name in _MADE_OF else python_repr(value)


def _mapping_code(items: Iterable[tuple[object, str]]) -> str:
    return "{" + ", ".join(f"{python_repr(key)}: {code}" for key, code in items) + "}"
