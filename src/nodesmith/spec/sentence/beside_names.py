"""Names beside the archetype: `a price calculator compute node`, `the payment gateway, an effect node`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.candidates import MAX_NAME_WORDS, Candidate, is_action, is_plain_noun, name_value
from nodesmith.spec.sentence.identifiers import is_code_like, is_product
from nodesmith.spec.sentence.mentions import Mention, Role
from nodesmith.spec.sentence.text import Kind
from nodesmith.spec.sentence.words import singular, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.mentions import Mention
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

_VERSION = re.compile(r"v\d+")
_COPULAS = frozenset(
    ["is", "be", "should", "must", "will", "shall", "to", "as", "would", ",", "(", "—", "-", "'s"]
)
# A word alone before the archetype that tells nothing: `a database effect`.
EMPTY_ALONE = frozenset(
    "database workflow data api validation transformation notification cache state processing integration storage "
    "business crud service conversion calculation aggregation event message cloud rest utility helper".split()
)


def names_beside_archetypes(structure: Structure, mentions: Sequence[Mention]) -> Iterator[Candidate]:
    text = structure.text
    for mention in mentions:
        if mention.role is not Role.SAID or is_code_like(text.at(mention.at).text):
            continue
        yield from _before_mention(text, mention)
        yield from _after_mention(text, mention)
        yield from _behind_colon(text, mention)
        yield from _subject_of(text, mention)


def _before_mention(text: Text, mention: Mention) -> Iterator[Candidate]:
    words = [text.at(at).text for at in range(mention.start, mention.at)]
    while words and words[0].lower() in lexicon.ADJECTIVES | lexicon.FILLERS:
        words.pop(0)
    if not words or any(word.lower() in lexicon.NODE_NOUNS for word in words):
        return
    if all(is_product(word) or word.lower() in EMPTY_ALONE for word in words):
        score = 40 if len(words) == 1 else 64
    else:
        score = 66 if len(words) > 1 else 60
    yield Candidate(text=" ".join(words), score=score, at=mention.start, why="stands before the archetype")


def _after_mention(text: Text, mention: Mention) -> Iterator[Candidate]:
    start = mention.end
    inside = text.low(start) in ("(", ":", "—", "-", "->", ",")
    start += inside
    token = text.at(start)
    if (
        token.kind is not Kind.WORD
        or is_code_like(token.text)
        or token.low in lexicon.STOP_WORDS | lexicon.FILLERS
    ):
        return
    if token.low in lexicon.NAMING_WORDS | set(lexicon.LABELS) | lexicon.DETERMINERS or _VERSION.fullmatch(
        token.low
    ):
        return
    if token.low.endswith("ed") and text.low(start + 1) in lexicon.PREPOSITIONS:
        return  # "used in the refund workflow"
    name, end = name_value(text, start)
    if token.low in lexicon.ARCHETYPE_WORDS or (is_action(text, start) and text.low(end) != ":"):
        return
    if inside and not text.ends_clause(end):
        return
    if name:
        yield Candidate(text=name, score=58 + 4 * inside, at=start, why="stands behind the archetype")


def _behind_colon(text: Text, mention: Mention) -> Iterator[Candidate]:
    """Find `A compute node that is no effect: sentiment. It rates ...`."""
    at = mention.end
    while text.at(at).is_name:
        at += 1
    if text.low(at) != ":" or at == mention.end or singular(text.low(at - 1)) in lexicon.LISTED_THINGS:
        return
    name, end = name_value(text, at + 1)
    if name and len(name.split()) <= 3 and text.low(end) in (".", "\n") and not is_action(text, at + 1):
        yield Candidate(text=name, score=56, at=at + 1, why="stands behind the colon")


def _subject_of(text: Text, mention: Mention) -> Iterator[Candidate]:
    """Find `The payment gateway, an effect node` and `the fraud checker should be a compute node`."""
    before = mention.start - 1 - bool(mention.article)
    copula = before
    while text.low(copula) in _COPULAS:
        copula -= 1
    if copula == before or not text.at(copula).is_name:
        return
    end = copula + 1
    start = end
    while end - start < MAX_NAME_WORDS and is_plain_noun(text, start - 1):
        start -= 1
    words = [text.at(at).text for at in range(start, end)]
    while words and words[0].lower() in lexicon.NODE_NOUNS | lexicon.ADJECTIVES | lexicon.FILLERS:
        words.pop(0)
    if (
        not words
        or words[-1].lower() in lexicon.NODE_NOUNS
        or any(w.lower() in lexicon.ARCHETYPE_WORDS for w in words)
    ):
        return
    if text.low(start - 1) in ("that", "which", "it", "who") and verb_at(text.lows(start, 2)) is not None:
        return
    opened = text.starts_clause(start) or text.low(start - 1) in lexicon.DETERMINERS | lexicon.CREATE_VERBS
    if opened:
        yield Candidate(text=" ".join(words), score=80, at=start, why="is said to be of that archetype")
