"""HTTPie's notation for a command's fields (`email=a@b.c`, `tags:='["x"]'`) and names of operations, as typed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from nodesmith.errors import InputError
from nodesmith.naming import snake
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
FIX = "write FIELD=TEXT, or FIELD:=JSON for numbers, booleans, lists and objects: count:=3 tags:='[\"x\"]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a person wants called. `domain` and `operation` are empty where they were left out."""

    domain: str
    node: str
    operation: str


def read_target(text: str, *, domain: str = "") -> Target:
    """Return what `[DOMAIN/]NODE[.OPERATION]` names, in snake_case; `domain` is what was said of it elsewhere."""
    typed, slash, rest = text.rpartition("/")
    node, dot, operation = rest.partition(".")
    if slash and domain and snake(typed) != snake(domain):
        raise InputError(f"'{text}' is not in domain '{domain}'", fix="name the domain once")
    domain = typed if slash else domain
    parts = ([domain] if slash or domain else []) + [node] + ([operation] if dot else [])
    for part in parts:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", part):
            reason = f"'{part}' is no name" if part else "a name is missing"
            raise InputError(
                f"'{text}' names no operation: {reason}",
                fix="write NODE.OPERATION, or DOMAIN/NODE.OPERATION: customer_writer.upsert_customer",
            )
    return Target(domain=snake(domain), node=snake(node), operation=snake(operation))


def read_fields(items: Sequence[str]) -> dict[str, object]:
    """Return the fields that `items` spell; raise InputError with the place of the first that is malformed."""
    fields: dict[str, object] = {}
    for number, item in enumerate(items, start=1):
        name, value = _read_field(item, place=f"field {number}, {_shown(item)}")
        if name in fields:
            raise InputError(
                f"field {number}, {_shown(item)}: '{name}' is given twice", fix="give each field once"
            )
        fields[name] = value
    return fields


def _read_field(item: str, *, place: str) -> tuple[str, object]:
    if not _is_unicode(item):
        raise InputError(f"{place}: this is no UTF-8 text", fix="give what JSON can carry: bytes as base64")
    name, equals, text = item.partition("=")
    is_json = name.endswith(":")
    name = name.removesuffix(":") if is_json else name
    if not equals:
        raise InputError(f"{place}: there is no '=' in it", fix=FIX)
    if not FIELD.fullmatch(name):
        reason = f"'{name}' is no field name" if name else "the field's name is missing"
        raise InputError(f"{place}: {reason}", fix=_name_fix(name))
    return name, read_json(text, place=f"{place}: after '{name}:='") if is_json else text


def _name_fix(name: str) -> str:
    field = re.match(r"([A-Za-z_]\w*)[\[.]", name)
    return f"""write a nested value as JSON: {field[1]}:='{{"...": ...}}'""" if field else FIX


def read_json(text: str, *, place: str) -> object:
    """Return the value of a JSON text; NaN and Infinity are no JSON, whatever Python says."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        where = (
            f"line {error.lineno}, column {error.colno}: " if isinstance(error, json.JSONDecodeError) else ""
        )
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise InputError(f"{place}: {where}this is no JSON: {reason}", fix=_json_fix(text)) from error


def _json_fix(text: str) -> str:
    if re.fullmatch(r"[\w@.+-]+", text):
        return f"for text use '=' instead of ':=', or quote it twice: ':=\"{text}\"'"
    return (
        "put single quotes around the JSON, so that the shell leaves its double quotes alone: tags:='[\"x\"]'"
    )


def _is_unicode(text: str) -> bool:
    """Return whether JSON can carry `text`: what a shell hands on may be any bytes."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no number in JSON")


def _shown(item: str) -> str:
    longest = 40
    return repr(item if len(item) <= longest else item[: longest - 1] + "…")
