"""A candidate for a name, and how the words of one are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_code_like
from nodesmith.spec.sentence.text import Kind
from nodesmith.spec.sentence.words import Form, verb_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.spec.sentence.text import Text

MAX_NAME_WORDS = 6
_OPENERS = frozenset(
    [":", "=", "-", "—", "->", "{", "$", "<", "*", "(", "[", "#", "@", "=>", '"', "'", "`", ","]
)
_NO_NAMES = frozenset("please needed required wanted here below above yes no thanks asap etc only".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A possible name as it was written, how sure it is (0 to 100), where it stands, and the rule that found it."""

    text: str
    score: float
    at: int
    why: str


def name_value(text: Text, start: int, *, end: int | None = None, loose: bool = True) -> tuple[str, int]:
    """Return the name that begins at `start` and where it ends; `loose` also takes plain words."""
    limit = len(text.tokens) if end is None else end
    index = start
    while index < limit and text.low(index) in _OPENERS and text.at(index).kind is Kind.MARK:
        index += 1
    if text.low(index) in ("the", "a", "an", "something", "like", "simply", "just", "as"):
        index += 1
    token = text.at(index)
    if token.kind is Kind.QUOTED or (token.kind is Kind.WORD and is_code_like(token.text)):
        return token.text, index + 1
    if not loose:
        return "", index
    words: list[str] = []
    while index < limit and len(words) < MAX_NAME_WORDS and _goes_on(text, index, words):
        words.append(text.at(index).text)
        index += 1
    return " ".join(words), index


def _goes_on(text: Text, index: int, words: Sequence[str]) -> bool:
    token = text.at(index)
    if token.kind is not Kind.WORD or token.low in _NO_NAMES or token.low.startswith("'"):
        return False
    if not words:
        return token.low not in lexicon.STOP_WORDS or text.ends_clause(index + 1)
    if token.low in lexicon.STOP_WORDS | lexicon.DETERMINERS | lexicon.NAMING_WORDS:
        return False
    if is_code_like(token.text):
        return False
    after = text.at(index + 1)
    found = verb_at(text.lows(index, 2))
    if found is not None and found[1] in (Form.THIRD, Form.GERUND):
        return not (after.is_name and (after.low not in lexicon.STOP_WORDS or after.low in ("up", "whether")))
    return True


def is_plain_noun(text: Text, index: int) -> bool:
    token = text.at(index)
    return token.is_name and token.low not in lexicon.STOP_WORDS | lexicon.DETERMINERS | lexicon.CREATE_VERBS


def is_action(text: Text, index: int) -> bool:
    """Whether a verb stands there that is no noun as well."""
    found = verb_at(text.lows(index, 2))
    if found is None:
        return False
    noun = found[1] is Form.BASE and text.low(index) in lexicon.NOUN_VERBS
    return not noun or text.low(index + 1) in lexicon.QUANTIFIERS
