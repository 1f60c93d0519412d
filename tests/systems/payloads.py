"""Payloads for models, fitting ones and others, and what judges them: pydantic and the schema in the AsyncAPI document."""

from __future__ import annotations

import json
import re
import sys
from base64 import b64encode, urlsafe_b64encode
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from nodesmith.generation.code_generation import generate_code
from nodesmith.generation.rendering import packaged_templates
from nodesmith.spec.model import (
    DictType,
    EnumType,
    FieldSpec,
    FieldType,
    ListType,
    NullableType,
    RecordType,
    ScalarName,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydantic import BaseModel

    from nodesmith.contract.models import ModelContract
    from nodesmith.contract.node_contract import NodeContract

_NUMBERS = count()
_DOLLAR = re.compile(r"(\\.|\[(?:\\.|[^\]])*\])|\$")


def _pattern(_: Any, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    """Read `$` as JSON Schema has it: Python's matches before a line break at the end, too."""
    if isinstance(instance, str):
        meant = _DOLLAR.sub(lambda found: found[1] or r"\Z", pattern)
        if not re.search(meant, instance, re.ASCII):
            yield ValidationError(f"{instance!r} does not match {pattern!r}")


Validator: Any = extend(Draft7Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def validator(schemas: Mapping[str, Any], name: str) -> Any:
    """Return what judges payloads by the schema of that name among those of an AsyncAPI document."""
    return Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}})


def classes(contract: NodeContract, folder: Path) -> dict[str, type[BaseModel]]:
    """Return the node's models as they are generated."""
    root = f"models_of_{next(_NUMBERS)}"
    for path, file in generate_code(contract, packaged_templates()).items():
        _, _, inside = path.partition("/")
        if inside.startswith(("models/", "enums/")):
            place = folder / root / inside
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(file.text, encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        modules = {m.class_name: import_module(f"{root}.models.{m.module}") for m in contract.models}
    finally:
        sys.path.remove(str(folder))
    return {name: getattr(module, name) for name, module in modules.items()}


def payloads(model: ModelContract) -> st.SearchStrategy[dict[str, Any]]:
    """Return payloads that fit, nearly fit, or do not."""
    return _records([field.spec for field in model.fields])


def _records(fields: list[FieldSpec]) -> st.SearchStrategy[dict[str, Any]]:
    known = {field.name: _values(field.type, field.constraints) for field in fields}
    needed = {field.name: known[field.name] for field in fields if field.required}
    fitting = st.fixed_dictionaries(needed, optional={k: v for k, v in known.items() if k not in needed})
    return st.one_of(
        fitting,
        fitting,
        st.fixed_dictionaries({}, optional=known),
        fitting.flatmap(lambda record: st.sampled_from([{**record, "more": 1}, {**record, "type_": None}])),
    )


WILD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    # Of other floats pydantic lets some through that are nearly a multiple.
    st.integers(-(10**6), 10**6).map(lambda number: number / 4),
    st.sampled_from(
        ["", "1", "text", "\n", "2026-02-30", "1.5", "a\n", "==", "true", "12345678901234567890"]
    ),
    st.sampled_from([[], {}, [None], {"a": None}, [[]], {"$ref": "x"}]),
)


def _values(of: FieldType, constraints: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    likely = _likely(of, constraints)
    return st.one_of(likely, likely, likely, WILD if not _is_bounded_decimal(of, constraints) else likely)


def _likely(of: FieldType, constraints: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    match of:
        case NullableType(inner=inner):
            return st.one_of(st.none(), _values(inner, constraints))
        case ListType(item=item):
            return st.lists(_values(item, {}), max_size=4)
        case DictType(value=value):
            return st.dictionaries(st.text(max_size=3), _values(value, {}), max_size=4)
        case EnumType(values=values):
            return st.sampled_from([*values, "none of them"])
        case RecordType(fields=fields):
            return _records(list(fields))
    return _scalars(of.name, constraints)


def _scalars(  # noqa: PLR0911 - one return a type
    name: ScalarName, constraints: Mapping[str, Any]
) -> st.SearchStrategy[Any]:
    match name:
        case ScalarName.STR:
            return st.one_of(
                st.text(max_size=6), st.sampled_from(["AB-1", "abba", '"""', "{{ x }}a", "ABC", "\u0661"])
            )
        case ScalarName.INT:
            return st.one_of(st.integers(), _near(constraints), st.integers(-20, 20).map(float))
        case ScalarName.FLOAT:
            return st.one_of(
                st.floats(-1e300, 1e300, allow_nan=False)
                if "multiple_of" not in constraints
                else st.just(1.5),
                _near(constraints),
                st.integers(-8, 8).map(lambda number: number / 4),
            )
        case ScalarName.DECIMAL:
            return _decimals(constraints)
        case ScalarName.BYTES:
            return _base64()
        case ScalarName.JSON:
            return WILD
    return _texts_of(name)


def _near(constraints: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    bounds = [
        value for name, value in constraints.items() if not isinstance(value, str) and name != "pattern"
    ]
    near = [bound + step for bound in bounds for step in (-1, 0, 1)]
    return st.sampled_from(near or [0])


def _is_bounded_decimal(of: FieldType, constraints: Mapping[str, Any]) -> bool:
    """Say whether the value is a decimal whose bounds JSON Schema cannot hold texts to."""
    inner = of.inner if isinstance(of, NullableType) else of
    name = getattr(inner, "name", None)
    return name is ScalarName.DECIMAL and any(float(bound) for bound in constraints.values())


def _decimals(constraints: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    numbers = st.one_of(st.integers(-50, 50), st.floats(-1e9, 1e9, allow_nan=False))
    if any(float(bound) for bound in constraints.values()):
        return numbers
    texts = st.one_of(
        st.decimals(-1000, 1000, allow_nan=False).map(str),
        st.sampled_from(["0", "-0", "0E-10", "1E+5", "-1e-7", "+.5", "-.0", "5.", "1_0", " 1", "1e", "NaN", "Infinity", ""]),
    )  # fmt: skip
    return st.one_of(numbers, texts)


def _base64() -> st.SearchStrategy[str]:
    whole = st.one_of(
        st.binary(max_size=8).map(lambda data: b64encode(data).decode()),
        st.binary(max_size=8).map(lambda data: urlsafe_b64encode(data).decode()),
    )
    return st.one_of(whole, whole.map(lambda text: text[:-1]), st.text("aQ+/-_=", max_size=8))


def _texts_of(name: ScalarName) -> st.SearchStrategy[Any]:
    fitting: dict[ScalarName, st.SearchStrategy[str]] = {
        ScalarName.BOOL: st.sampled_from([True, False]),
        ScalarName.UUID: st.uuids().map(str),
        ScalarName.DATE: st.one_of(st.dates().map(str), _dates()),
        ScalarName.DATETIME: st.one_of(
            st.datetimes().map(lambda moment: moment.isoformat()),
            st.tuples(_dates(), st.sampled_from(["T00:00:00Z", "T23:59:59.5+23:59", "T24:00:00", "T12:00:60", "T1:00:00"])).map("".join),
        ),
    }  # fmt: skip
    return fitting[name]


def _dates() -> st.SearchStrategy[str]:
    parts = st.tuples(
        st.sampled_from([0, 1, 4, 400, 1900, 2000, 2023, 2024]), st.integers(0, 13), st.integers(0, 32)
    )
    return parts.map(lambda part: f"{part[0]:04}-{part[1]:02}-{part[2]:02}")


def accepts(model: type[BaseModel], payload: object) -> bool:
    """Say whether pydantic takes a payload from the wire."""
    try:
        model.model_validate_json(json.dumps(payload))
    except ValueError:
        return False
    return True
