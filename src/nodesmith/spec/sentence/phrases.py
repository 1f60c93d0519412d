"""Noun phrases and the objects of verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.words import Form, singular, verb_at

if TYPE_CHECKING:
    from nodesmith.spec.sentence.text import Text

MAX_PHRASE = 6
_PARTICLES = frozenset(["out", "up", "down", "off", "away", "back", "over"])
# Behind these a preposition begins something else: "gives it to the customer".
_PRONOUNS = frozenset(["it", "them", "him", "her"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A noun phrase: its words without articles, and where it ends."""

    words: tuple[str, ...] = ()
    end: int = 0


def objects(text: Text, index: int) -> tuple[Phrase, Phrase, str]:
    """Return what is acted on, whose it is, and the word it was counted by (`a list of`)."""
    start = index
    if (
        text.low(start) in _PARTICLES
        and text.at(start + 1).is_name
        and text.low(start + 1) not in ("of", "to", "with")
    ):
        start += 1
    if text.low(start) in ("whether", "if", "which", "what"):
        start += 1
    thing = noun_phrase(text, start)
    if not thing.words and text.low(thing.end) in ("of", "to", "with") and text.low(start) not in _PRONOUNS:
        thing = noun_phrase(text, thing.end + 1)  # "keeps track of stock", "talks to the Stripe API"
    if text.low(thing.end) != "of":
        return thing, Phrase(end=thing.end), ""
    whose, counted = _behind_of(text, thing.end + 1)
    if thing.words and singular(thing.words[-1].lower()) in lexicon.GENERIC_HEADS:
        return whose, Phrase(end=whose.end), thing.words[-1].lower()
    return thing, whose, counted


def _behind_of(text: Text, index: int) -> tuple[Phrase, str]:
    phrase = noun_phrase(text, index)
    if (
        phrase.words
        and singular(phrase.words[-1].lower()) in lexicon.GENERIC_HEADS
        and text.low(phrase.end) == "of"
    ):
        return noun_phrase(text, phrase.end + 1), phrase.words[-1].lower()
    return phrase, ""


def noun_phrase(text: Text, index: int) -> Phrase:
    """Return the words of the noun phrase at `index`, without articles and counting words."""
    words: list[str] = []
    at = index
    while text.low(at) in lexicon.QUANTIFIERS:
        at += 1
    counted = text.low(at - 1) == "many" or text.lows(at - 2, 2) == ("number", "of")
    while at < len(text.tokens) and len(words) < MAX_PHRASE:
        token = text.at(at)
        if token.low == "'s" and words and text.at(at + 1).is_name:
            at += 1
            continue
        if not token.is_name or token.low in lexicon.STOP_WORDS or token.low.startswith("'"):
            break
        if text.lows(at, 3) == ("step", "by", "step"):
            break
        if token.low in lexicon.DETERMINERS | lexicon.NAMING_WORDS | lexicon.HAPPENING:
            break
        if words and ((not counted and _is_next_verb(text, at)) or _is_participle(text, at)):
            break
        words.append(token.text)
        at += 1
    return Phrase(words=tuple(words), end=at)


def _is_participle(text: Text, index: int) -> bool:
    """Whether it is the `seen` of `the last price seen for a product`."""
    low, after = text.low(index), text.low(index + 1)
    found = verb_at((low, ""))
    past = (found is not None and found[1] is Form.PAST) or low in (
        "seen",
        "made",
        "done",
        "sold",
        "used",
        "known",
    )
    return past and (text.ends_clause(index + 1) or after in lexicon.PREPOSITIONS | {"this", "that"})


def _is_next_verb(text: Text, index: int) -> bool:
    found = verb_at(text.lows(index, 2))
    if found is None or found[1] is Form.PAST:
        return False
    after = text.at(index + found[2])
    if found[1] is Form.BASE:
        return text.low(index) not in lexicon.NOUN_VERBS and after.low in (
            "a",
            "an",
            "the",
            "it",
            "them",
            "its",
        )
    if after.low in ("api", "apis") or (
        text.at(index).text[:1].isupper() and text.at(index - 1).text[:1].isupper()
    ):
        return False  # "the Google Maps API"
    if found[1] is Form.GERUND and after.low not in lexicon.QUANTIFIERS and singular(after.low) == after.low:
        return False  # "a user onboarding process"
    return after.is_name and after.low not in lexicon.STOP_WORDS - lexicon.DETERMINERS
