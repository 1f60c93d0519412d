"""Candidates for a node's name, each with how sure it is and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_code_like, is_product, is_strong_identifier, words_of
from nodesmith.spec.sentence.mentions import Mention, Role
from nodesmith.spec.sentence.structure import noun_phrase
from nodesmith.spec.sentence.text import Kind
from nodesmith.spec.sentence.words import Form, head_nouns, singular, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

MAX_NAME_WORDS = 6
SAID = 70.0
SURE = 95.0

_OPENERS = frozenset(
    [":", "=", "-", "—", "->", "{", "$", "<", "*", "(", "[", "#", "@", "=>", '"', "'", "`", ","]
)
_TICKET = re.compile(r"[A-Z]{2,}-\d+")
_VERSION = re.compile(r"v\d+")
# A word alone before the archetype that tells nothing: `a database effect`.
_EMPTY_ALONE = frozenset(
    "database workflow data api validation transformation notification cache state processing integration storage "
    "business crud service conversion calculation aggregation event message cloud rest utility helper".split()
)
_PEOPLE = frozenset(
    "customer user order number letter member parameter server folder supplier color vendor error".split()
)
_NOMINAL = ("ment", "tion", "sion", "ance", "ence", "ysis", "oval")
_NO_NAMES = frozenset("please needed required wanted here below above yes no thanks asap etc only".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A possible name as it was written, how sure it is (0 to 100), where it stands, and the rule that found it."""

    text: str
    score: float
    at: int
    why: str


def said_names(structure: Structure, mentions: Sequence[Mention]) -> list[Candidate]:
    """Return every name somebody may have given the node, the surest first."""
    found = [
        *_labelled(structure),
        *_marked(structure, mentions),
        *_identifiers(structure, mentions),
        *_beside_mentions(structure, mentions),
        *_titles(structure),
        *_heads(structure),
        *_subjects(structure),
    ]
    return sorted((c for c in found if _may_name(c)), key=lambda c: (-c.score, c.at))


def _may_name(candidate: Candidate) -> bool:
    """Whether anything is in it besides `effect node`; what was expressly called so may be anything."""
    empty = lexicon.NODE_NOUNS | set(lexicon.ARCHETYPE_WORDS)
    told = [word for word in candidate.text.lower().split() if word not in empty]
    return bool(told) or (candidate.score >= SURE and bool(candidate.text.strip()))


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


def _labelled(structure: Structure) -> Iterator[Candidate]:
    for label in structure.labels:
        if label.field not in ("name", "node", "title"):
            continue
        name, _ = name_value(structure.text, label.start, end=label.end)
        if name.lower() in lexicon.ARCHETYPE_WORDS or not name:
            continue
        score = {"name": 100.0, "node": 85.0, "title": 60.0}[label.field]
        yield Candidate(text=name, score=score, at=label.start, why="labelled as the name")


def _marked(structure: Structure, mentions: Sequence[Mention]) -> Iterator[Candidate]:
    text = structure.text
    for index, token in enumerate(text.tokens):
        if token.kind is not Kind.WORD:
            continue
        start, score = 0, 95.0
        phrase = next((p for p in lexicon.NAMING_PHRASES if text.lows(index, len(p)) == p), ())
        if token.low in lexicon.NAMING_WORDS or phrase:
            start = _after_participle(structure, index, mentions, length=len(phrase) or 1)
            score = _ownership(text, index, start)
        elif token.low in lexicon.NAME_WORDS:
            start = _after_name_word(text, index)
        if not start or text.low(start) in lexicon.PASSIVE_NEXT:
            continue
        name, _ = name_value(text, start)
        if name:
            yield Candidate(text=name, score=score, at=start, why=f"said by {token.text!r}")


def _after_participle(structure: Structure, index: int, mentions: Sequence[Mention], *, length: int) -> int:
    """Return where the name after `called` begins; 0 where something else is called so."""
    text = structure.text
    if structure.denied[index] and structure.denied[index - 1]:
        return 0
    owner = index - 1
    if text.low(owner) == ",":
        return index + length
    while text.low(owner) in lexicon.AUXILIARIES | {"to", "also", "be", "was"}:
        owner -= 1
    thing = text.low(owner)
    if thing in lexicon.OTHER_THINGS and (singular(thing) == thing or _names_several(text, index + length)):
        return 0
    if text.lows(index + length, 2) in (("the", "name"), ("the", "title")):
        return 0
    if any(m.role is Role.OTHER and m.start <= owner < m.end for m in mentions):
        return 0
    return index + length


def _ownership(text: Text, index: int, start: int) -> float:
    """Return how sure it is that `named` speaks of the node, not of `a database` right before it."""
    if singular(text.low(index - 1)) not in lexicon.PERHAPS_OTHER_THINGS:
        return 95
    _, end = name_value(text, start)
    owner = index - 1
    while text.at(owner).is_name and text.low(owner) not in lexicon.STOP_WORDS | lexicon.DETERMINERS:
        owner -= 1
    ends = text.low(end) in ("\n", ".", "!", "in", "")
    if singular(text.low(index - 1)) != text.low(index - 1) or text.low(owner) not in lexicon.DETERMINERS:
        return 95 if ends else 60
    return 58 if ends else 30


def _names_several(text: Text, index: int) -> bool:
    """Whether `operations called a and b` names several things: then none is the node."""
    return text.low(index + 1) in (",", "and", "or") and is_code_like(text.at(index + 2).text)


def _after_name_word(text: Text, index: int) -> int:  # noqa: PLR0911 - one return a way of saying it
    before, after = text.low(index - 1), text.low(index + 1)
    following = text.low(index + 2)
    if text.low(index) in ("namen", "nombre", "nom", "nome", "naam"):
        return index + 1
    if after in ("it", "this", "that", "the") and text.at(index + 1).kind is Kind.WORD:
        behind = index + 2
        if following in lexicon.NODE_NOUNS | set(lexicon.ARCHETYPE_WORDS):
            behind += 1
            behind += text.low(behind) == "node"
        elif after == "the":
            return 0
        return behind
    if text.low(index) not in ("name", "id", "identifier"):
        return 0
    allowed = {
        "node",
        "its",
        "the",
        "'s",
        "whose",
        "a",
        "with",
        "this",
        "service",
        "has",
        "proper",
        "effect",
        "and",
    }
    if before not in allowed and not text.starts_clause(index):
        return 0
    if after in (":", "=", "-", "—", "->"):
        return index + 2
    if after == "of":
        if following in ("the", "this") and text.low(index + 3) in lexicon.NODE_NOUNS | set(
            lexicon.ARCHETYPE_WORDS
        ):
            return _behind_copula(text, index + 4)
        return index + 2 if before == "the" and text.low(index - 2) in ("by", "under", "with") else 0
    behind = _behind_copula(text, index + 1)
    if behind:
        return behind
    behind = index + 1
    token = text.at(behind)
    sure = is_code_like(token.text) or token.kind is Kind.QUOTED or token.text[:1].isupper()
    return behind if sure or before in ("with",) or text.low(index - 2) == "with" else 0


def _behind_copula(text: Text, index: int) -> int:
    """Return where the words behind `is` or `should be` begin; 0 where there is no such verb."""
    behind = index
    while text.low(behind) in (
        "is",
        "should",
        "shall",
        "must",
        "will",
        "be",
        "would",
        "can",
        "could",
        "might",
        "may",
        ":",
    ):
        behind += 1
    return behind if behind > index else 0


def _identifiers(structure: Structure, mentions: Sequence[Mention]) -> Iterator[Candidate]:
    text = structure.text
    for index, token in enumerate(text.tokens):
        quoted = token.kind is Kind.QUOTED
        if not quoted and not (token.kind is Kind.WORD and is_code_like(token.text)):
            continue
        if _TICKET.fullmatch(token.text) or structure.denied[index]:
            continue
        if token.low in lexicon.ARCHETYPE_WORDS:
            continue
        score, why = _identifier_score(structure, index, mentions)
        weak = not quoted and not is_strong_identifier(token.text)
        yield Candidate(
            text=token.text, score=score - 5 * weak if score > SAID else score / (1 + weak), at=index, why=why
        )


_FOREIGN_AFTER = frozenset(
    "event events object objects record records class message messages type types table tables topic topics team "
    "domain field column queue bucket channel api column".split()
)
_FOREIGN_BEFORE = frozenset(
    "on type types events event class consuming to from of topic table publishes publish consumes emits emit bucket "
    "column field domain each every both via through by using queue channel into operation schema when".split()
)


def _identifier_score(  # noqa: PLR0911 - one return a position, in the order they count
    structure: Structure, index: int, mentions: Sequence[Mention]
) -> tuple[float, str]:
    text = structure.text
    before, after = text.low(index - 1), text.low(index + 1)
    around = next((m for m in mentions if m.start <= index < m.end or m.end == index), None)
    if _is_praised(text, index):
        return 90, "is said to be a good name"
    if around is not None and around.role is not Role.SAID:
        return 5, "belongs to another node"
    if after in _FOREIGN_AFTER and text.at(index + 1).is_name:
        return 5, "is a thing of another kind"
    if around is not None:
        return (90 if around.end <= index else 86), "stands beside the archetype"
    if before == "/" and text.low(index - 2) in lexicon.ARCHETYPE_WORDS:
        return 86, "stands beside the archetype"
    if (
        before in ("node", "service", "component", "module", "thing")
        and text.low(index - 2) not in _FOREIGN_BEFORE
    ):
        return 86, "stands beside 'node'"
    if after in ("node", "service") and before not in _FOREIGN_BEFORE:
        return 84, "stands beside 'node'"
    if before in ("say", "lets", "eg"):
        return 75, "proposed"
    if before in _FOREIGN_BEFORE and not text.starts_clause(index):
        return (60, "what the sentence is about") if after == "is" else (5, "is a thing of another kind")
    if before in lexicon.CREATE_VERBS:
        return 80, "what is to be created"
    if text.starts_clause(index):
        return _opening_score(text, index)
    free = before not in lexicon.STOP_WORDS and verb_at((before, "")) is None
    return (
        (58.5, "an identifier")
        if free and is_strong_identifier(text.at(index).text)
        else (20, "an identifier")
    )


def _is_praised(text: Text, index: int) -> bool:
    """Whether `X is a fine name` or `X would be a good name` is said of it."""
    behind = _behind_copula(text, index + 1)
    return (
        bool(behind)
        and "name" in text.lows(behind, 4)
        and text.low(behind) in ("a", "an", "the", "my", "our", "its")
    )


def _opening_score(text: Text, index: int) -> tuple[float, str]:
    before, after = text.low(index - 1), text.low(index + 1)
    first = index == 0 or text.at(index - 1).kind in (Kind.BREAK, Kind.BULLET) or before == "#"
    if before in (",", "/") and text.ends_clause(index + 1) and after in (",", "\n", ".", "->", "and"):
        return 72 - 30 * _in_list(text, index), "stands by itself"
    if first or before in (".", "!", "?", ";", ":", "—", "-", "|", "->", "("):
        return 79, "opens a clause"
    return (74, "stands by itself") if text.ends_clause(index + 1) else (60, "opens a clause")


def _in_list(text: Text, index: int) -> bool:
    """Whether the neighbours between commas are identifiers, too: then it is an enumeration."""
    return is_code_like(text.at(index - 2).text) or is_code_like(text.at(index + 2).text)


def _beside_mentions(structure: Structure, mentions: Sequence[Mention]) -> Iterator[Candidate]:
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
    if all(is_product(word) or word.lower() in _EMPTY_ALONE for word in words):
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
    name, end = name_value(text, start)
    if token.low in lexicon.ARCHETYPE_WORDS or (_is_action(text, start) and text.low(end) != ":"):
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
    if name and len(name.split()) <= 3 and text.low(end) in (".", "\n") and not _is_action(text, at + 1):  # noqa: PLR2004
        yield Candidate(text=name, score=56, at=at + 1, why="stands behind the colon")


def _is_action(text: Text, index: int) -> bool:
    """Whether a verb stands there that is no noun as well."""
    found = verb_at(text.lows(index, 2))
    if found is None:
        return False
    noun = found[1] is Form.BASE and text.low(index) in lexicon.NOUN_VERBS
    return not noun or text.low(index + 1) in lexicon.QUANTIFIERS


def _subject_of(text: Text, mention: Mention) -> Iterator[Candidate]:
    """Find `The payment gateway, an effect node` and `the fraud checker should be a compute node`."""
    before = mention.start - 1 - bool(mention.article)
    copula = before
    while text.low(copula) in (
        "is",
        "be",
        "should",
        "must",
        "will",
        "shall",
        "to",
        "as",
        "would",
        ",",
        "(",
        "—",
        "-",
        "'s",
    ):
        copula -= 1
    if copula == before or not text.at(copula).is_name:
        return
    end = copula + 1
    start = end
    while end - start < MAX_NAME_WORDS and _is_plain_noun(text, start - 1):
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
    opened = text.starts_clause(start) or text.low(start - 1) in lexicon.DETERMINERS | lexicon.CREATE_VERBS
    if opened:
        yield Candidate(text=" ".join(words), score=80, at=start, why="is said to be of that archetype")


def _is_plain_noun(text: Text, index: int) -> bool:
    token = text.at(index)
    return token.is_name and token.low not in lexicon.STOP_WORDS | lexicon.DETERMINERS | lexicon.CREATE_VERBS


def _titles(structure: Structure) -> Iterator[Candidate]:
    """Find `Order Stats Reducer: ...` and `Invoice archive (effect)` where a line or sentence begins."""
    text = structure.text
    for index, token in enumerate(text.tokens):
        if not token.is_name or not text.starts_clause(index) or text.low(index - 1) in (",", "("):
            continue
        start = index + (token.low in lexicon.DETERMINERS)
        end = start
        while end - start < MAX_NAME_WORDS and _is_plain_noun(text, end):
            end += 1
        words = [text.at(at) for at in range(start, end)]
        if not words or not _may_be_title(text, start, end):
            continue
        name = " ".join(word.text for word in words)
        if text.low(index - 1) == "#" and text.low(end) == "\n":
            yield Candidate(text=name, score=80, at=start, why="stands as a heading")
        elif _closes_title(text, end):
            yield Candidate(text=name, score=73, at=start, why="stands as a title")
        elif _is_sentence_title(text, index, end):
            yield Candidate(text=name, score=63, at=start, why="stands as a title")


def _closes_title(text: Text, end: int) -> bool:
    mark = text.low(end)
    if mark in (":", "—", "--", "->"):
        return True
    if mark == "-" and text.at(end).kind is Kind.MARK:
        return True
    return mark == "(" and text.low(end + 1) in lexicon.ARCHETYPE_WORDS


def _is_sentence_title(text: Text, index: int, end: int) -> bool:
    """Whether some words before a full stop or a line end begin a text that goes on: `Trade settlement. ...`"""
    if index > 0 or not 0 < end - index <= 4 or end + 2 >= len(text.tokens):  # noqa: PLR2004
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
    if found is not None and end - start > 1 and lows[-1] not in lexicon.ARCHETYPES:
        noun = found[1] is Form.BASE and (lows[0] in lexicon.NOUN_VERBS or _closes_title(text, end))
        return noun or lows[-1] in head_nouns() or lows[-1].endswith(_NOMINAL)
    return not (found is not None and text.low(end) == "->")


def _subjects(structure: Structure) -> Iterator[Candidate]:
    """Find who does it: `Invoice Hub keeps the balance`, and what is made: `Make invoice hub. It ...`."""
    text = structure.text
    for index in range(len(text.tokens)):
        if not text.starts_clause(index) or text.low(index - 1) == ",":
            continue
        made = text.low(index) in lexicon.CREATE_VERBS
        start = index + (made or text.low(index) in ("the", "our"))
        end = start
        while (
            end - start < MAX_NAME_WORDS
            and _is_plain_noun(text, end)
            and not (end > start and _acts(text, end))
        ):
            end += 1
        words = [text.at(at).text for at in range(start, end)]
        if not words or _is_action(text, start) or any(_tells_nothing(word) for word in words[:1]):
            continue
        ordered = lexicon.ORDER_WORDS | {"also", "just", "only", "will", "should", "must", "shall"}
        ordered_at = next((at for at in range(start + 1, end + 1) if text.low(at) in ordered), end)
        words = words[: ordered_at - start]
        behind = ordered_at + (text.low(ordered_at) in ordered)
        if any(_tells_nothing(word) for word in words):
            continue
        if made and text.low(end) in (".", ";", "\n") and end + 2 < len(text.tokens):
            yield Candidate(text=" ".join(words), score=58, at=start, why="what is to be created")
        elif not made and (
            _acts(text, behind) or (behind > ordered_at and verb_at(text.lows(behind, 2)) is not None)
        ):
            yield Candidate(text=" ".join(words), score=59, at=start, why="who does it")


def _acts(text: Text, index: int) -> bool:
    found = verb_at(text.lows(index, 2))
    if found is None or found[1] is not Form.THIRD or not text.at(index + found[2]).is_name:
        return False
    return found[0].base not in lexicon.NOUN_VERBS or text.low(index + found[2]) not in lexicon.STOP_WORDS


def _tells_nothing(word: str) -> bool:
    low = word.lower()
    return (
        low
        in lexicon.NODE_NOUNS
        | lexicon.FILLERS
        | lexicon.ADJECTIVES
        | lexicon.NAMING_WORDS
        | lexicon.ORDER_WORDS
        or (low in lexicon.ARCHETYPE_WORDS or low in lexicon.LABELS or low in lexicon.NO_TITLES)
    )


def _heads(structure: Structure) -> Iterator[Candidate]:
    """Find the thing that is asked for: `an order validator`, `a currency conversion service`."""
    text = structure.text
    for index in range(len(text.tokens)):
        if not text.starts_clause(index) or not text.at(index).is_name:
            continue
        start, introduced = skip_introduction(text, index)
        yield from _head_at(text, start, introduced=introduced)
        if text.low(start) in lexicon.NODE_NOUNS and text.low(start + 1) == "for":
            words = noun_phrase(text, start + 2).words
            if len(words) > 1 and words[-1].lower() in head_nouns():
                yield Candidate(text=" ".join(words), score=57.5, at=start + 2, why="what it is for")


def skip_introduction(text: Text, index: int) -> tuple[int, bool]:
    """Return where the thing asked for begins, behind `Please create a new`; and whether it was so introduced."""
    at, introduced = index, False
    while text.at(at).kind is Kind.WORD:
        low = text.low(at)
        if low in lexicon.CREATE_VERBS:
            introduced = True
        elif low in lexicon.INDEFINITE or low in ("the", "our"):
            introduced = True
        elif low not in lexicon.FILLERS and low not in lexicon.ADJECTIVES:
            break
        at += 1
    return at, introduced


def _head_at(text: Text, start: int, *, introduced: bool) -> Iterator[Candidate]:
    token = text.at(start)
    phrase = noun_phrase(text, start)
    words = list(phrase.words)
    serves = False
    while words and (words[-1].lower() in lexicon.NODE_NOUNS or words[-1].lower() in lexicon.ARCHETYPE_WORDS):
        serves = True
        words.pop()
    if not words or any(word.lower() in lexicon.ARCHETYPE_WORDS for word in words):
        return
    last = words[-1].lower()
    as_verb = verb_at(text.lows(start, 2))
    noun = token.low in lexicon.NOUN_VERBS and last.endswith(("er", "or"))
    if as_verb is not None and not noun and (not introduced or text.low(start - 1) in lexicon.ORDER_WORDS):
        return
    if as_verb is not None and text.low(start - 1) in (
        "to",
        "can",
        "should",
        "must",
        "will",
        "you",
        "we",
        "i",
    ):
        return
    known = last in head_nouns()
    if known and len(words) == 1 and text.low(phrase.end) in ("for", "of"):
        purpose = noun_phrase(text, phrase.end + 1).words
        if purpose and not any(word.lower() in lexicon.NODE_NOUNS for word in purpose):
            kept = [w for w in purpose if not is_product(w)] or list(purpose)
            name = " ".join([*kept[:-1], singular(kept[-1]), words[0]])
            yield Candidate(text=name, score=57.5, at=start, why="what is asked for")
            return
    does = (
        introduced
        and len(words) > 1
        and last.endswith(("er", "or"))
        and last not in _PEOPLE
        and (text.low(start - 1) in lexicon.INDEFINITE | lexicon.ADJECTIVES)
    )
    if not known and not (serves and introduced) and not does:
        capital = introduced and token.text[:1].isupper() and not token.text.isupper() and start > 0
        if capital and text.low(start - 1) in lexicon.CREATE_VERBS:
            yield Candidate(text=" ".join(words), score=70, at=start, why="what is to be created")
        return
    if len(words) == 1 and last in _EMPTY_ALONE | lexicon.NODE_NOUNS:
        return
    if len(words) == 1:
        capital = token.text[:1].isupper() and text.low(start - 1) in lexicon.CREATE_VERBS
        alone = len(text.tokens) == 2 and text.at(0).is_name  # noqa: PLR2004 - the word and the line's end
        score = 72 if capital else 60 if alone else 45
        yield Candidate(text=words[0], score=score, at=start, why="what is asked for")
        return
    yield Candidate(text=" ".join(words), score=62, at=start, why="what is asked for")
