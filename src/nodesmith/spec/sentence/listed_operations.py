"""Operations that a sentence lists: `with operations a, b and c`, `get, set and delete operations`, CRUD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.naming import name_problem
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_code_like, operation_name, words_of
from nodesmith.spec.sentence.lists import items
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.text import Kind
from nodesmith.spec.sentence.things import MAX_THING_WORDS, NamedOperation, object_words
from nodesmith.spec.sentence.words import verb_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.spec.sentence.lists import Span
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

MAX_ITEM_WORDS = 5

_CRUD = ("create", "read", "update", "delete")
_LIST_WORDS = frozenset("operations operation methods method actions functions commands".split())
_STORES = frozenset(
    "database db store storage repository repo crud manager service table access node dao adapter gateway data "
    "registry client persistence api catalog catalogue".split()
)


def listed_operations(structure: Structure, *, entity: Sequence[str], name: str) -> list[NamedOperation]:
    """Return the operations that are listed; `entity` is what a bare verb acts on, `name` the node's own name."""
    text = structure.text
    found: list[NamedOperation] = []
    for label in structure.labels:
        if label.field == "operations":
            spans = items(text, label.start, end=label.end)
            found += _named(text, spans or _lines_after(text, label.end), entity)
    for index, token in enumerate(text.tokens):
        if token.low in _LIST_WORDS and token.is_name and not structure.denied[index]:
            found += _around(text, index, entity)
    return [operation for operation in found if operation.name != name]


def _lines_after(text: Text, index: int) -> list[Span]:
    spans = []
    at = index + 1
    while text.at(at).kind is Kind.BULLET:
        end = at + 1
        while not text.ends_clause(end):
            end += 1
        spans.append((at + 1, min(end, at + MAX_ITEM_WORDS)))
        while at < len(text.tokens) and text.low(at) != "\n":
            at += 1
        at += 1
    return spans


def _around(text: Text, index: int, entity: Sequence[str]) -> list[NamedOperation]:
    """Read `with methods a, b` and `with get, set and delete operations`."""
    after = index + 1
    while text.low(after) in ("called", "named", "are", ":", "like", "such", "as", "is"):
        after += 1
    spans = [span for span in items(text, after) if span[1] - span[0] <= MAX_THING_WORDS]
    offered = text.low(index - 1) in (
        "with",
        "the",
        "has",
        "offers",
        "following",
        "provides",
        "having",
        "and",
    )
    if text.at(after).is_name and (
        is_code_like(text.at(after).text) or after > index + 1 or (offered and _are_plain(text, spans))
    ):
        return _named(text, spans, entity)
    start = index
    while start > 0 and (text.low(start - 1) in (",", "and", "or", "/") or verb_at((text.low(start - 1), "")) is not None
                         or text.low(start - 1) == "set"):  # fmt: skip
        start -= 1
    return _named(text, items(text, start, end=index), entity) if index - start > 1 else []


def _are_plain(text: Text, spans: Sequence[Span]) -> bool:
    """Whether they are two or more words or pairs of words, and no part of a sentence."""
    inside = {text.low(at) for start, end in spans for at in range(start, end)}
    return len(spans) > 1 and not inside & (lexicon.STOP_WORDS | lexicon.DETERMINERS | lexicon.NAMING_WORDS)


def _named(text: Text, spans: Sequence[Span], entity: Sequence[str]) -> list[NamedOperation]:
    return [
        operation for start, end in spans if (operation := _operation(text, start, end, entity)) is not None
    ]


def _operation(text: Text, start: int, end: int, entity: Sequence[str]) -> NamedOperation | None:
    stop = next((at for at in range(start, end) if text.low(at) in lexicon.STOP_WORDS), end)
    words = words_of(" ".join(text.at(at).text for at in range(start, stop) if text.at(at).is_name))
    if not words or words[0] in lexicon.LABELS:
        return None
    found = verb_at((*words, ""))
    verb = found[0].base if found else words[0]
    if len(words) == 1 and name_problem(words[0]):
        words = [*words, *(entity or ("value",))]  # a name Python takes: set, list
    name = operation_name("_".join(words), fallback="")
    return NamedOperation(name=name, verb=verb, entity=tuple(words[1:]) or tuple(entity)) if name else None


def crud_operations(structure: Structure, *, entity: Sequence[str], name: str) -> list[NamedOperation]:
    """Return create, read, update and delete where the sentence says CRUD."""
    text = structure.text
    at = next(
        (i for i, token in enumerate(text.tokens) if token.low == "crud" and not structure.denied[i]), -1
    )
    if at < 0:
        return []
    subject = _crud_subject(text, at) or tuple(entity) or _stored(name) or ("record",)
    named = [(operation_name("_".join((verb, *subject)), fallback=verb), verb) for verb in _CRUD]
    return [NamedOperation(name=operation, verb=verb, entity=subject) for operation, verb in named]


def _stored(name: str) -> tuple[str, ...]:
    """Return what a store is for: `user_database` -> user."""
    words = [word for word in name.split("_") if word not in _STORES]
    return object_words(words)


def _crud_subject(text: Text, index: int) -> tuple[str, ...]:
    for at in range(index + 1, index + 6):
        if text.low(at) in ("for", "of", "on") and text.at(at + 1).is_name:
            subject = object_words(noun_phrase(text, at + 1).words)
            if subject and subject[-1] not in ("operation", "access", "database", "node"):
                return subject
    return ()
