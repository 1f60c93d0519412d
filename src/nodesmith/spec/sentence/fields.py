"""Fields a sentence speaks of: `takes a customer id and an email and returns whether it was created`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import field_name, words_of
from nodesmith.spec.sentence.lists import items
from nodesmith.spec.sentence.words import singular

if TYPE_CHECKING:
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

MAX_FIELDS = 12
MAX_FIELD_WORDS = 3

_TYPES = {
    "int": "count quantity number age year years month months day days hours minutes seconds size port pages "
    "points rank score total_count attempts amount_of term words",
    "decimal": "amount price cost total fee tax vat balance revenue salary income premium rate discount principal "
    "interest payment sum value budget subtotal percentage factor quote",
    "float": "temperature weight height width index humidity pressure speed distance latitude longitude lat lon lng probability ratio average mean bmi",
    "date": "date dates birthday due_date",
    "datetime": "timestamp time datetime moment",
    "bool": "flag enabled active valid created updated deleted available exists success",
    "list[str]": "items tags list lines rows texts names words emails tokens ids values keywords",
}
_TAKES = frozenset(
    "takes take taking accepts accept accepting receives gets input inputs expects given".split()
)
_RETURNS = frozenset("returns return returning gives outputs output produces yields give delivers".split())
_LIST_HEADS = frozenset(["list", "lists", "array", "set", "sequence", "series", "batch"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field's name and the text of its type."""

    name: str
    type: str


def type_of(name: str) -> str:
    """Return the type that a field of this name most likely has."""
    words = name.split("_")
    if words[-1] in ("id", "ids"):
        return "str" if words[-1] == "id" else "list[str]"
    if words[0] in ("is", "has", "was", "can") and len(words) > 1:
        return "bool"
    if words[-1] in ("at", "timestamp") and len(words) > 1:
        return "datetime"
    for kind, known in _TYPES.items():
        if words[-1] in known.split():
            return kind
    return "str"


def inputs(structure: Structure) -> list[Field]:
    """Return the fields a sentence says the node takes."""
    return _labelled(structure, "input") or _spoken(structure, _TAKES)


def outputs(structure: Structure) -> list[Field]:
    """Return the fields a sentence says the node gives back."""
    return _labelled(structure, "output") or _spoken(structure, _RETURNS)


def _labelled(structure: Structure, field: str) -> list[Field]:
    for label in structure.labels:
        if label.field == field:
            return _fields(structure.text, items(structure.text, label.start, end=label.end))
    return []


def _spoken(structure: Structure, verbs: frozenset[str]) -> list[Field]:
    text = structure.text
    for index, token in enumerate(text.tokens):
        if token.low not in verbs or not token.is_name or structure.denied[index]:
            continue
        if text.low(index + 1) == "whether" or text.low(index + 1) == "if":
            return [Field(name=_whether(text, index + 2), type="bool")]
        if text.low(index + 1) in lexicon.STOP_WORDS and text.low(index + 1) not in ("a", "an", "the"):
            continue
        found = _fields(text, items(text, index + 1))
        if found:
            return found
    return []


def _whether(text: Text, start: int) -> str:
    end = start
    while not text.ends_clause(end):
        end += 1
    last = [
        text.low(at) for at in range(start, min(end, start + 8)) if text.low(at) not in lexicon.STOP_WORDS
    ]
    return field_name(last[-1] if last else "", fallback="result")


def _fields(text: Text, spans: list[tuple[int, int]]) -> list[Field]:
    found: dict[str, Field] = {}
    for start, end in spans:
        field = _field(text, start, end)
        if field is None:
            break
        found.setdefault(field.name, field)
    return list(found.values())[:MAX_FIELDS]


def _field(text: Text, start: int, end: int) -> Field | None:
    words = [text.at(at).text for at in range(start, end) if text.at(at).is_name]
    while words and words[0].lower() in lexicon.QUANTIFIERS | {"out"}:
        words.pop(0)
    listed = bool(words) and words[0].lower() in _LIST_HEADS
    if listed:
        words = [word for word in words[1:] if word.lower() != "of"]
    if "of" in words:
        at = words.index("of")
        words = words[:at]
    if (
        not words
        or words[0].lower() in lexicon.STOP_WORDS | _TAKES | _RETURNS | {"back", "them"}
        or len(words) > MAX_FIELD_WORDS
    ):
        return None
    name = field_name("_".join(words_of(" ".join(words))), fallback="")
    if not name:
        return None
    if listed:
        inner = type_of(singular(name))
        return Field(name=name, type=f"list[{'decimal' if singular(name) == 'number' else inner}]")
    return Field(name=name, type=type_of(name))
