"""One example payload for a model, as JSON data, for the node's own tests and its README."""

from __future__ import annotations

import ast
from base64 import b64encode
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from nodesmith.generation.example_fit import fits
from nodesmith.generation.example_text import text_candidates
from nodesmith.spec.model import DictType, ListType, NullableType, ScalarName, ScalarType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nodesmith.contract.models import ModelContract, ModelField
    from nodesmith.contract.types import TypeContract

Constraints = dict[str, Any]

# More elements, or a longer text, than anybody wants to see in a test.
MOST = 1000
# The digits that a multiple of the smallest float next to the largest has.
EXACT = Context(prec=700)

PLAIN: dict[ScalarName, object] = {
    ScalarName.STR: "text",
    ScalarName.INT: 1,
    ScalarName.FLOAT: 1.5,
    ScalarName.BOOL: True,
    ScalarName.DECIMAL: "1.5",
    ScalarName.UUID: "0b54b0f6-4f0c-4b7e-9d3a-6f1a2c3d4e5f",
    ScalarName.DATETIME: "2026-01-02T03:04:05Z",
    ScalarName.DATE: "2026-01-02",
    ScalarName.BYTES: "aGVsbG8=",
    ScalarName.JSON: {"a": [1, None]},
}


class NoExampleError(Exception):
    """No value is known that fits a field's constraints."""


def example(model: ModelContract) -> dict[str, object]:
    """Return a payload that fits; raises NoExampleError where a required field's constraints are too odd for it."""
    payload = {}
    for field in model.fields:
        try:
            payload[field.name] = _of(field.type, _constraints(field))
        except NoExampleError:
            if field.required:
                raise
    return payload


def _constraints(field: ModelField) -> Constraints:
    return {name: _value(code) for name, code in field.constraints}


def _value(code: str) -> object:
    """Return the value of a constraint's code: a literal, or the literal inside a call (`Decimal('0.5')`)."""
    tree = ast.parse(code, mode="eval").body
    if not isinstance(tree, ast.Call):
        return ast.literal_eval(tree)
    inner = ast.literal_eval(tree.args[0])
    return Decimal(inner) if code.startswith("Decimal") else inner


def _of(kind: TypeContract, constraints: Constraints) -> object:
    if kind.enum is not None:
        return kind.enum.members[0].value
    if kind.model is not None:
        return example(kind.model)
    match kind.spec:
        case ScalarType(name=name):
            return _scalar(name, constraints) if constraints else PLAIN[name]
        case NullableType() if kind.inner is not None:
            return _of(kind.inner, constraints)
        case ListType() if kind.inner is not None:
            return [_of(kind.inner, {}) for _ in range(_count(constraints))]
        case DictType() if kind.inner is not None:
            return {f"key_{number}": _of(kind.inner, {}) for number in range(1, _count(constraints) + 1)}
    raise NoExampleError(kind.annotation)


def _count(constraints: Constraints) -> int:
    count = max(int(constraints.get("min_length", 0)), min(1, int(constraints.get("max_length", 1))))
    if count > MOST:
        raise NoExampleError(f"{count} elements")
    return count


def _scalar(name: ScalarName, constraints: Constraints) -> object:
    """Return the first candidate that pydantic itself accepts."""
    for candidate in _candidates(name, constraints):
        if fits(name, constraints, candidate):
            return str(candidate) if name is ScalarName.DECIMAL else candidate
    raise NoExampleError(f"{name} {constraints}")


def _candidates(name: ScalarName, constraints: Constraints) -> Iterator[object]:
    if constraints.get("min_length", 0) > MOST:
        return
    if name in (ScalarName.INT, ScalarName.FLOAT, ScalarName.DECIMAL):
        kind = {ScalarName.INT: int, ScalarName.FLOAT: float, ScalarName.DECIMAL: Decimal}[name]
        with localcontext(EXACT):
            numbers = list(_numbers(name, constraints))
        yield from (kind(number) for number in numbers)
    elif name is ScalarName.STR:
        yield from text_candidates(constraints)
    else:
        plain = b"hello".ljust(int(constraints.get("min_length", 0)), b"o")
        yield b64encode(plain[: constraints.get("max_length", MOST)]).decode()


def _numbers(name: ScalarName, constraints: Constraints) -> Iterator[Decimal]:
    yield Decimal(1) if name is ScalarName.INT else Decimal("1.5")
    bounds = [Decimal(str(constraints[key])) for key in ("ge", "gt", "le", "lt") if key in constraints]
    for bound in bounds or [Decimal(0)]:
        yield from (bound, bound + 1, bound - 1)
        if "multiple_of" in constraints:
            step = Decimal(str(constraints["multiple_of"]))
            multiple = bound // step * step
            yield from (multiple, multiple + step, multiple - step)
    if bounds:
        yield sum(bounds, Decimal(0)) / len(bounds)
    # To a large float, 1 more is no more.
    yield from (bound * 2 for bound in bounds)


def examples(models: Iterable[ModelContract]) -> list[tuple[ModelContract, dict[str, object]]]:
    """Return each model that an example is known for, with it."""
    found = []
    for model in models:
        try:
            found.append((model, example(model)))
        except NoExampleError:
            continue
    return found
