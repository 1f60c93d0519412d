"""Passives: `orders are stored in S3`, `I want tickets posted to Slack`, `is validated and then forwarded`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_strong_identifier
from nodesmith.spec.sentence.phrases import Phrase
from nodesmith.spec.sentence.words import Form, verb_at

if TYPE_CHECKING:
    from nodesmith.spec.sentence.text import Text

MAX_BETWEEN = 8
_BE = frozenset("is are be been was were gets get being".split())
_WISHES = frozenset("want wants need needs like have with".split())
_CONDITIONS = frozenset("when whenever if once until unless after before".split())
_NO_DOINGS = frozenset(
    [
        "given",
        "based",
        "needed",
        "used",
        "meant",
        "supposed",
        "expected",
        "required",
        "fed",
        "built",
        "made",
        "told",
    ]
)


def is_passive(text: Text, index: int) -> bool:
    """Whether the participle at `index` tells something the node is to do."""
    before, after = text.low(index - 1), text.at(index + 1)
    if text.low(index) in lexicon.NAMING_WORDS | _NO_DOINGS:
        return False
    first = _first_of_chain(text, index)
    if first:
        # "by e-mail" is how, "by the checkout" is who
        by_whom = text.low(index + 2) in lexicon.DETERMINERS - {"this"} or is_strong_identifier(
            text.at(index + 2).text
        )
        told = text.low(index + 1) != "by" or not by_whom
        return told and text.low(subject_of(text, first).end) not in _CONDITIONS
    if before in lexicon.STOP_WORDS or (
        after.is_name and after.low not in lexicon.STOP_WORDS | {"every", "each", "daily"}
    ):
        return False
    subject = subject_of(text, index)
    return bool(subject.words) and text.low(subject.end) in _WISHES


def _first_of_chain(text: Text, index: int) -> int:
    """Return the participle right behind `is` or `are` that the one at `index` continues; 0 where there is none."""
    if text.low(index - 1) in _BE:
        return index
    if text.low(index - 1) not in ("and", ",", "then", "or"):
        return 0
    for at in range(index - 2, max(0, index - MAX_BETWEEN), -1):
        if text.low(at) in (".", ";", "\n", "that", "which", "it"):
            return 0
        found = verb_at((text.low(at), ""))
        if text.low(at - 1) in _BE and found is not None and found[1] is Form.PAST:
            return at
    return 0


def subject_of(text: Text, index: int) -> Phrase:
    """Return what the participle at `index` is done to; its `end` is the token before it all."""
    at = (_first_of_chain(text, index) or index) - 1
    while text.low(at) in lexicon.AUXILIARIES | _BE | {"to", "also", "then", "automatically"}:
        at -= 1
    words: list[str] = []
    while (
        text.at(at).is_name
        and text.low(at) not in lexicon.STOP_WORDS | lexicon.QUANTIFIERS | lexicon.CREATE_VERBS
    ):
        words.insert(0, text.at(at).text)
        at -= 1
    while text.low(at) in lexicon.QUANTIFIERS:
        at -= 1
    return Phrase(words=tuple(words), end=at)
