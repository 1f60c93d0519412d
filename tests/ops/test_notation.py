"""HTTPie's notation, and names of operations as people type them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodesmith.cli.operating.notation import FIELD, Target, read_fields, read_json, read_target
from nodesmith.errors import InputError

names = st.from_regex(FIELD, fullmatch=True)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(names, st.text()))
def test_any_text_after_the_first_equals_sign_is_the_value(fields: dict[str, str]) -> None:
    assert read_fields([f"{name}={text}" for name, text in fields.items()]) == fields


@given(st.dictionaries(names, json_values))
def test_any_json_after_colon_equals_is_the_value(fields: dict[str, object]) -> None:
    assert read_fields([f"{name}:={json.dumps(value)}" for name, value in fields.items()]) == fields


@given(st.lists(st.text(max_size=12), max_size=4))
def test_whatever_is_typed_is_read_or_refused_with_a_place_and_a_fix(items: list[str]) -> None:
    refused = None
    try:
        fields = read_fields(items)
    except InputError as error:
        refused = error

    if refused is None:
        assert len(fields) == len(items)
    else:
        assert refused.message.startswith("field ")
        assert refused.fix


@pytest.mark.parametrize(
    ("item", "message", "fix"),
    [
        ("email", "field 1, 'email': there is no '=' in it", "FIELD=TEXT"),
        ("=x", "the field's name is missing", "FIELD=TEXT"),
        (":=1", "the field's name is missing", "FIELD=TEXT"),
        ("a b=1", "'a b' is no field name", "FIELD=TEXT"),
        ("address[city]=Bern", "'address[city]' is no field name", "address:='{"),
        ("tags:=[x]", "after 'tags:=': line 1, column 2: this is no JSON", "single quotes"),
        ("name:=ada", "this is no JSON", "for text use '='"),
        ("n:=NaN", "NaN is no number in JSON", "for text use '='"),
        ("n:=", "this is no JSON", "single quotes"),
    ],
)
def test_a_malformed_field_is_refused(item: str, message: str, fix: str) -> None:
    with pytest.raises(InputError) as caught:
        read_fields([item])

    assert message in caught.value.message
    assert fix in caught.value.fix


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InputError, match=r"field 1, 'a=\\udcff': this is no UTF-8 text"):
        read_fields(["a=\udcff"])


def test_a_field_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match="field 2, 'a:=2': 'a' is given twice"):
        read_fields(["a=1", "a:=2"])


def test_json_errors_say_line_and_column() -> None:
    with pytest.raises(InputError, match=r"input\.json: line 2, column 3: this is no JSON"):
        read_json("{\n  x: 1}", place="input.json")


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("customer_writer.upsert_customer", ("", "customer_writer", "upsert_customer")),
        ("customer-writer.upsert-customer", ("", "customer_writer", "upsert_customer")),
        ("crm/customer_writer.upsert_customer", ("crm", "customer_writer", "upsert_customer")),
        ("customer_writer", ("", "customer_writer", "")),
        ("crm/customer_writer", ("crm", "customer_writer", "")),
    ],
)
def test_an_operation_is_named_in_any_usual_form(text: str, target: tuple[str, str, str]) -> None:
    domain, node, operation = target

    assert read_target(text) == Target(domain=domain, node=node, operation=operation)


@pytest.mark.parametrize("text", ["", ".", "a.", ".b", "/a.b", "a/", "a b.c", "a.b.c", "a=b"])
def test_what_names_no_operation_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="names no operation"):
        read_target(text)
