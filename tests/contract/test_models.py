"""Models: annotations and defaults are Python that pydantic takes, whatever the spec says."""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime
from decimal import Decimal
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import pydantic
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support.specs import LINE, STATUS, effect, effects, optional, required

from nodesmith.contract.node_contract import NodeContract, build
from nodesmith.contract.registry import element_name
from nodesmith.errors import GateError
from nodesmith.spec.model import (
    DictType,
    EnumType,
    FieldSpec,
    ListType,
    NullableType,
    OperationSpec,
    RecordType,
    ScalarName,
    ScalarType,
)

if TYPE_CHECKING:
    from nodesmith.spec.model import FieldType, NodeSpec


def contract_of(*fields: FieldSpec) -> NodeContract:
    return build(effect(OperationSpec(name="upsert", input=fields)))


def refusals(spec: NodeSpec) -> set[str]:
    try:
        build(spec)
    except GateError as refused:
        return {found.rule for found in refused.findings}
    return set()


def declarations(*fields: FieldSpec) -> list[str]:
    return [field.declaration for field in contract_of(*fields).operations[0].input.fields]


@pytest.mark.parametrize(
    ("kind", "annotation"),
    [
        (ScalarType(ScalarName.STR), "str"),
        (ScalarType(ScalarName.INT), "int"),
        (ScalarType(ScalarName.FLOAT), "float"),
        (ScalarType(ScalarName.BOOL), "bool"),
        (ScalarType(ScalarName.DECIMAL), "Decimal"),
        (ScalarType(ScalarName.UUID), "UUID"),
        (ScalarType(ScalarName.DATETIME), "datetime"),
        (ScalarType(ScalarName.DATE), "date"),
        (ScalarType(ScalarName.BYTES), "bytes"),
        (ScalarType(ScalarName.JSON), "JsonValue"),
        (ListType(ScalarType(ScalarName.STR)), "list[str]"),
        (DictType(ListType(ScalarType(ScalarName.UUID))), "dict[str, list[UUID]]"),
        (NullableType(ScalarType(ScalarName.DATE)), "date | None"),
        (ListType(NullableType(NullableType(ScalarType(ScalarName.INT)))), "list[int | None]"),
        (EnumType(("a", "b")), "EnumThing"),
        (LINE, "ModelThing"),
        (ListType(LINE), "list[ModelThingItem]"),
    ],
)
def test_every_type_has_its_annotation(kind: FieldType, annotation: str) -> None:
    assert declarations(required("thing", kind)) == [f"thing: {annotation}"]


def test_a_field_called_date_does_not_hide_the_type_date() -> None:
    model = contract_of(
        optional("date", NullableType(ScalarType(ScalarName.DATE)), None),
        required("since", ScalarType(ScalarName.DATE)),
    ).models[0]

    assert [field.declaration for field in model.fields] == ["date: Date | None = None", "since: Date"]
    assert [(found.module, found.name, found.alias) for found in model.imports] == [
        ("datetime", "date", "Date")
    ]


@pytest.mark.parametrize(
    ("kind", "default", "code"),
    [
        (ScalarName.STR, '"""', '\'"""\''),
        (ScalarName.FLOAT, 1, "1.0"),
        (ScalarName.DECIMAL, 0.1, "Decimal('0.1')"),
        (
            ScalarName.UUID,
            "00000000-0000-0000-0000-000000000001",
            "UUID('00000000-0000-0000-0000-000000000001')",
        ),
        (ScalarName.DATE, "2026-01-02", "date.fromisoformat('2026-01-02')"),
        (ScalarName.BYTES, "aMOp", "b'h\\xc3\\xa9'"),
        (ScalarName.BOOL, True, "True"),
    ],
)
def test_a_default_is_written_as_a_value_of_its_type(kind: ScalarName, default: object, code: str) -> None:
    assert declarations(optional("thing", ScalarType(kind), default)) == [
        f"thing: {contract_of(required('thing', ScalarType(kind))).models[0].fields[0].annotation} = {code}"
    ]


def test_a_default_that_could_be_shared_between_objects_is_made_anew_for_each() -> None:
    assert declarations(
        optional("tags", ListType(ScalarType(ScalarName.STR)), []),
        optional("more", ListType(ScalarType(ScalarName.STR)), ["a"]),
        optional("line", LINE, {"sku": "x", "quantity": 1}),
    ) == [
        "tags: list[str] = Field(default_factory=list)",
        "more: list[str] = Field(default_factory=lambda: ['a'])",
        "line: ModelLine = Field(default_factory=lambda: ModelLine.model_validate({'sku': 'x', 'quantity': 1}))",
    ]


def test_bytes_inside_a_record_are_spelled_out_for_a_model_that_is_given_them_in_python() -> None:
    parts = RecordType((required("raw", ScalarType(ScalarName.BYTES)), required("line", LINE)))

    [declared] = declarations(optional("parts", parts, {"raw": "_-8=", "line": {"sku": "x", "quantity": 1}}))

    assert declared.endswith(
        "ModelParts.model_validate({'raw': b'\\xff\\xef', 'line': {'sku': 'x', 'quantity': 1}}))"
    )


def test_constraints_and_descriptions_are_arguments_of_field() -> None:
    amount = FieldSpec(
        name="amount", type=ScalarType(ScalarName.DECIMAL), constraints={"ge": 0.01}, description='so "much"'
    )
    code = FieldSpec(name="code", type=ScalarType(ScalarName.STR), constraints={"pattern": r"^\d+'$"})

    assert declarations(amount, code) == [
        "amount: Decimal = Field(ge=Decimal('0.01'), description='so \"much\"')",
        'code: str = Field(pattern="^\\\\d+\'$")',
    ]


def test_equal_records_and_enums_of_one_field_name_are_one_class() -> None:
    lines, status = required("lines", ListType(LINE)), required("status", STATUS)

    contract = build(effect(OperationSpec(name="sort", input=(lines, status), output=(lines, status))))

    assert [model.class_name for model in contract.models] == [
        "ModelSortInput",
        "ModelLine",
        "ModelSortOutput",
    ]
    assert [enum.class_name for enum in contract.enums] == ["EnumStatus"]


def test_a_different_record_of_the_same_field_name_is_named_after_its_owner() -> None:
    short = RecordType((required("sku"),))

    contract = build(
        effect(
            OperationSpec(
                name="sort",
                input=(required("lines", ListType(LINE)),),
                output=(required("lines", ListType(short)),),
            )
        )
    )

    assert [model.module for model in contract.models] == [
        "model_sort_input",
        "model_line",
        "model_sort_output",
        "model_sort_output_line",
    ]


@pytest.mark.parametrize(
    ("field", "element"),
    [
        ("lines", "line"),
        ("entries", "entry"),
        ("addresses", "address"),
        ("boxes", "box"),
        ("stock", "stock_item"),
        ("status", "status_item"),
        ("glass", "glass_item"),
        ("ties", "tie"),
        ("s", "s_item"),
    ],
)
def test_an_element_is_named_after_its_list(field: str, element: str) -> None:
    assert element_name(field) == element


@given(effects())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_spec_of_sound_names_is_refused_only_for_names_that_meet(spec: NodeSpec) -> None:
    assert refusals(spec) <= {"class-name-collision"}


@given(effects())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_spec_gets_class_and_module_names_that_are_identifiers_and_differ(spec: NodeSpec) -> None:
    assume(not refusals(spec))
    contract = build(spec)
    classes = [model.class_name for model in contract.models] + [enum.class_name for enum in contract.enums]
    modules = [model.module for model in contract.models] + [enum.module for enum in contract.enums]
    assert all(name.isidentifier() and not iskeyword(name) for name in (*classes, *modules))
    assert len({name.casefold() for name in classes}) == len(classes)
    assert len(set(modules)) == len(modules)


@given(effects())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_contract_is_the_same_each_time_and_its_declarations_parse(spec: NodeSpec) -> None:
    assume(not refusals(spec))
    contract = build(spec)
    assert build(spec) == contract
    for model in contract.models:
        for field in model.fields:
            [statement] = ast.parse(field.declaration).body
            assert isinstance(statement, ast.AnnAssign)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)

DEFAULTS = st.one_of(
    st.tuples(st.just(ScalarName.STR), st.text()),
    st.tuples(st.just(ScalarName.INT), st.integers()),
    st.tuples(st.just(ScalarName.FLOAT), st.floats(allow_nan=False, allow_infinity=False)),
    st.tuples(st.just(ScalarName.JSON), JSON),
    st.tuples(st.just(ScalarName.DECIMAL), st.decimals(allow_nan=False, allow_infinity=False).map(str)),
    st.tuples(st.just(ScalarName.DATE), st.dates().map(str)),
    st.tuples(st.just(ScalarName.DATETIME), st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)),
    st.tuples(st.just(ScalarName.UUID), st.uuids().map(str)),
)


ANNOTATIONS = {
    ScalarName.DECIMAL: "Decimal",
    ScalarName.DATE: "date",
    ScalarName.DATETIME: "datetime",
    ScalarName.UUID: "UUID",
}


@given(DEFAULTS)
def test_the_code_of_any_default_gives_back_the_value(case: tuple[ScalarName, object]) -> None:
    kind, value = case
    field = contract_of(optional("thing", ScalarType(kind), value)).models[0].fields[0]
    names: dict[str, Any] = {
        "Decimal": Decimal,
        "UUID": UUID,
        "date": date,
        "datetime": datetime,
        "cast": cast,
        "Any": Any,
    }

    made = eval(field.default or f"({field.factory})()", names)

    types = {name: names[annotation] for name, annotation in ANNOTATIONS.items()}
    adapter: pydantic.TypeAdapter[object] = pydantic.TypeAdapter(types.get(kind, type(value)))
    assert made == adapter.validate_python(value)
