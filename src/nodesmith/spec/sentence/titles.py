"""Names that stand as a title: `Order Stats Reducer: ...`, a heading, a first line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.candidates import MAX_NAME_WORDS, Candidate, is_plain_noun
from nodesmith.spec.sentence.text import Kind, is_heading
from nodesmith.spec.sentence.words import Form, head_nouns, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

_TICKET = re.compile(r"[A-Z]{2,}-\d+")
_NOMINAL = ("ment", "tion", "sion", "ance", "ence", "ysis", "oval")


def titles(structure: Structure) -> Iterator[Candidate]:
    """Find `Order Stats Reducer: ...` and `Invoice archive (effect)` where a line or sentence begins."""
    text = structure.text
    for index, token in enumerate(text.tokens):
        if not token.is_name or not text.starts_clause(index) or text.low(index - 1) in (",", "("):
            continue
        start = index + (token.low in lexicon.DETERMINERS)
        start += text.low(start) in ("workflow", "saga", "pipeline", "process") and text.at(start + 1).is_name
        end = start
        while end - start < MAX_NAME_WORDS and is_plain_noun(text, end):
            end += 1
        words = [text.at(at) for at in range(start, end)]
        if not words or not _may_be_title(text, start, end):
            continue
        name = " ".join(word.text for word in words)
        if is_heading(text, index) and text.low(end) == "\n":
            yield Candidate(text=name, score=88, at=start, why="stands as a heading")
        elif closes_title(text, end):
            yield Candidate(text=name, score=73, at=start, why="stands as a title")
        elif _is_sentence_title(text, index, end):
            yield Candidate(text=name, score=63, at=start, why="stands as a title")


def closes_title(text: Text, end: int) -> bool:
    mark = text.low(end)
    if mark in (":", "—", "--", "->"):
        return True
    if mark == "-" and text.at(end).kind is Kind.MARK:
        return True
    return mark == "(" and text.low(end + 1) in lexicon.ARCHETYPE_WORDS


def _is_sentence_title(text: Text, index: int, end: int) -> bool:
    """Whether some words before a full stop or a line end, and nothing before them, begin a text that goes on."""
    if index > 0 or not 0 < end - index <= 4 or end + 2 >= len(text.tokens):
        return False
    return text.low(end) == "\n" or (text.low(end) == "." and end - index > 1)


def _may_be_title(text: Text, start: int, end: int) -> bool:
    lows = [text.low(at) for at in range(start, end)]
    if lows[0] in lexicon.NO_TITLES | lexicon.FILLERS or lows[-1] in lexicon.NODE_NOUNS | lexicon.NO_TITLES:
        return False
    if (
        any(low in lexicon.NAMING_WORDS or low in lexicon.LABELS for low in lows)
        or " ".join(lows) in lexicon.LABELS
    ):
        return False
    if all(low in lexicon.ARCHETYPE_WORDS or low in lexicon.NODE_NOUNS for low in lows):
        return False
    if _TICKET.fullmatch(text.at(start).text) or lows[0] in lexicon.ARCHETYPE_WORDS:
        return False
    found = verb_at(text.lows(start, 2))
    if (
        found is not None
        and found[1] is Form.BASE
        and found[0].base in ("coordinate", "orchestrate", "run", "automate")
    ):
        return False
    if found is not None and end - start > 1 and lows[-1] not in lexicon.ARCHETYPES:
        noun = found[1] is Form.BASE and (lows[0] in lexicon.NOUN_VERBS or closes_title(text, end))
        return noun or lows[-1] in head_nouns() or lows[-1].endswith(_NOMINAL)
    return not (found is not None and text.low(end) == "->")
