"""Labelled places in a text: `name: x`, `"type": "effect"`, `domain = crm`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.text import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.spec.sentence.text import Text

MAX_LABEL_WORDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A labelled place (`Type: effect`): which one, and where its value begins and ends."""

    field: str
    at: int
    start: int
    end: int


def find_labels(text: Text) -> Iterator[Label]:
    """Yield `name: x`, `"type": "effect"`, `domain = crm` and their like, wherever a clause begins."""
    index = 0
    while index < len(text.tokens):
        label = _label_at(text, index)
        if label is None:
            index += 1
            continue
        yield label
        index = label.start


def _label_at(text: Text, index: int) -> Label | None:
    if not text.at(index).is_name or not _may_open_label(text, index):
        return None
    for length in range(MAX_LABEL_WORDS, 0, -1):
        field = lexicon.LABELS.get(" ".join(text.lows(index, length)))
        if field and _is_label_mark(text, index + length, opens=_opens_line(text, index)):
            start = index + length + 1
            return Label(field=field, at=index, start=start, end=_value_end(text, start))
    return None


def _opens_line(text: Text, index: int) -> bool:
    before = index - 1
    while text.at(before).kind is Kind.MARK and text.low(before) in (
        "{",
        "#",
        "##",
        "###",
        "/",
        "|",
        "*",
        "(",
    ):
        before -= 1
    return text.at(before).kind in (Kind.BREAK, Kind.BULLET)


def _may_open_label(text: Text, index: int) -> bool:
    if text.starts_clause(index):
        return True
    # `name = "x" type = "effect"`, and `domain=x` in the middle of a sentence
    if text.low(index) not in lexicon.LABELS or text.low(index) in (
        "id",
        "class",
        "node",
        "service",
        "component",
    ):
        return False
    return text.low(index + 1) == "=" or (
        text.low(index + 1) == ":" and text.low(index) in ("name", "type", "kind")
    )


def _is_label_mark(text: Text, index: int, *, opens: bool) -> bool:
    mark = text.low(index)
    if mark in (":", "=", "=>"):
        return True
    if mark == "->" and text.low(index - 1) == "name":
        return True
    return opens and mark in ("-", "—", "->", "--") and text.at(index).kind is Kind.MARK


def _value_end(text: Text, start: int) -> int:
    end = start
    while end < len(text.tokens) and text.at(end).kind is not Kind.BREAK:
        if text.low(end) in ("|", ";") or (end > start and _label_follows(text, end)):
            break
        end += 1
    return end


def _label_follows(text: Text, index: int) -> bool:
    for length in range(1, MAX_LABEL_WORDS):
        if " ".join(text.lows(index, length)) in lexicon.LABELS and text.low(index + length) in (":", "="):
            return True
    return False
