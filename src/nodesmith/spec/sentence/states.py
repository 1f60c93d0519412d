"""What a reducer keeps and what it lives on: key, state fields and events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.events import COUNTS_UP_AND_DOWN, said_events, said_intents
from nodesmith.spec.sentence.field_types import known_type
from nodesmith.spec.sentence.identifiers import field_name, operation_name
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.things import object_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

_SUMS = re.compile(
    r"\b(sum|total|revenue|balance|amount|turnover|sales|money|points|spend|value|accumulat|adds? up)",
    re.IGNORECASE,
)
_COUNTS = re.compile(r"\b(count|number of|how many|tall(y|ies)|statistics|stats|increment)", re.IGNORECASE)
_LAST = re.compile(r"\b(last|latest|current|status|state|position|remember|known)", re.IGNORECASE)
_AVERAGES = re.compile(r"\b(average|averaging|mean)\b", re.IGNORECASE)
_EACH = frozenset(["per", "each", "every", "by"])
_PERIODS = frozenset(["day", "month", "hour", "week", "year", "minute", "quarter"])


@dataclass(frozen=True, slots=True, kw_only=True)
class StateGuess:
    """A reducer's key, its other state fields (name -> definition), and its events (name -> fields)."""

    key: str
    fields: dict[str, object]
    events: dict[str, dict[str, object]]
    events_said: bool
    intents: dict[str, dict[str, object]]


def guess_state(structure: Structure, *, name: str) -> StateGuess:
    """Return what a reducer keeps, as far as the sentence tells, and honest guesses for the rest."""
    said = said_events(structure, name=name)
    names = said or [_recorded(structure, name)]
    key = _key(structure)
    if not key:
        entity = next((object_words(a.whose.words) for a in structure.doings if a.whose.words), ())
        key = _key_name(entity or _subject(names[0]) or tuple(name.split("_")[:1]))
    fields, extra = _fields(structure, f"{structure.text.clean} {name.replace('_', ' ')}", key, names)
    events = {event: {key: "str", **extra} for event in names}
    intents: dict[str, dict[str, object]] = {
        intent: {key: "str"} for intent in said_intents(structure, _subject(key))
    }
    return StateGuess(key=key, fields=fields, events=events, events_said=bool(said), intents=intents)


def _recorded(structure: Structure, name: str) -> str:
    thing = next((object_words(a.thing.words) for a in structure.doings if a.thing.words), ())
    return operation_name("_".join((*(thing or (name,)), "recorded")), fallback="value_recorded")


def _subject(name: str) -> tuple[str, ...]:
    """Return what an event or a key is about: `cart_checked_out` -> cart."""
    words = name.split("_")
    return (
        tuple(words[:-1][-1:])
        if words[-1] in ("id", "recorded")
        else tuple(words[:1] if len(words) > 1 else ())
    )


def _key_name(words: tuple[str, ...]) -> str:
    name = "_".join(words[-2:])
    if name in _PERIODS or name.endswith("_id"):
        return name
    return field_name(f"{name}_id" if name else "", fallback="key_id")


def _key(structure: Structure) -> str:
    for label in structure.labels:
        if label.field == "key":
            return field_name(
                " ".join(structure.text.low(at) for at in range(label.start, label.end)), fallback=""
            )
    text = structure.text
    for index, token in enumerate(text.tokens):
        if token.low in _EACH and token.is_name and text.at(index + 1).is_name:
            if token.low == "by" and not _is_grouping(text, index):
                continue
            words = object_words(noun_phrase(text, index + 1).words)
            if words and words[-1] not in ("event", "time", "one"):
                return _key_name(words)
    return ""


def _is_grouping(text: Text, index: int) -> bool:
    return text.low(index - 1) not in ("used", "called", "published", "fed", "followed", "go", "goes") and (
        text.low(index + 1) not in lexicon.DETERMINERS
    )


def _fields(
    structure: Structure, clean: str, key: str, events: Sequence[str]
) -> tuple[dict[str, object], dict[str, object]]:
    """Return the fields of the state, and those that the events bring for them."""
    fields: dict[str, object] = {}
    extra: dict[str, object] = {}
    if _AVERAGES.search(clean):
        fields |= {"count": {"type": "int", "default": 0}, "average": {"type": "float", "default": 0.0}}
        extra["value"] = "float"
    elif _SUMS.search(clean):
        figure = "balance" if "balance" in clean.lower() else "total"
        fields[figure] = {"type": "decimal", "default": "0"}
        extra["amount"] = "decimal"
    if not fields and len([a for a in structure.doings if a.verb.base in COUNTS_UP_AND_DOWN]) > 1:
        fields["level"], extra["quantity"] = {"type": "int", "default": 0}, "int"
    if _COUNTS.search(clean) or (not fields and not _LAST.search(clean)):
        fields["count"] = {"type": "int", "default": 0}
    if not fields:
        last = _last_of(structure)
        if last in ("status", "state") and len(events) > 1:
            reached = list(dict.fromkeys(event.rpartition("_")[2] for event in events))
            return {last: {"enum": reached, "default": reached[0]}}, {}
        kind = known_type(last) or "str"
        fields[f"last_{last}"] = {"type": f"{kind} | null", "default": None}
        extra[last] = kind
    return {n: f for n, f in fields.items() if n != key}, {n: f for n, f in extra.items() if n != key}


def _last_of(structure: Structure) -> str:
    """Return what is kept the last of: `the latest price of each product` -> price."""
    text = structure.text
    for index, token in enumerate(text.tokens):
        if token.low in ("last", "latest", "current", "newest") and token.is_name:
            words = object_words(
                [w for w in noun_phrase(text, index + 1).words if w.lower() not in ("known", "seen")]
            )
            if words:
                return field_name(words[-1], fallback="value")
    return "value"
