"""The words for types: `int`, `list[T]`, `dict[str, T]`, `T | null`; read, written, and held against each other."""

from __future__ import annotations

import re

from nodesmith.records import dataclass
from nodesmith.spec.model import (
    DictType,
    EnumType,
    FieldType,
    ListType,
    NullableType,
    RecordType,
    ScalarName,
    ScalarType,
)
from nodesmith.spec.tree import listed, shown

MAX_TYPE_DEPTH = 8
MAX_TYPE_LENGTH = 200

# Stands for a type that could not be read; it is told from a real `json` by identity, and fits everything.
UNKNOWN_TYPE = ScalarType(ScalarName.JSON)

_SCALARS = {name.value: ScalarType(name) for name in ScalarName}
TYPE_WORDS = (*_SCALARS, "list", "dict")
# What other languages call a type -> what it is called here.
_MEANT = {
    "string": "str", "text": "str", "varchar": "str", "char": "str",
    "integer": "int", "long": "int", "bigint": "int", "int32": "int", "int64": "int",
    "number": "float", "double": "float", "real": "float", "float64": "float",
    "boolean": "bool", "timestamp": "datetime", "guid": "uuid", "numeric": "decimal", "money": "decimal",
    "binary": "bytes", "object": "json", "any": "json", "map": "dict", "array": "list", "set": "list",
    "yes": "bool", "no": "bool", "true": "bool", "false": "bool",
    "tuple": "list", "sequence": "list", "mapping": "dict", "optional": "T | null", "none": "null",
}  # fmt: skip
_FORMS = "write list[T], dict[str, T] or 'T | null'"
_TOKEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*|[\[\],|?]|\S)")


class TypeTextError(ValueError):
    """A text that is no type; `fix` says what to write, or `word` is the one that names none."""

    def __init__(self, message: str, fix: str = "", *, word: str = "") -> None:
        super().__init__(message)
        self.fix = fix
        self.word = word


def parse_type(text: str) -> FieldType:
    """Return the type `text` names; raise TypeTextError where it names none."""
    if len(text) > MAX_TYPE_LENGTH:
        raise TypeTextError(
            f"the type is longer than {MAX_TYPE_LENGTH} characters", "use a nested {fields: ...}"
        )
    parser = _Parser(_TOKEN.findall(text.strip()))
    found = parser.union(0)
    if parser.rest():
        raise TypeTextError(f"{shown(text)} is no type: '{parser.rest()}' is too much", _hint(text))
    return found


@dataclass(slots=True)
class _Parser:
    tokens: list[str]
    position: int = 0

    def rest(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.rest()
        self.position += 1
        return token

    def expect(self, token: str, why: str) -> None:
        if (found := self.take()) != token:
            raise TypeTextError(
                f"'{token}' is missing {why}" + (f", found {shown(found)}" if found else ""), _FORMS
            )

    def union(self, depth: int) -> FieldType:
        if depth > MAX_TYPE_DEPTH:
            raise TypeTextError(
                f"types are nested deeper than {MAX_TYPE_DEPTH}", "use a nested {fields: ...}"
            )
        found = self.one(depth)
        if self.rest() == "?":
            raise TypeTextError("'?' marks no type", "write 'T | null' for what may be null")
        if self.rest() != "|":
            return found
        self.take()
        if self.take().lower() != "null":
            raise TypeTextError("a type may be combined with null only", "write 'T | null'")
        return NullableType(found)

    def one(self, depth: int) -> FieldType:
        word = self.take()
        if word == "list":
            self.expect("[", "after 'list'")
            item = self.union(depth + 1)
            self.expect("]", "after the type of the list's items")
            return ListType(item)
        if word == "dict":
            return self.dict_type(depth)
        if word in _SCALARS:
            return _SCALARS[word]
        raise _unknown(word)

    def dict_type(self, depth: int) -> FieldType:
        self.expect("[", "after 'dict'")
        if (key := self.take()) != "str":
            raise TypeTextError(f"the keys of a dict are 'str', found {shown(key)}", "write 'dict[str, T]'")
        self.expect(",", "after the dict's key type")
        value = self.union(depth + 1)
        self.expect("]", "after the type of the dict's values")
        return DictType(value)


def _unknown(word: str) -> TypeTextError:
    if not word:
        return TypeTextError("the type is incomplete", "write str, list[str], dict[str, int] or 'T | null'")
    meant = _MEANT.get(word.lower(), word.lower() if word.lower() in TYPE_WORDS else "")
    fix = f"did you mean '{meant}'?" if meant else ""
    return TypeTextError(f"{shown(word)} is no type", fix, word=word)


def _hint(text: str) -> str:
    return _FORMS if re.search(r"[\[\]|]", text) else ""


def type_text(of: FieldType) -> str:
    """Return a type in the words of a spec; enums and records in braces, as a message shows them."""
    match of:
        case ScalarType(name=name):
            return name.value
        case ListType(item=item):
            return f"list[{type_text(item)}]"
        case DictType(value=value):
            return f"dict[str, {type_text(value)}]"
        case NullableType(inner=inner):
            return f"{type_text(inner)} | null"
        case EnumType(values=values):
            return f"enum {{{listed(values)}}}"
        case RecordType(fields=fields):
            return f"record {{{listed(field.name for field in fields)}}}"


# source -> the other scalars a value of it may be put in without loss or guess.
_WIDENS = {
    ScalarName.INT: {ScalarName.FLOAT, ScalarName.DECIMAL, ScalarName.JSON},
    ScalarName.FLOAT: {ScalarName.JSON},
    ScalarName.STR: {ScalarName.JSON},
    ScalarName.BOOL: {ScalarName.JSON},
}


def fits(source: FieldType, target: FieldType) -> bool:  # noqa: C901, PLR0911 - one case a pair of types
    """Return whether every value of `source` may be put where `target` is wanted."""
    if source is UNKNOWN_TYPE or target is UNKNOWN_TYPE or source == target:
        return True
    match source, target:
        case NullableType(inner=inner), NullableType(inner=wanted):
            return fits(inner, wanted)
        case NullableType(inner=inner), ScalarType(name=ScalarName.JSON):
            return fits(inner, target)
        case _, NullableType(inner=wanted):
            return fits(source, wanted)
        case ScalarType(name=name), ScalarType(name=wanted_name):
            return wanted_name in _WIDENS.get(name, set())
        case EnumType(), ScalarType(name=wanted_name):
            return wanted_name in (ScalarName.STR, ScalarName.JSON)
        case EnumType(values=values), EnumType(values=wanted_values):
            return set(values) <= set(wanted_values)
        case (ListType(item=part), ScalarType(name=ScalarName.JSON)) | (
            DictType(value=part),
            ScalarType(name=ScalarName.JSON),
        ):
            return fits(part, target)
        case ListType(item=item), ListType(item=wanted_item):
            return fits(item, wanted_item)
        case DictType(value=value), DictType(value=wanted_value):
            return fits(value, wanted_value)
        case RecordType(), RecordType():
            return _record_fits(source, target)
    return False


def _record_fits(source: RecordType, target: RecordType) -> bool:
    given = {field.name: field.type for field in source.fields}
    return all(
        fits(given[field.name], field.type) if field.name in given else not field.required
        for field in target.fields
    )
