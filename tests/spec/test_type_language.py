from __future__ import annotations

import pytest

from nodesmith.spec.model import DictType, FieldType, ListType, NullableType, ScalarName, ScalarType
from nodesmith.spec.type_language import TypeTextError, fits, parse_type, type_text

STR, INT = ScalarType(ScalarName.STR), ScalarType(ScalarName.INT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("str", STR),
        (" int ", INT),
        ("list[str]", ListType(STR)),
        ("list [ str ]", ListType(STR)),
        ("dict[str, int]", DictType(INT)),
        ("dict[str,list[int]]", DictType(ListType(INT))),
        ("str | null", NullableType(STR)),
        ("str|null", NullableType(STR)),
        ("list[int | null] | null", NullableType(ListType(NullableType(INT)))),
    ],
)
def test_a_type_text_names_a_type(text: str, expected: FieldType) -> None:
    assert parse_type(text) == expected


@pytest.mark.parametrize("name", list(ScalarName))
def test_every_scalar_is_a_type_and_is_written_back_as_it_was(name: ScalarName) -> None:
    for text in (name.value, f"list[{name}]", f"dict[str, list[{name}]] | null"):
        assert type_text(parse_type(text)) == text


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("string", "did you mean 'str'?"),
        ("Int", "did you mean 'int'?"),
        ("boolean", "did you mean 'bool'?"),
        ("list[number]", "did you mean 'float'?"),
        ("str?", "write 'T | null' for what may be null"),
        ("str | none", "write 'T | null'"),
        ("str | int", "write 'T | null'"),
        ("dict[int, str]", "write 'dict[str, T]'"),
        ("list[str", "write list[T], dict[str, T] or 'T | null'"),
        ("list[str]]", "write list[T], dict[str, T] or 'T | null'"),
        ("list[]", "write list[T], dict[str, T] or 'T | null'"),
        ("", "write str, list[str], dict[str, int] or 'T | null'"),
        ("list[" * 20 + "str" + "]" * 20, "use a nested {fields: ...}"),
        ("s" * 300, "use a nested {fields: ...}"),
    ],
)
def test_what_is_no_type_is_answered_with_what_to_write(text: str, fix: str) -> None:
    with pytest.raises(TypeTextError) as refused:
        parse_type(text)

    assert refused.value.fix == fix or refused.value.word == "]"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("int", "float"),
        ("int", "decimal"),
        ("str", "str | null"),
        ("int | null", "float | null"),
        ("list[int]", "list[float]"),
        ("dict[str, int]", "dict[str, decimal]"),
        ("str", "json"),
        ("list[int | null]", "json"),
    ],
)
def test_a_value_may_go_where_nothing_is_lost(source: str, target: str) -> None:
    assert fits(parse_type(source), parse_type(target))
    assert not fits(parse_type(target), parse_type(source))


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("float", "decimal"),
        ("bool", "int"),
        ("uuid", "str"),
        ("uuid", "json"),
        ("date", "datetime"),
        ("str", "list[str]"),
        ("list[str]", "dict[str, str]"),
    ],
)
def test_a_value_does_not_go_where_it_would_have_to_be_changed(source: str, target: str) -> None:
    assert not fits(parse_type(source), parse_type(target))
