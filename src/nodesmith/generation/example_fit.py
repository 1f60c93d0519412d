"""Whether a value fits a field's constraints, as pydantic has it."""

from __future__ import annotations

import math
import operator
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from nodesmith.spec.model import ScalarName
from nodesmith.spec.values import bytes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
}
# The types of value and bound that Python compares as pydantic does, without rounding one of them first.
_EXACT: dict[ScalarName, tuple[type, ...]] = {
    ScalarName.INT: (int,),
    ScalarName.FLOAT: (float,),
    ScalarName.DECIMAL: (Decimal, int),
}


def fits(name: ScalarName, constraints: Mapping[str, Any], candidate: object) -> bool:
    """Say whether pydantic accepts `candidate`, bytes as their base64, for a scalar with these constraints."""
    value = bytes_of(str(candidate)) if name is ScalarName.BYTES else candidate
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return False
    known = fits_by_bounds(name, constraints, value)
    return accepted_by_pydantic(name, constraints, value) if known is None else known


def fits_by_bounds(name: ScalarName, constraints: Mapping[str, Any], value: Any) -> bool | None:
    """Say whether a value fits where bounds are all there is to hold to, else None: pydantic is slow to import."""
    if isinstance(value, str | bytes):
        least, most = constraints.get("min_length", 0), constraints.get("max_length", len(value))
        return least <= len(value) <= most if constraints.keys() <= {"min_length", "max_length"} else None
    exact = _EXACT[name]
    if not constraints.keys() <= _BOUNDS.keys() or {type(value), *map(type, constraints.values())} - {*exact}:
        return None
    return all(_BOUNDS[bound](value, limit) for bound, limit in constraints.items())


def accepted_by_pydantic(name: ScalarName, constraints: Mapping[str, Any], value: object) -> bool:
    """Ask pydantic itself."""
    from pydantic import Field, TypeAdapter, ValidationError

    kinds: dict[ScalarName, type] = {
        ScalarName.STR: str,
        ScalarName.INT: int,
        ScalarName.FLOAT: float,
        ScalarName.DECIMAL: Decimal,
        ScalarName.BYTES: bytes,
    }
    annotated: Any = Annotated[kinds[name], Field(**constraints)]
    try:
        TypeAdapter(annotated).validate_python(value)
    except ValidationError:
        return False
    return True
