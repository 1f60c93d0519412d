"""Enum members: a sane name for any text."""

from __future__ import annotations

from keyword import iskeyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodesmith.contract.enums import EnumContract, enum_members


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("open", "OPEN"),
        ("in progress", "IN_PROGRESS"),
        ("inProgress", "IN_PROGRESS"),
        ("in-progress!", "IN_PROGRESS"),
        ("1st", "VALUE_1ST"),
        ("", "EMPTY"),
        ("Zürich", "ZURICH"),
        ("<=", "LESS_THAN_SIGN_EQUALS_SIGN"),
        ("日", "CJK_UNIFIED_IDEOGRAPH_65E5"),
        ("\n", "U000A"),
        ("None", "NONE"),
        ("__init__", "INIT"),
        ('"""\nimport os', "IMPORT_OS"),
    ],
)
def test_a_value_gets_a_name_that_says_what_it_is(value: str, name: str) -> None:
    assert [member.name for member in enum_members([value])] == [name]


def test_values_of_one_name_are_told_apart_by_their_signs_or_else_by_number() -> None:
    members = enum_members(["c", "c++", "C", "c#", "C "])

    assert [member.name for member in members] == [
        "C",
        "C_PLUS_SIGN_PLUS_SIGN",
        "C_2",
        "C_NUMBER_SIGN",
        "C_SPACE",
    ]


@given(st.lists(st.text(), unique=True, max_size=20))
def test_any_texts_get_identifiers_that_differ(values: list[str]) -> None:
    members = enum_members(values)

    names = [member.name for member in members]
    assert all(name.isidentifier() and name.isascii() and not iskeyword(name) for name in names)
    assert len({name.casefold() for name in names}) == len(values)
    assert [member.value for member in members] == values


@given(st.lists(st.text(), unique=True, max_size=10), st.text())
def test_a_value_added_at_the_end_renames_none_before_it(values: list[str], added: str) -> None:
    assert enum_members([*values, added])[:-1] == enum_members(values)


def test_a_value_that_is_no_member_is_refused_with_those_that_are() -> None:
    enum = EnumContract(class_name="EnumX", module="enum_x", description="", members=enum_members(["a", "b"]))

    with pytest.raises(ValueError, match="'c' is none of 'a', 'b'"):
        enum.member("c")
