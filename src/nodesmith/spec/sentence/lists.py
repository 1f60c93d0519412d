"""Enumerations: `a, b and c`, `a -> b -> c`, bullets and numbered lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.text import Kind

if TYPE_CHECKING:
    from nodesmith.spec.sentence.text import Text

MAX_ITEMS = 20
MAX_ITEM_WORDS = 6
MAX_LIST = 200

_BETWEEN = frozenset(
    [",", "and", "then", "->", "=>", "/", "&", "or", "+", ";", "finally", "lastly", "next", "|", "as"]
)
_INTERRUPT = frozenset("that which who with for in using per where when if".split())

Span = tuple[int, int]


def items(text: Text, start: int, *, end: int | None = None) -> list[Span]:
    """Return the spans of the items of an enumeration that begins at `start` on one line."""
    limit = min(len(text.tokens) if end is None else end, start + MAX_LIST)
    found: list[Span] = []
    index = opened = start
    while index <= limit and len(found) < MAX_ITEMS:
        token = text.at(index)
        over = (
            index >= limit
            or token.kind is Kind.BREAK
            or token.low in (".", "!", "?", ")", "}", "]", ":", "\n")
        )
        over = over or token.low in _INTERRUPT
        if over or token.low in _BETWEEN:
            if opened < index:
                found.append((opened, min(index, opened + MAX_ITEM_WORDS)))
            opened = index + 1
        if over:
            break
        index += 1
    return found


def arrows(text: Text) -> list[Span]:
    """Return the items of the first chain `a -> b -> c`, or nothing."""
    marks = [
        index
        for index, token in enumerate(text.tokens)
        if token.low in ("->", "=>") and text.low(index - 1) not in lexicon.LABELS
    ]
    if not marks:
        return []
    start = marks[0]
    while (
        start > 0
        and not (text.ends_clause(start - 1) and start < marks[0])
        and marks[0] - start < MAX_ITEM_WORDS
    ):
        start -= 1
    found = [span for span in items(text, start) if text.low(span[0]) != "("]
    lows = {text.low(at) for span in found for at in range(*span)}
    return [] if lows & set(lexicon.ARCHETYPE_WORDS) or len(found) < 2 else found


def bulleted(text: Text) -> list[Span]:
    """Return the items of a bulleted or numbered list over several lines, without labelled ones."""
    found: list[Span] = []
    for index, token in enumerate(text.tokens):
        if token.kind is not Kind.BULLET:
            continue
        end = index + 1
        while not text.ends_clause(end):
            end += 1
        if text.low(end) not in (":", "=", "-", "—") and end > index + 1:
            found.append((index + 1, min(end, index + 1 + MAX_ITEM_WORDS)))
    return found[:MAX_ITEMS] if len(found) > 1 else []


def numbered(text: Text) -> list[Span]:
    """Return the items of `1. this 2. that` or `1) this, 2) that` within a line."""
    starts: list[int] = []
    for index in range(len(text.tokens)):
        number = len(starts) + 1
        low = text.low(index)
        if low == str(number) and text.low(index + 1) in (".", ")", ":"):
            starts.append(index + 2)
        elif low in (f"{number}.", f"{number})", f"({number})") and text.at(index).kind is Kind.BULLET:
            starts.append(index + 1)
    if len(starts) < 2:
        return []
    return [(start, _item_end(text, start)) for start in starts[:MAX_ITEMS]]


def _item_end(text: Text, start: int) -> int:
    end = start
    while end - start < MAX_ITEM_WORDS and not text.ends_clause(end) and not text.low(end).isdigit():
        end += 1
    return end
