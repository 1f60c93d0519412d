"""Fields written with their types: `amount: decimal, country: str -> tax: decimal`, as programmers write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import field_name
from nodesmith.spec.sentence.text import Kind
from nodesmith.spec.type_language import TypeTextError, parse_type, type_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.spec.sentence.text import Text

MAX_TYPED = 12
_MAX_TYPE_TOKENS = 12
_SPOKEN = {
    "string": "str",
    "text": "str",
    "integer": "int",
    "number": "float",
    "double": "float",
    "boolean": "bool",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A field with the text of its type, as a spec has it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What is taken and given back, and the tokens it was read from."""

    taken: tuple[Typed, ...]
    given: tuple[Typed, ...]
    start: int
    end: int


def find_signature(text: Text) -> Signature | None:
    """Return the first `a: int, b: str -> c: bool` of a text; behind the arrow a type alone may stand."""
    for index in range(len(text.tokens)):
        taken, end = typed_fields(text, index)
        arrow = end + (text.low(end) == ")")
        if not taken or text.low(arrow) not in ("->", "=>"):
            continue
        given, behind = typed_fields(text, arrow + 1)
        if given:
            return Signature(taken=taken, given=given, start=index, end=behind)
        kind, behind = _type_at(text, arrow + 1)
        if not kind:
            continue
        given = (Typed(name="result", type=kind),)
        if len(taken) == 1 and (
            index == 0 or text.low(index - 1) == "\n"
        ):  # "slugify: str -> str" is its name
            return Signature(
                taken=(Typed(name="value", type=taken[0].type),), given=given, start=index + 2, end=behind
            )
        return Signature(taken=taken, given=given, start=index, end=behind)
    return None


def typed_fields(text: Text, index: int) -> tuple[tuple[Typed, ...], int]:
    """Return the fields of the `amount: decimal, country: str` that begins at `index`, and where it ends."""
    found: dict[str, Typed] = {}
    end = at = index
    while len(found) < MAX_TYPED:
        field, behind = _typed_at(text, at)
        if field is None:
            break
        found.setdefault(field.name, field)
        end = behind
        at = behind + (text.low(behind) in (",", "and", ";")) + (text.lows(behind, 2) == (",", "and"))
        if at == behind:
            break
    return tuple(found.values()), end


def _typed_at(text: Text, index: int) -> tuple[Typed | None, int]:
    token = text.at(index)
    if token.kind is not Kind.WORD or text.low(index + 1) != ":" or token.low in lexicon.ARCHETYPE_WORDS:
        return None, index
    kind, end = _type_at(text, index + 2)
    name = field_name(token.text, fallback="")
    return (Typed(name=name, type=kind), end) if kind and name else (None, index)


def _type_at(text: Text, index: int) -> tuple[str, int]:
    """Return the longest type that begins at `index`, where nothing but a mark, `and` or the end follows."""
    longest, end = "", index
    for written, behind in _beginnings(text, index):
        try:
            longest, end = type_text(parse_type(written)), behind
        except TypeTextError:
            continue
    closes = text.ends_clause(end) or text.low(end) in ("and", "or")
    return (longest, end) if longest and closes else ("", index)


def _beginnings(text: Text, index: int) -> Iterator[tuple[str, int]]:
    written = ""
    for at in range(index, min(index + _MAX_TYPE_TOKENS, len(text.tokens))):
        if text.at(at).kind is Kind.BREAK:
            return
        written += _SPOKEN.get(text.low(at), text.at(at).text)
        yield written, at + 1
