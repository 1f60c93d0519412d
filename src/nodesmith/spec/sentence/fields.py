"""Fields a sentence speaks of: `takes a customer id and an email and returns whether it was created`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.field_types import type_of
from nodesmith.spec.sentence.identifiers import field_name, words_of
from nodesmith.spec.sentence.lists import items
from nodesmith.spec.sentence.signatures import typed_fields
from nodesmith.spec.sentence.words import Form, singular, verb_at
from nodesmith.spec.type_language import TYPE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.actions import Action
    from nodesmith.spec.sentence.lists import Span
    from nodesmith.spec.sentence.signatures import Typed
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

MAX_FIELDS = 12
MAX_FIELD_WORDS = 3
MAX_CLAUSE = 16

_TAKES = frozenset(
    "takes take taking accepts accept accepting receives gets input inputs expects given needs".split()
)
_BEGINS_WITH = frozenset(["accepts", "accepting", "expects", "given", "input", "inputs"])
_RETURNS = frozenset(
    "returns return returning gives outputs output produces yields give delivers giving yielding answers returned".split()
)
_LIST_HEADS = frozenset(["list", "lists", "array", "set", "sequence", "series", "batch"])
_SPOKEN_TYPES = {
    "string": "str", "text": "str", "integer": "int", "number": "float", "double": "float", "boolean": "bool",
    **{word: word for word in TYPE_WORDS if word not in ("list", "dict", "json", "date", "bytes")},
}  # fmt: skip
_NOT_FROM = frozenset(
    "database db api file files disk queue topic table bucket folder server cloud text texts string form website web page "
    "one start scratch event events stream it them others list lists internet outside input two three document "
    "documents feed inbox".split()
)
_COMPUTED_FROM = (
    ("from",),
    ("using",),
    ("based", "on"),
    ("out", "of"),
    ("for", "given"),
    ("given",),
    ("for", "a", "given"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field's name and the text of its type; `typed` where the sentence says the type."""

    name: str
    type: str
    typed: bool = False


def inputs(structure: Structure) -> list[Field]:
    """Return the fields a sentence says the node takes."""
    return (
        _signed(structure.signature.taken if structure.signature else ())
        or _labelled(structure, "input")
        or _spoken(structure, _TAKES)
    )


def workflow_inputs(structure: Structure) -> list[Field]:
    """Return the fields a sentence says a workflow begins with; to take a payment is a step of one."""
    taken = _spoken(structure, frozenset(["takes"]))
    return (
        _labelled(structure, "input")
        or _spoken(structure, _BEGINS_WITH)
        or (taken if any(field.name.endswith("_id") for field in taken) else [])
    )


def outputs(structure: Structure) -> list[Field]:
    """Return the fields a sentence says the node gives back."""
    return (
        _signed(structure.signature.given if structure.signature else ())
        or _labelled(structure, "output")
        or _spoken(structure, _RETURNS)
    )


def _signed(typed: Sequence[Typed]) -> list[Field]:
    return [Field(name=field.name, type=field.type, typed=True) for field in typed]


def sources(structure: Structure, action: Action) -> list[Field]:
    """Return the fields behind `from` and `based on` of something that is computed: `from price and quantity`."""
    text = structure.text
    for at in range(action.at + 1, action.at + MAX_CLAUSE):
        if text.low(at) in (".", ";", "\n") or (text.low(at) in ("that", "which") and at > action.thing.end):
            break
        phrase = next((p for p in _COMPUTED_FROM if text.lows(at, len(p)) == p), ())
        if not phrase:
            continue
        found = _fields(text, items(text, at + len(phrase)))
        if found and not any(field.name.split("_")[-1] in _NOT_FROM for field in found):
            return found
    return []


def lookup_key(structure: Structure, action: Action) -> Field | None:
    """Return the field of `finds customers by email`."""
    text = structure.text
    at = action.thing.end
    reads = action.verb.base in (
        "find",
        "read",
        "get",
        "fetch",
        "look_up",
        "lookup",
        "search",
        "list",
        "query",
        "load",
        "retrieve",
    )
    if not reads or text.low(at) != "by" or text.low(at + 1) in ("calling", "using", "post", "mail", "this"):
        return None
    found = verb_at(text.lows(at + 1, 2))
    if found is not None and found[1] is Form.GERUND:
        return None
    fields = _fields(text, items(text, at + 1)[:1])
    return fields[0] if fields else None


def _labelled(structure: Structure, field: str) -> list[Field]:
    for label in structure.labels:
        if label.field == field:
            typed, _ = typed_fields(structure.text, label.start)
            return _signed(typed) or _fields(
                structure.text, items(structure.text, label.start, end=label.end)
            )
    return []


def _spoken(structure: Structure, verbs: frozenset[str]) -> list[Field]:
    text = structure.text
    for index, token in enumerate(text.tokens):
        if token.low not in verbs or not token.is_name or structure.denied[index]:
            continue
        if text.low(index + 1) in ("whether", "if"):
            return [Field(name=_whether(text, index + 2), type="bool")]
        if text.low(index + 1) in lexicon.STOP_WORDS and text.low(index + 1) not in ("a", "an", "the"):
            continue
        if typed := typed_fields(text, index + 1)[0]:
            return _signed(typed)
        if token.low == "needs" and not _has_operation_before(text, index):
            continue
        found = _fields(text, _until_next_verb(text, items(text, index + 1)))
        if found:
            return found
    return []


def _has_operation_before(text: Text, index: int) -> bool:
    return text.low(index - 1) in ("it", "operation", "function") or text.starts_clause(index)


def _until_next_verb(text: Text, spans: Sequence[Span]) -> list[Span]:
    """Stop an enumeration of fields where something is done: `takes a and b, returns c`, `given a, tell b`."""
    kept: list[Span] = []
    for start, end in spans:
        found = verb_at(text.lows(start, 2))
        does = (
            found is not None
            and found[1] in (Form.THIRD, Form.BASE)
            and text.low(start) not in lexicon.NOUN_VERBS
        )
        acts = found is not None and text.low(start + 1) in lexicon.QUANTIFIERS and end > start + 1
        if kept and (does or acts):
            break
        kept.append((start, end))
    return kept


def _whether(text: Text, start: int) -> str:
    end = start
    while not text.ends_clause(end):
        end += 1
    last = [
        text.low(at) for at in range(start, min(end, start + 8)) if text.low(at) not in lexicon.STOP_WORDS
    ]
    return field_name(last[-1] if last else "", fallback="result")


def _fields(text: Text, spans: Sequence[Span]) -> list[Field]:
    found: dict[str, Field] = {}
    for start, end in spans:
        field = _field(text, start, end)
        if field is None:
            break
        found.setdefault(field.name, field)
    return list(found.values())[:MAX_FIELDS]


def _field(text: Text, start: int, end: int) -> Field | None:
    words = list(_field_words(text, start, end))
    listed = bool(words) and words[0].lower() in _LIST_HEADS
    if listed:
        words = [word for word in words[1:] if word.lower() != "of"]
    if "of" in words:
        words = words[: words.index("of")]
    said = _SPOKEN_TYPES.get(words[-1].lower(), "") if len(words) > 1 else ""
    words = words[: len(words) - bool(said)]
    refused = lexicon.STOP_WORDS | _TAKES | _RETURNS | {"back", "them"}
    if not words or words[0].lower() in refused or len(words) > MAX_FIELD_WORDS:
        return None
    name = field_name("_".join(words_of(" ".join(words))), fallback="")
    if not name:
        return None
    if listed:
        return Field(name=name, type=_list_of(singular(name)))
    return Field(name=name, type=said or type_of(name), typed=bool(said))


def _list_of(name: str) -> str:
    return f"list[{'float' if name == 'number' else type_of(name)}]"


def _field_words(text: Text, start: int, end: int) -> Iterator[str]:
    words = [text.at(at).text for at in range(start, end) if text.at(at).is_name]
    while words and words[0].lower() in lexicon.QUANTIFIERS | {"out"}:
        words.pop(0)
    yield from words
