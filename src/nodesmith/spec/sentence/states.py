"""What a reducer keeps and what it lives on: key, state fields and events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import field_name, is_strong_identifier, words_of
from nodesmith.spec.sentence.lists import items
from nodesmith.spec.sentence.operations import object_words
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.words import singular

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

MAX_EVENTS = 12
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
    key_said: bool
    fields: dict[str, object]
    events: dict[str, dict[str, object]]
    events_said: bool


def guess_state(structure: Structure, *, name: str) -> StateGuess:
    """Return what a reducer keeps, as far as the sentence tells, and honest guesses for the rest."""
    key = _key(structure)
    said = bool(key)
    if not key:
        entity = next((object_words(a.whose.words) for a in structure.doings if a.whose.words), ())
        key = _key_name(entity or tuple(name.split("_")[:1]))
    fields, extra = _fields(f"{structure.text.clean} {name.replace('_', ' ')}", key)
    names = _events(structure)
    events_said = bool(names)
    if not names:
        thing = next((object_words(a.thing.words) for a in structure.doings if a.thing.words), ())
        names = [field_name("_".join((*(thing or (name,)), "recorded")), fallback="recorded")]
    events = {event: {key: "str", **extra} for event in names}
    return StateGuess(key=key, key_said=said, fields=fields, events=events, events_said=events_said)


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


def _fields(clean: str, key: str) -> tuple[dict[str, object], dict[str, object]]:
    fields: dict[str, object] = {}
    extra: dict[str, object] = {}
    if _AVERAGES.search(clean):
        fields |= {"count": {"type": "int", "default": 0}, "average": {"type": "float", "default": 0.0}}
        extra["value"] = "float"
    elif _SUMS.search(clean):
        fields["total"] = {"type": "decimal", "default": "0"}
        extra["amount"] = "decimal"
    if _COUNTS.search(clean) or (not fields and not _LAST.search(clean)):
        fields["count"] = {"type": "int", "default": 0}
    if not fields:
        fields["last_value"] = {"type": "str | null", "default": None}
        extra["value"] = "str"
    return {n: f for n, f in fields.items() if n != key}, {n: f for n, f in extra.items() if n != key}


def _events(structure: Structure) -> list[str]:
    for label in structure.labels:
        if label.field == "events":
            return list(_named(structure.text, items(structure.text, label.start, end=label.end)))
    text = structure.text
    for index, token in enumerate(text.tokens):
        if token.low in ("events", "event") and token.is_name and not structure.denied[index]:
            names = _before(text, index)
            if names:
                return names
    return []


def _named(text: Text, spans: list[tuple[int, int]]) -> Iterator[str]:
    for start, end in spans[:MAX_EVENTS]:
        words = [text.at(at).text for at in range(start, end) if text.at(at).is_name]
        name = field_name(
            " ".join(w for w in words if w.lower() not in lexicon.STOP_WORDS | lexicon.DETERMINERS),
            fallback="",
        )
        if name and name not in lexicon.ARCHETYPE_WORDS and name != "get_state":
            yield name


def _before(text: Text, index: int) -> list[str]:
    """Read `UserSignedUp and UserActivated events`, `deposit and withdrawal events`."""
    names: list[str] = []
    at = index - 1
    while len(names) < MAX_EVENTS and text.at(at).is_name:
        token = text.at(at)
        if token.low in lexicon.STOP_WORDS | lexicon.QUANTIFIERS or token.low.endswith("ing"):
            break
        words = [token.text]
        identifier = is_strong_identifier(token.text)
        if (
            not identifier
            and len(names) == 0
            and _is_noun(text, at - 1)
            and not is_strong_identifier(text.at(at - 1).text)
        ):
            words.insert(0, text.at(at - 1).text)
            at -= 1
        name = field_name("_".join(words_of(" ".join(words))), fallback="")
        if not name or name in lexicon.FILLERS or name == "get_state":
            break
        names.insert(0, name if identifier else f"{_present(name)}_recorded")
        at -= 1
        if text.low(at) not in ("and", ",", "or"):
            break
        at -= 1
    return names


def _present(name: str) -> str:
    words = name.split("_")
    return "_".join((*words[:-1], singular(words[-1])))


def _is_noun(text: Text, index: int) -> bool:
    token = text.at(index)
    return (
        token.is_name
        and token.low not in lexicon.STOP_WORDS | lexicon.QUANTIFIERS | lexicon.CREATE_VERBS
        and not token.low.endswith("ing")
        and token.low not in ("folds", "consumes", "from", "fold")
    )
