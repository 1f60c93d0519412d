"""The schemas of AsyncAPI documents tell the truth about what pydantic takes and writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from generation.any_system import systems
from generation.odd_system import NODES
from generation.odd_system import load as load_odd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from systems.payloads import accepts, classes, payloads, validator

from nodesmith.contract.asyncapi import node_asyncapi
from nodesmith.contract.asyncapi_patterns import json_bound, portable_pattern
from nodesmith.contract.node_contract import build
from nodesmith.generation.examples import examples
from nodesmith.spec.loading import load_system
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from generation.any_fields import Pair

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.spec.model import SystemSpec

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


def load(folder: Path, *nodes: object) -> SystemSpec:
    file = folder / "system.yaml"
    file.write_text(to_yaml({"system": "some", "nodes": list(nodes)}), encoding="utf-8")
    return load_system(file)


def effect(fields: dict[str, object]) -> dict[str, object]:
    return {"node": "effect", "name": "keeper", "operations": {"keep": {"input": fields}}}


def check_both_ways(contract: NodeContract, folder: Path, draw: Any) -> None:
    """Hold each schema against its model: what it takes the model takes, and it takes what the model writes."""
    schemas: dict[str, Any] = node_asyncapi(contract)["components"]["schemas"]  # type: ignore[index]
    models = classes(contract, folder)
    for model in contract.models:
        if model.class_name not in schemas:
            continue
        schema, build_of = validator(schemas, model.class_name), models[model.class_name]
        payload = draw(payloads(model))
        if accepts(build_of, payload):
            written = build_of.model_validate_json(json.dumps(payload)).model_dump(mode="json")
            assert list(schema.iter_errors(written)) == []
        elif "x-rust-pattern" not in str(schemas):
            assert not schema.is_valid(payload)


@settings(max_examples=30, deadline=None, suppress_health_check=SLOW)
@given(data=st.data(), system=systems())
def test_in_any_system_a_schema_takes_what_its_model_writes_and_refuses_what_it_refuses(
    tmp_path: Path, data: st.DataObject, system: Pair
) -> None:
    file = tmp_path / "system.yaml"
    file.write_text(to_yaml(system.odd), encoding="utf-8")

    for spec in load_system(file).nodes:
        check_both_ways(build(spec), tmp_path, data.draw)


# Every type, and every constraint, with bounds at zero and elsewhere.
FIELDS: dict[str, object] = {
    "text": {"type": "str", "min_length": 1, "max_length": 3},
    "code": {"type": "str", "pattern": r"^[A-Z]{2}-\d+$"},
    "words": {"type": "str | null", "pattern": "^[a-z.+-]+( [a-z]+)*$"},
    "number": {"type": "int", "ge": 10, "multiple_of": 4},
    "small": {"type": "int | null", "gt": -5, "lt": 5},
    "ratio": {"type": "float", "gt": 0, "le": 1},
    "quarter": {"type": "float", "multiple_of": 0.25},
    "price": {"type": "decimal", "ge": 0},
    "more": {"type": "decimal", "gt": 0},
    "less": {"type": "decimal | null", "le": 0},
    "below": {"type": "decimal", "lt": "0"},
    "between": {"type": "decimal", "ge": "-1.5", "lt": "0.1"},
    "any_decimal": "decimal",
    "flag": "bool",
    "reference": "uuid | null",
    "moment": "datetime",
    "day": {"type": "date", "default": "2026-01-02"},
    "no_bytes": {"type": "bytes", "max_length": 0},
    "some_bytes": {"type": "bytes", "min_length": 2, "max_length": 5},
    "few_bytes": {"type": "bytes | null", "min_length": 1, "max_length": 3},
    "bytes_from_4": {"type": "bytes", "min_length": 4},
    "any_bytes": "bytes",
    "anything": "json",
    "maybe": "json | null",
    "tags": {"type": "list[str]", "min_length": 1, "max_length": 2},
    "gaps": "list[int | null]",
    "counts": {"type": "dict[str, int]", "min_length": 1},
    "status": {"enum": ["open", "in progress"]},
    "state": {"enum": ["open", "closed"], "nullable": True},
    "address": {"fields": {"street": "str", "zip_code": {"type": "str", "default": "x"}}, "nullable": True},
    "lines": {"type": "list", "items": {"fields": {"sku": "str", "kind": {"enum": ["a"]}}}},
    "places": {"type": "dict", "values": {"fields": {"at": "date"}}},
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_each_kind_is_held_to_what_pydantic_takes(tmp_path: Path, name: str) -> None:
    contract = build(load(tmp_path, effect({name: FIELDS[name]})).nodes[0])
    schemas: dict[str, Any] = node_asyncapi(contract)["components"]["schemas"]  # type: ignore[index]
    model = next(model for model in contract.models if model.class_name == "ModelKeepInput")
    schema, build_of = validator(schemas, model.class_name), classes(contract, tmp_path)[model.class_name]

    @settings(max_examples=150, deadline=None)
    @given(payloads(model))
    def check(payload: dict[str, Any]) -> None:
        if accepts(build_of, payload):
            written = build_of.model_validate_json(json.dumps(payload)).model_dump(mode="json")
            assert list(schema.iter_errors(written)) == []
        else:
            assert not schema.is_valid(payload)

    check()


def test_the_examples_in_nodes_tests_fit_the_schemas(tmp_path: Path) -> None:
    for spec in load_odd(tmp_path, NODES).nodes:
        contract = build(spec)
        schemas: dict[str, Any] = node_asyncapi(contract)["components"]["schemas"]  # type: ignore[index]
        for model, payload in examples(contract.models):
            if model.class_name in schemas:
                assert list(validator(schemas, model.class_name).iter_errors(payload)) == []


def test_a_default_is_told_and_fits_its_own_schema(tmp_path: Path) -> None:
    """A decimal is written as a text, bytes padded, and a record as it is, without the defaults inside."""
    fields = {
        "total": {"type": "decimal", "default": 1.5},
        "data": {"type": "bytes", "default": "_-8"},
        "at": {"type": "datetime", "default": "2026-01-02 03:04"},
        "id": {"type": "uuid | null", "default": "0B54B0F64F0C4B7E9D3A6F1A2C3D4E5F"},
        "places": {"type": "list", "items": {"fields": {"a": "bytes", "b": {"type": "int", "default": 1}}}, "default": [{"a": "YQ"}]},
        "note": "str | null",
    }  # fmt: skip
    contract = build(load(tmp_path, effect(fields)).nodes[0])
    schemas: Any = node_asyncapi(contract)["components"]["schemas"]  # type: ignore[index]

    defaults = {name: field["default"] for name, field in schemas["ModelKeepInput"]["properties"].items()}

    assert defaults == {
        "total": "1.5",
        "data": "_-8=",
        "at": "2026-01-02T03:04:00",
        "id": "0b54b0f6-4f0c-4b7e-9d3a-6f1a2c3d4e5f",
        "places": [{"a": "YQ=="}],
        "note": None,
    }
    assert list(validator(schemas, "ModelKeepInput").iter_errors(defaults)) == []


def test_what_a_listener_reads_may_hold_more_than_it_knows(tmp_path: Path) -> None:
    reducer = {
        "node": "reducer", "name": "counter", "event_bus": True,
        "state": {"key": "id", "fields": {"id": "str"}},
        "events": {"kept": {"from": "far/keeper.keep", "fields": {"id": "str", "at": {"fields": {"x": "int"}}}}},
    }  # fmt: skip
    schemas: Any = node_asyncapi(build(load(tmp_path, reducer).nodes[0]))["components"]["schemas"]  # type: ignore[index]
    payload = {"id": "a", "more": 1, "at": {"x": 1, "y": 2}}

    assert validator(schemas, "ModelKeptEvent.lenient").is_valid(payload)
    assert not validator(schemas, "ModelKeptEvent").is_valid(payload)


@pytest.mark.parametrize(
    ("pattern", "portable"),
    [
        (r"^[A-Z]{2}-\d+$", "^[A-Z]{2}-[0-9]+$"),
        (r"^[\w.+-]+@[\w-]+\.[a-z]{2,}$", r"^[A-Za-z0-9_.+-]+@[A-Za-z0-9_-]+\.[a-z]{2,}$"),
        (r"\\d", r"\\d"),
        ("^(?:x|y)*?$", "^(?:x|y)*?$"),
        ("é+", "é+"),
        (r"^\p{Lu}$", ""),
        ("(?i)a", ""),
        ("a**", ""),
        ("[a&&b]", ""),
        (r"[^\d]", ""),
        (r"\bfoo", ""),
        (r"\x41", ""),
    ],
)
def test_a_pattern_is_told_where_every_reader_takes_it_alike(pattern: str, portable: str) -> None:
    assert portable_pattern(pattern) == portable


@pytest.mark.parametrize(
    ("name", "value", "bound"),
    [
        ("ge", "10", 10),
        ("ge", 0.1, 0.1),
        ("le", "1.50", 1.5),
        ("ge", "0.10000000000000000001", 0.10000000000000002),
        ("le", "0.10000000000000000001", 0.1),
        ("gt", "1e-9999", 5e-324),
        ("le", "1e9999", 1.7976931348623157e308),
        ("ge", "-1e9999", -1.7976931348623157e308),
    ],
)
def test_a_bound_that_no_float_is_lets_less_through(name: str, value: object, bound: float) -> None:
    assert json_bound(name, value) == bound
