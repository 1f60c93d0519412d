"""Identifiers and quoted words, judged by where they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.candidates import Candidate
from nodesmith.spec.sentence.given_names import behind_copula
from nodesmith.spec.sentence.identifiers import is_code_like, is_strong_identifier
from nodesmith.spec.sentence.mentions import Mention, Role
from nodesmith.spec.sentence.text import Kind, is_heading
from nodesmith.spec.sentence.words import verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.mentions import Mention
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

SURELY_PLACED = 70.0

_TICKET = re.compile(r"[A-Z]{2,}-\d+")
_DECLARES = frozenset(["class", "def", "function", "func", "fn", "fun", "struct", "interface", "record"])
_FOREIGN_AFTER = frozenset(
    "event events object objects record records class message messages type types table tables topic topics team "
    "domain field column queue bucket channel api column".split()
)
_FOREIGN_BEFORE = frozenset(
    "on type types events event class consuming to from of topic table publishes publish consumes emits emit bucket "
    "column field domain each every both via through by using queue channel into operation schema when".split()
)


def identifier_names(structure: Structure, mentions: Sequence[Mention]) -> Iterator[Candidate]:
    text = structure.text
    for index, token in enumerate(text.tokens):
        quoted = token.kind is Kind.QUOTED
        written = token.kind is Kind.WORD and (is_code_like(token.text) or _is_declared(text, index))
        if not quoted and not written:
            continue
        if _TICKET.fullmatch(token.text) or structure.denied[index]:
            continue
        if token.low in lexicon.ARCHETYPE_WORDS:
            continue
        score, why = _identifier_score(structure, index, mentions)
        weak = not quoted and not is_strong_identifier(token.text)
        yield Candidate(
            text=token.text,
            score=score - 5 * weak if score > SURELY_PLACED else score / (1 + weak),
            at=index,
            why=why,
        )


def _identifier_score(structure: Structure, index: int, mentions: Sequence[Mention]) -> tuple[float, str]:
    text = structure.text
    return (
        _marked_score(text, index)
        or _score_beside_archetype(text, index, mentions)
        or _score_beside_node(text, index)
        or _free_score(text, index)
    )


def _marked_score(text: Text, index: int) -> tuple[float, str] | None:
    if _is_praised(text, index):
        return 90, "is said to be a good name"
    if _is_declared(text, index):
        return 92, "is declared"
    if is_heading(text, index) and text.low(index + 1) == "\n":
        return 89, "stands as a heading"
    return None


def _score_beside_archetype(text: Text, index: int, mentions: Sequence[Mention]) -> tuple[float, str] | None:
    around = next((m for m in mentions if m.start <= index < m.end or m.end == index), None)
    if around is not None and around.role is not Role.SAID:
        return 5, "belongs to another node"
    if text.low(index + 1) in _FOREIGN_AFTER and text.at(index + 1).is_name:
        return 5, "is a thing of another kind"
    if around is not None:
        return (90 if around.end <= index else 86), "stands beside the archetype"
    if text.low(index - 1) == "/" and text.low(index - 2) in lexicon.ARCHETYPE_WORDS:
        return 86, "stands beside the archetype"
    return None


def _score_beside_node(text: Text, index: int) -> tuple[float, str] | None:
    before, after = text.low(index - 1), text.low(index + 1)
    nouns = ("node", "service", "component", "module", "thing")
    if before in nouns and text.low(index - 2) not in _FOREIGN_BEFORE:
        return 86, "stands beside 'node'"
    if after in ("node", "service") and before not in _FOREIGN_BEFORE:
        return 84, "stands beside 'node'"
    return (75, "proposed") if before in ("say", "lets", "eg") else None


def _free_score(text: Text, index: int) -> tuple[float, str]:
    before, after = text.low(index - 1), text.low(index + 1)
    if before in _FOREIGN_BEFORE and not text.starts_clause(index):
        return (60, "what the sentence is about") if after == "is" else (5, "is a thing of another kind")
    if before in lexicon.CREATE_VERBS:
        return 80, "what is to be created"
    if text.starts_clause(index):
        return _opening_score(text, index)
    free = before not in lexicon.STOP_WORDS and verb_at((before, "")) is None
    return (58.5 if free and is_strong_identifier(text.at(index).text) else 20), "an identifier"


def _is_declared(text: Text, index: int) -> bool:
    """Whether it is the X of `class X(ComputeNode)` and `def x(a: int) -> int`."""
    opened = text.starts_clause(index - 1) or text.low(index - 2) in lexicon.DETERMINERS
    return (
        text.low(index - 1) in _DECLARES
        and opened
        and text.low(index + 1) in ("(", ":", "<", "{", "\n", "=", "extends")
    )


def _is_praised(text: Text, index: int) -> bool:
    """Whether `X is a fine name` or `X would be a good name` is said of it."""
    behind = behind_copula(text, index + 1)
    return (
        bool(behind)
        and "name" in text.lows(behind, 4)
        and text.low(behind) in ("a", "an", "the", "my", "our", "its")
    )


def _opening_score(text: Text, index: int) -> tuple[float, str]:
    before, after = text.low(index - 1), text.low(index + 1)
    first = index == 0 or text.at(index - 1).kind in (Kind.BREAK, Kind.BULLET) or is_heading(text, index)
    if before in (",", "/") and text.ends_clause(index + 1) and after in (",", "\n", ".", "->", "and"):
        return 72 - 30 * _in_list(text, index), "stands by itself"
    if first or before in (".", "!", "?", ";", ":", "—", "-", "|", "->", "("):
        return 79, "opens a clause"
    return (74, "stands by itself") if text.ends_clause(index + 1) else (60, "opens a clause")


def _in_list(text: Text, index: int) -> bool:
    """Whether the neighbours between commas are identifiers, too: then it is an enumeration."""
    return is_code_like(text.at(index - 2).text) or is_code_like(text.at(index + 2).text)
