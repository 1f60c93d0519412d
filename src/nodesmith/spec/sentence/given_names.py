"""Names that are expressly given: `Name: X`, `called X`, `name it X`, `X would be a good name`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.actions import gives_name
from nodesmith.spec.sentence.candidates import Candidate, name_value
from nodesmith.spec.sentence.identifiers import is_code_like
from nodesmith.spec.sentence.mentions import Mention, Role
from nodesmith.spec.sentence.text import Kind
from nodesmith.spec.sentence.words import singular

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.mentions import Mention
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text


_OWNERS = frozenset(
    "node its the 's whose a with this service has proper effect and him her his their your it my our".split()
)
_COPULAS = frozenset("is should shall must will be would can could might may :".split())


def labelled_names(structure: Structure) -> Iterator[Candidate]:
    for label in structure.labels:
        if label.field not in ("name", "node", "title"):
            continue
        name, _ = name_value(structure.text, label.start, end=label.end)
        if name.lower() in lexicon.ARCHETYPE_WORDS or not name:
            continue
        score = {"name": 100.0, "node": 85.0, "title": 60.0}[label.field]
        yield Candidate(text=name, score=score, at=label.start, why="labelled as the name")


def marked_names(structure: Structure, mentions: Sequence[Mention]) -> Iterator[Candidate]:
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


def _after_name_word(text: Text, index: int) -> int:
    """Return where the name behind `name` or `call` begins; 0 where that word gives none."""
    if text.low(index) in ("namen", "nombre", "nom", "nome", "naam") or gives_name(text, index):
        return index + 1
    if text.low(index + 1) in ("it", "this", "that", "the") and text.at(index + 1).kind is Kind.WORD:
        return _after_called_it(text, index)
    if text.low(index) not in ("name", "id", "identifier"):
        return 0
    if text.low(index - 1) not in _OWNERS and not text.starts_clause(index):
        return 0
    return _after_name(text, index)


def _after_called_it(text: Text, index: int) -> int:
    """Read `call it X`, `name this node X`, `call the effect X`."""
    if text.low(index + 2) in lexicon.NODE_NOUNS | set(lexicon.ARCHETYPE_WORDS):
        return index + 3 + (text.low(index + 3) == "node")
    return 0 if text.low(index + 1) == "the" else index + 2


def _after_name(text: Text, index: int) -> int:
    """Read `name: X`, `the name of the node is X`, `the name should be X`, `with name X`."""
    before, after = text.low(index - 1), text.low(index + 1)
    if after in (":", "=", "-", "—", "->"):
        return index + 2
    if after == "of":
        whose = lexicon.NODE_NOUNS | set(lexicon.ARCHETYPE_WORDS)
        if text.low(index + 2) in ("the", "this") and text.low(index + 3) in whose:
            return behind_copula(text, index + 4)
        return index + 2 if before == "the" and text.low(index - 2) in ("by", "under", "with") else 0
    behind = behind_copula(text, index + 1)
    if behind:
        return behind
    token = text.at(index + 1)
    sure = is_code_like(token.text) or token.kind is Kind.QUOTED or token.text[:1].isupper()
    return index + 1 if sure or "with" in (before, text.low(index - 2)) else 0


def behind_copula(text: Text, index: int) -> int:
    """Return where the words behind `is` or `should be` begin; 0 where there is no such verb."""
    behind = index
    while text.low(behind) in _COPULAS:
        behind += 1
    return behind if behind > index else 0
