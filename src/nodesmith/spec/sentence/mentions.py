"""Where an archetype is spoken of, and whether the node itself is meant, another one, or none."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.actions import MAX_CLAUSE, is_compute_verb
from nodesmith.spec.sentence.identifiers import archetype_in, base_class_archetype, is_code_like
from nodesmith.spec.sentence.words import Form, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

MAX_NOUNS_BEFORE = 5
MAX_MENTIONS = 60

_OTHERS_STAND_AFTER = frozenset(
    "by to from of after before unlike like both between than behind via through into toward towards until "
    "feeds feed feeding calls calling uses use using triggers triggering starts starting invokes invoking asks asking "
    "runs notifies informs joins follows replaces supports wakes fires tells feeding serves combines whenever when "
    "existing other neither".split()
)
_MEANS = frozenset("with for as in on".split())
_COPULAS = frozenset("is be are was being becomes become 's as remains remain".split())


class Role(StrEnum):
    """Whose archetype a mention tells."""

    SAID = "said"
    OTHER = "other"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """An archetype word, `at` its token; its phrase goes from `start` (behind the article) to `end`."""

    archetype: str
    at: int
    start: int
    end: int
    role: Role
    weight: float
    article: str


def find_mentions(structure: Structure) -> tuple[Mention, ...]:
    """Return every mention of an archetype with its role, in the text's order."""
    found: list[Mention] = []
    for index in range(len(structure.text.tokens)):
        if len(found) == MAX_MENTIONS:
            break
        archetype = _archetype_at(structure.text, index)
        if archetype:
            found.append(_mention(structure, index, archetype, found))
    return tuple(found)


def _archetype_at(text: Text, index: int) -> str:
    token = text.at(index)
    if not token.is_name:
        return ""
    if token.low not in lexicon.ARCHETYPE_WORDS:
        return (
            (archetype_in(token.text) or base_class_archetype(token.text)) if is_code_like(token.text) else ""
        )
    before, after = text.low(index - 1), text.low(index + 1)
    if token.low in ("effect", "effects") and before in (
        "side",
        "side-",
        "take",
        "takes",
        "cause",
        "no",
        "network",
    ):
        return ""
    if token.low in ("computation", "computational", "orchestration", "effectful") and after not in (
        "node",
        "service",
    ):
        return ""
    if token.low == "compute" and is_compute_verb(text, index):
        return ""
    return lexicon.ARCHETYPE_WORDS[token.low]


def _mention(structure: Structure, index: int, archetype: str, earlier: Sequence[Mention]) -> Mention:
    text = structure.text
    start = _phrase_start(text, index)
    article = text.low(start - 1) if text.low(start - 1) in lexicon.DETERMINERS else ""
    end = index + 1
    while text.low(end) in ("node", "nodes", "service", "archetype", "component") and text.at(end).is_name:
        end += 1
    before = start - 1 if article else start
    role, weight = _role(structure, index, before, article, earlier)
    return Mention(
        archetype=archetype, at=index, start=start, end=end, role=role, weight=weight, article=article
    )


def _phrase_start(text: Text, index: int) -> int:
    start = index
    while index - start < MAX_NOUNS_BEFORE and _belongs_before(text, start - 1):
        start -= 1
    return start


def _belongs_before(text: Text, index: int) -> bool:
    token = text.at(index)
    if not token.is_name or token.low in lexicon.STOP_WORDS | lexicon.DETERMINERS | _OTHERS_STAND_AFTER:
        return False
    if token.low in lexicon.CREATE_VERBS or token.low.startswith("'") or token.low in ("already", "no"):
        return False
    if token.low in lexicon.NAMING_WORDS or token.low in lexicon.FILLERS - lexicon.ADJECTIVES:
        return False
    found = verb_at(text.lows(index, 2))
    return found is None or found[1] is not Form.THIRD or _is_noun_here(text, index)


def _is_noun_here(text: Text, index: int) -> bool:
    """Whether a word that may be a verb is rather a plural: `the sales totals reducer`."""
    return text.low(index - 1) in lexicon.DETERMINERS or (
        text.at(index - 1).is_name and (text.low(index - 2) in lexicon.DETERMINERS)
    )


def _role(
    structure: Structure, index: int, before: int, article: str, earlier: Sequence[Mention]
) -> tuple[Role, float]:
    text = structure.text
    previous, definite = text.low(before - 1), article not in lexicon.INDEFINITE and article != ""
    if structure.denied[index]:
        return Role.DENIED, 0
    if text.low(index).endswith("s") and text.low(index) in lexicon.ARCHETYPE_WORDS:
        return Role.OTHER, 0
    if _is_there_already(text, index) or _acts_on_this(text, index):
        return Role.OTHER, 0
    if article in lexicon.FORMER or any(text.low(at) in lexicon.FORMER for at in range(before, index)):
        return Role.OTHER, 0
    if previous in ("by", "with") and any(
        text.low(at) in ("replace", "replaced") for at in _clause(text, index)
    ):
        return Role.SAID, 6
    if previous in _OTHERS_STAND_AFTER:
        kind = text.low(before - 2) in ("type", "kind", "sort", "form") or text.low(before - 2) == "sort"
        return (Role.SAID, 5) if previous == "of" and kind else (Role.OTHER, 0)
    if previous == "for" and text.lows(before - 3, 2) == ("this", "is"):
        return Role.SAID, 6
    if previous in _MEANS and previous != "as":
        return (Role.OTHER, 0) if definite else (Role.SAID, 4)
    if previous in ("and", "or", "then", "nor") and earlier and _continues(text, earlier[-1], before):
        return earlier[-1].role, earlier[-1].weight / 2
    if previous in ("that", "which", "while", "because", "so", "if") and definite:
        return Role.OTHER, 0
    if previous in _COPULAS or text.starts_clause(before) or previous in lexicon.CREATE_VERBS:
        return Role.SAID, 6
    found = verb_at((previous, text.low(before)))
    if found is not None and found[1] is not Form.BASE:
        return Role.OTHER, 0
    return Role.SAID, 4 if definite else 5


def _continues(text: Text, earlier: Mention, before: int) -> bool:
    """Whether nothing ends a clause between an earlier mention and this one."""
    return not any(text.ends_clause(at) for at in range(earlier.end, before))


def _acts_on_this(text: Text, index: int) -> bool:
    """Whether it is the other end of `an orchestrator is going to call this`."""
    for at in range(index + 1, index + 7):
        if text.ends_clause(at):
            return False
        if text.low(at).rstrip("s") in (
            "call",
            "use",
            "invoke",
            "trigger",
            "start",
            "run",
            "need",
            "consume",
            "ask",
        ):
            ours = text.low(at + 1) in ("the", "our", "this") and text.low(at + 2) in lexicon.NODE_NOUNS
            return text.low(at + 1) in ("this", "it", "us") or ours
    return False


def _is_there_already(text: Text, index: int) -> bool:
    return any(text.low(at) == "already" for at in _clause(text, index))


def _clause(text: Text, index: int) -> Iterator[int]:
    start = index
    while not text.starts_clause(start) and index - start < MAX_CLAUSE:
        start -= 1
    while start < min(len(text.tokens), index + MAX_CLAUSE) and not text.ends_clause(start):
        yield start
        start += 1
