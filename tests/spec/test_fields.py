from __future__ import annotations

import pytest
from pydantic import BaseModel
from spec.checking import findings_of, fixes, load_node, problems

from nodesmith.spec.fields import RESERVED_FIELDS
from nodesmith.spec.model import EnumType, FieldSpec, ListType, NullableType, RecordType

START = "node: compute\nname: x\noperations:\n  run_it:\n    input:\n"


def with_field(field: str) -> str:
    """Return a spec whose field stands in line 6, its value from column 10 on."""
    return f"{START}      a: {field}\n"


def read(field: str) -> FieldSpec:
    return load_node(with_field(field)).operations[0].input[0]


def test_a_field_with_a_default_is_optional_and_one_without_is_not() -> None:
    assert read("str").required
    assert not read("{type: str, default: x}").required
    assert read("{type: str, default: x}").default == "x"


def test_a_nullable_field_is_null_where_it_is_left_out() -> None:
    field = read("str | null")

    assert (field.required, field.default) == (False, None)
    assert not read("{type: int, nullable: true}").required


def test_lists_and_dicts_hold_records_and_enums() -> None:
    rows = read("{type: list, items: {fields: {sku: str}}, min_length: 1}")
    kinds = read("{type: dict, values: {enum: [a, b]}, default: {x: a}}")

    assert rows.type == ListType(RecordType((FieldSpec(name="sku", type=read("str").type),)))
    assert rows.constraints == {"min_length": 1}
    assert kinds.default == {"x": "a"}


def test_an_enum_may_hold_any_text_once() -> None:
    assert read('{enum: ["no", "<=", "in progress", Ü]}').type == EnumType(("no", "<=", "in progress", "Ü"))


def test_an_enum_may_be_nullable() -> None:
    assert read("{enum: [a], nullable: true}").type == NullableType(EnumType(("a",)))


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("strng", "6:10 operations.run_it.input.a [unknown-type]"),
        ("list", "6:10 operations.run_it.input.a [unknown-type]"),
        ("7", "6:10 operations.run_it.input.a [wrong-type]"),
        ("[a, b]", "6:10 operations.run_it.input.a [wrong-type]"),
        ("", "6:9 operations.run_it.input.a [wrong-type]"),
        ("{}", "6:7 operations.run_it.input.a [missing-key]"),
        ("{street: str}", "6:11 operations.run_it.input.a.street [unknown-key]"),
        ("{type: str, defualt: x}", "6:22 operations.run_it.input.a.defualt [unknown-key]"),
        ("{type: str, enum: [b]}", "6:22 operations.run_it.input.a.enum [contradiction]"),
        ("{type: list}", "6:17 operations.run_it.input.a.type [missing-key]"),
        ("{type: str, items: str}", "6:22 operations.run_it.input.a.items [contradiction]"),
        (
            "{type: list, items: {type: str, max_length: 3}}",
            "6:42 operations.run_it.input.a.items.max_length [unknown-key]",
        ),
        ("{type: list, items: [str]}", "6:30 operations.run_it.input.a.items [wrong-type]"),
        ("{enum: []}", "6:17 operations.run_it.input.a.enum [empty]"),
        ("{enum: [b, b]}", "6:21 operations.run_it.input.a.enum[1] [duplicate-value]"),
        ("{enum: [1]}", "6:18 operations.run_it.input.a.enum[0] [wrong-type]"),
        ('{enum: [""]}', "6:18 operations.run_it.input.a.enum[0] [enum-value]"),
        ("{fields: {}}", "6:19 operations.run_it.input.a.fields [empty]"),
        (
            "{fields: {b: {fields: {c: strr}}}}",
            "6:36 operations.run_it.input.a.fields.b.fields.c [unknown-type]",
        ),
        ("{type: str, nullable: maybe}", "6:32 operations.run_it.input.a.nullable [wrong-type]"),
        ("{type: str, description: 7}", "6:35 operations.run_it.input.a.description [wrong-type]"),
    ],
)
def test_what_is_wrong_with_a_field_is_found_where_it_stands(field: str, found: str) -> None:
    assert problems(with_field(field)) == [found]


@pytest.mark.parametrize(
    "field",
    [
        "{type: int, ge: 1, lt: 10, multiple_of: 2, default: 4}",
        "{type: float, gt: 0.5, default: 1}",
        '{type: decimal, ge: "0.01", lt: 1000, default: "1.50"}',
        "{type: str, min_length: 1, max_length: 3, pattern: '^[a-z]+$', default: abc}",
        "{type: bytes, min_length: 3, max_length: 3, default: YWJj}",
        "{type: 'list[bytes]', default: [__8=, //8, '']}",
        "{type: 'list[int]', max_length: 2, default: [1, 2]}",
        "{type: 'int | null', ge: 1, default: null}",
        "{type: uuid, default: 00000000-0000-0000-0000-000000000000}",
        "{type: datetime, default: 2026-01-31T12:00:00Z}",
        "{type: date, default: 2026-01-31}",
        "{type: json, default: {a: [1, null]}}",
        "{type: 'dict[str, int]', default: {a: 1}}",
        "{fields: {b: {type: int, default: 1}}, default: {}}",
    ],
)
def test_constraints_and_defaults_that_fit_the_type_are_taken(field: str) -> None:
    assert findings_of(with_field(field)) == ()


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("{type: int, min_length: 3}", "6:22 operations.run_it.input.a.min_length [constraint]"),
        ("{type: decimal, multiple_of: 5}", "6:26 operations.run_it.input.a.multiple_of [constraint]"),
        ("{type: str, ge: 3}", "6:22 operations.run_it.input.a.ge [constraint]"),
        ("{type: bool, pattern: x}", "6:23 operations.run_it.input.a.pattern [constraint]"),
        ("{enum: [b], max_length: 3}", "6:22 operations.run_it.input.a.max_length [constraint]"),
        ("{type: int, ge: 1.5}", "6:26 operations.run_it.input.a.ge [wrong-type]"),
        ("{type: int, ge: x}", "6:26 operations.run_it.input.a.ge [wrong-type]"),
        ("{type: float, ge: true}", "6:28 operations.run_it.input.a.ge [wrong-type]"),
        ("{type: int, multiple_of: 0}", "6:35 operations.run_it.input.a.multiple_of [constraint]"),
        ("{type: str, max_length: -1}", "6:34 operations.run_it.input.a.max_length [wrong-type]"),
        ("{type: str, max_length: 2.0}", "6:34 operations.run_it.input.a.max_length [wrong-type]"),
        ("{type: str, pattern: '('}", "6:31 operations.run_it.input.a.pattern [constraint]"),
        ("{type: str, pattern: '(?=b)c'}", "6:31 operations.run_it.input.a.pattern [constraint]"),
        ("{type: str, pattern: 5}", "6:31 operations.run_it.input.a.pattern [wrong-type]"),
        ("{type: int, ge: 5, le: 3}", "6:33 operations.run_it.input.a.le [contradiction]"),
        ("{type: int, gt: 5, le: 5}", "6:33 operations.run_it.input.a.le [contradiction]"),
        ("{type: int, ge: 5, gt: 5}", "6:29 operations.run_it.input.a.gt [contradiction]"),
        (
            "{type: str, min_length: 5, max_length: 3}",
            "6:49 operations.run_it.input.a.max_length [contradiction]",
        ),
    ],
)
def test_a_constraint_must_go_with_its_type_and_with_the_others(field: str, found: str) -> None:
    assert problems(with_field(field)) == [found]


@pytest.mark.parametrize(
    "field",
    [
        "{type: int, default: '1'}",
        "{type: int, default: 1.0}",
        "{type: int, default: true}",
        "{type: int, default: null}",
        "{type: str, default: 5}",
        "{type: bool, default: yes}",
        "{type: float, default: x}",
        "{type: decimal, default: one}",
        "{type: uuid, default: abc}",
        "{type: date, default: 2026-02-30}",
        "{type: bytes, default: abcde}",
        "{type: bytes, default: a text}",
        "{type: bytes, default: é}",
        "{type: bytes, max_length: 3, default: YWJjZA==}",
        "{type: datetime, default: noon}",
        "{type: 'list[int]', default: [1, x]}",
        "{type: 'list[int]', default: {}}",
        "{type: 'dict[str, int]', default: {a: b}}",
        "{enum: [b, c], default: d}",
        "{fields: {b: int}, default: {}}",
        "{fields: {b: int}, default: {b: 1, c: 2}}",
        "{fields: {b: {type: int, ge: 5}}, default: {b: 1}}",
        "{type: int, ge: 5, default: 1}",
        "{type: str, max_length: 2, default: abc}",
        "{type: str, pattern: '^a$', default: b}",
        "{type: int, multiple_of: 2, default: 3}",
    ],
)
def test_a_default_must_fit_its_type_and_its_constraints(field: str) -> None:
    found = findings_of(with_field(field))

    assert [finding.rule for finding in found] == ["default"]
    assert found[0].line == 6


def test_the_reserved_names_are_those_of_pydantic() -> None:
    attributes = {*dir(BaseModel), *dir(type(BaseModel))}
    public = {name for name in attributes if not name.startswith(("_", "model_"))}

    assert public == RESERVED_FIELDS


@pytest.mark.parametrize(
    "name",
    [
        "Name",
        "two words",
        "_x",
        "x__y",
        "größe",
        "1a",
        "x" * 65,
        "class",
        "model_config",
        "model_x",
        "copy",
        "json",
        "dict",
        "validate",
        "list",
        "str",
        "bytes",
    ],
)
def test_a_name_that_cannot_stand_in_a_model_is_found_at_its_key(name: str) -> None:
    found = findings_of(f"{START}      {name}: str\n")

    assert [(finding.rule, finding.line, finding.column) for finding in found] == [("bad-name", 6, 7)]


BUILTIN_FIELDS = (
    "id",
    "type",
    "hash",
    "format",
    "filter",
    "input",
    "min",
    "max",
    "object",
    "next",
    "all",
    "match",
)


def test_a_field_may_be_called_like_a_builtin_and_be_referred_to() -> None:
    fields = "".join(f"      {name}: str\n" for name in BUILTIN_FIELDS)

    operation = load_node(f"{START}{fields}    key: id\n").operations[0]

    assert tuple(field.name for field in operation.input) == BUILTIN_FIELDS
    assert operation.key == "id"


def test_names_that_become_one_in_code_collide() -> None:
    assert problems(f"{START}      item_2: str\n      item2: int\n") == [
        "7:7 operations.run_it.input.item2 [name-collision]"
    ]


def test_fixes_say_what_to_write() -> None:
    assert fixes(with_field("[a, b]")) == ["a choice is written {enum: [a, b]}, a list 'list[str]'"]
    assert fixes(with_field("{street: str}")) == ["a nested record is written {fields: {...}}"]
    assert fixes(f"{START}      orderId: str\n") == ["write 'order_id'"]
    assert fixes(f"{START}      Type: str\n") == ["write 'type'"]
    assert fixes(f"{START}      copy: str\n") == ["add a word, such as 'customer_copy'"]


def test_records_nest_to_a_limit() -> None:
    deep = "str"
    for level in range(8):
        deep = f"{{fields: {{f{level}: {deep}}}}}"

    assert [finding.rule for finding in findings_of(with_field(deep))] == ["too-deep"]


def test_names_on_the_way_to_a_record_do_not_grow_into_an_endless_file_name() -> None:
    deep = "str"
    for level in range(4):
        deep = f"{{fields: {{{'x' * 50}{level}: {deep}}}}}"

    assert {finding.rule for finding in findings_of(with_field(deep))} == {"too-long"}


@pytest.mark.parametrize(
    "field",
    [
        r'{type: "list[str]", default: ["a\x01"]}',
        r'{type: "dict[str, int]", default: {a: 1, b: .nan}}',
        r'{fields: {b: str}, default: {b: "\x07"}}',
    ],
)
def test_what_cannot_be_read_inside_a_default_is_found_once(field: str) -> None:
    assert len(findings_of(with_field(field))) == 1
