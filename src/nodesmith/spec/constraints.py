"""Pydantic's constraints by their own names: which type may have which, and whether they agree with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.model import DictType, FieldType, ListType, NullableType, ScalarName, ScalarType
from nodesmith.spec.reading import wrong_type
from nodesmith.spec.tree import UNREADABLE, Tree, shown
from nodesmith.spec.type_language import UNKNOWN_TYPE, type_text
from nodesmith.spec.values import number_of, pattern_problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from nodesmith.spec.findings import Findings

MAX_PATTERN_LENGTH = 500

_BOUNDS = ("ge", "gt", "le", "lt")
_LENGTHS = ("min_length", "max_length")
CONSTRAINTS = (*_BOUNDS, "multiple_of", *_LENGTHS, "pattern")

_NUMBERS = (ScalarName.INT, ScalarName.FLOAT, ScalarName.DECIMAL)
_SIZED = (ScalarName.STR, ScalarName.BYTES)


def read_constraints(
    entries: Mapping[str, Tree], of: FieldType, findings: Findings
) -> dict[str, str | int | float | bool]:
    """Return the constraints among `entries` that a field of this type may have."""
    inner = of.inner if isinstance(of, NullableType) else of
    found: dict[str, str | int | float | bool] = {}
    for name in CONSTRAINTS:
        tree = entries.get(name)
        if tree is None or tree.value is UNREADABLE:
            continue
        if inner is not UNKNOWN_TYPE and not _applies(name, inner):
            message = f"'{name}' does not go with {type_text(of)}"
            findings.add("constraint", message, tree.key, f"{name} is for {_USED_FOR[name]}")
        elif _is_usable(name, tree, inner, findings) and isinstance(tree.value, str | int | float):
            found[name] = tree.value
    _check_agreement(found, entries, findings)
    return found


_USED_FOR = {
    **dict.fromkeys(_BOUNDS, "int, float and decimal"),
    "multiple_of": "int and float",
    **dict.fromkeys(_LENGTHS, "str, bytes, lists and dicts"),
    "pattern": "str",
}


def _applies(name: str, of: FieldType) -> bool:
    scalar = of.name if isinstance(of, ScalarType) else None
    if name == "pattern":
        return scalar is ScalarName.STR
    if name in _LENGTHS:
        return scalar in _SIZED or isinstance(of, ListType | DictType)
    if name == "multiple_of":
        # Pydantic declares it as a float, and a decimal measured by a float (0.05 by 0.01) is not what anybody means.
        return scalar in (ScalarName.INT, ScalarName.FLOAT)
    return scalar in _NUMBERS


def _is_usable(name: str, tree: Tree, of: FieldType, findings: Findings) -> bool:
    if name == "pattern":
        return _is_pattern(tree, findings)
    if name in _LENGTHS:
        return _is_length(tree, findings)
    scalar = of.name if isinstance(of, ScalarType) and of is not UNKNOWN_TYPE else ScalarName.DECIMAL
    number = _number(tree, scalar)
    if number is None:
        wrong_type(tree, findings, "a whole number" if scalar is ScalarName.INT else "a number")
        return False
    if name == "multiple_of" and number <= 0:
        findings.add("constraint", "multiple_of must be more than 0", tree.place)
        return False
    return True


def _number(tree: Tree, scalar: ScalarName) -> Decimal | None:
    if isinstance(tree.value, str) and scalar is not ScalarName.DECIMAL:
        return None
    try:
        number = number_of(tree.value)
    except ValueError:
        return None
    return None if scalar is ScalarName.INT and not isinstance(tree.value, int) else number


def _is_pattern(tree: Tree, findings: Findings) -> bool:
    if not isinstance(tree.value, str):
        wrong_type(tree, findings, "a regular expression as text", "put it in quotes")
        return False
    if len(tree.value) > MAX_PATTERN_LENGTH:
        message = f"the pattern is longer than {MAX_PATTERN_LENGTH} characters"
        findings.add("too-long", message, tree.place, "check such text in the handler")
        return False
    problem = pattern_problem(tree.value)
    if problem:
        fix = "pydantic takes Rust's regular expressions: no look-around, no back-references"
        findings.add("constraint", problem, tree.place, fix)
    return not problem


def _is_length(tree: Tree, findings: Findings) -> bool:
    if not isinstance(tree.value, int) or isinstance(tree.value, bool) or not 0 <= tree.value < 2**31:
        wrong_type(tree, findings, "a whole number of 0 or more")
        return False
    return True


def _check_agreement(found: Mapping[str, object], entries: Mapping[str, Tree], findings: Findings) -> None:
    for low, high in (("ge", "gt"), ("le", "lt")):
        if low in found and high in found:
            message = f"'{low}' and '{high}' exclude each other"
            findings.add("contradiction", message, entries[high].key, "keep one of the two")
    for low in ("ge", "gt", "min_length"):
        for high in ("max_length",) if low == "min_length" else ("le", "lt"):
            if low in found and high in found and _is_empty_range(low, high, found):
                message = f"no value is both {low} {shown(found[low])} and {high} {shown(found[high])}"
                findings.add("contradiction", message, entries[high].place, "change one of the two")


def _is_empty_range(low: str, high: str, found: Mapping[str, object]) -> bool:
    bottom, top = number_of(found[low]), number_of(found[high])
    return bottom > top or (bottom == top and (low == "gt" or high == "lt"))
