"""The operations a sentence speaks of: listed, named, or meant by what the node does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_code_like, is_product, operation_name, words_of
from nodesmith.spec.sentence.lists import items
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.words import singular, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.actions import Action
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

MAX_OPERATIONS = 12
MAX_THING_WORDS = 3

_CRUD = ("create", "read", "update", "delete")
_LIST_WORDS = frozenset("operations operation methods method actions functions commands".split())
_MANY = frozenset(["list", "search", "find", "query", "export", "import", "sync", "count"])
_NO_THINGS = frozenset(
    "it them him her something anything everything things thing result results output input able up out time node "
    "nodes outside there back you system effect compute reducer orchestrator".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedOperation:
    """An operation by its verb (base form, may be empty) and what it is done to; `said` where the name was given."""

    name: str
    verb: str = ""
    entity: tuple[str, ...] = ()
    said: bool = False


def object_words(words: Sequence[str]) -> tuple[str, ...]:
    """Return what an object is about: `customer records` -> customer; without products, in the singular."""
    kept = [w for w in words if not is_product(w) and w.lower() not in lexicon.ADJECTIVES | _NO_THINGS]
    while (
        len(kept) > 1 and kept[-1].lower() in lexicon.GENERIC_TAILS and kept[-2].lower() not in lexicon.STATED
    ):
        kept.pop()
    if not [word for word in kept if word.lower() not in ("api", "apis", "service")]:
        kept = [w for w in words if w.lower() not in lexicon.ADJECTIVES | _NO_THINGS]  # "the Stripe API"
        kept = kept if len(kept) > 1 else []
    found = words_of(" ".join(kept))
    if not found:
        return ()
    found[-1] = singular(found[-1])
    return tuple(found[-MAX_THING_WORDS:])


def find_operations(structure: Structure, *, entity: Sequence[str], archetype: str) -> list[NamedOperation]:
    """Return the operations a sentence names or means, in its order; nothing where it says none."""
    found = (
        list(_listed(structure, entity))
        or list(_crud(structure, entity))
        or list(_done(structure, archetype))
    )
    unique = {operation.name: operation for operation in found}
    return list(unique.values())[:MAX_OPERATIONS]


def _listed(structure: Structure, entity: Sequence[str]) -> Iterator[NamedOperation]:
    text = structure.text
    for label in structure.labels:
        if label.field == "operations":
            spans = items(text, label.start, end=label.end)
            yield from _named(text, spans or _lines_after(text, label.end), entity)
    for index, token in enumerate(text.tokens):
        if token.low in _LIST_WORDS and token.is_name and not structure.denied[index]:
            yield from _around(text, index, entity)


def _lines_after(text: Text, index: int) -> list[tuple[int, int]]:
    spans = []
    at = index + 1
    while text.at(at).kind.value == "bullet":
        end = at + 1
        while not text.ends_clause(end):
            end += 1
        spans.append((at + 1, min(end, at + 5)))
        while at < len(text.tokens) and text.low(at) != "\n":
            at += 1
        at += 1
    return spans


def _around(text: Text, index: int, entity: Sequence[str]) -> Iterator[NamedOperation]:
    """Read `with methods a, b` and `with get, set and delete operations`."""
    after = index + 1
    while text.low(after) in ("called", "named", "are", ":", "like", "such", "as", "is"):
        after += 1
    if text.at(after).is_name and (is_code_like(text.at(after).text) or (after > index + 1)):
        spans = items(text, after)
        yield from _named(text, [span for span in spans if span[1] - span[0] <= MAX_THING_WORDS], entity)
        return
    start = index
    while start > 0 and (text.low(start - 1) in (",", "and", "or", "/") or verb_at((text.low(start - 1), "")) is not None
                         or text.low(start - 1) == "set"):  # fmt: skip
        start -= 1
    if index - start > 1:
        yield from _named(text, items(text, start, end=index), entity)


def _named(text: Text, spans: Sequence[tuple[int, int]], entity: Sequence[str]) -> Iterator[NamedOperation]:
    for start, end in spans:
        stop = next((at for at in range(start, end) if text.low(at) in lexicon.STOP_WORDS), end)
        written = " ".join(text.at(at).text for at in range(start, stop) if text.at(at).is_name)
        words = words_of(written)
        if not words or words[0] in lexicon.LABELS:
            continue
        found = verb_at((*words, ""))
        verb = found[0].base if found else words[0]
        if len(words) == 1 and (found or words[0] in ("get", "set", "put", "list")):
            words = [*words, *(entity or ("value",))]
        name = operation_name("_".join(words), fallback="")
        if name:
            yield NamedOperation(name=name, verb=verb, entity=tuple(words[1:]) or tuple(entity), said=True)


def _crud(structure: Structure, entity: Sequence[str]) -> Iterator[NamedOperation]:
    text = structure.text
    for index, token in enumerate(text.tokens):
        if token.low == "crud" and not structure.denied[index]:
            subject = _crud_subject(text, index) or tuple(entity) or ("record",)
            for verb in _CRUD:
                yield NamedOperation(
                    name=operation_name("_".join((verb, *subject)), fallback=verb), verb=verb, entity=subject
                )
            return


def _crud_subject(text: Text, index: int) -> tuple[str, ...]:
    for at in range(index + 1, index + 6):
        if text.low(at) in ("for", "of", "on") and text.at(at + 1).is_name:
            subject = object_words(noun_phrase(text, at + 1).words)
            if subject and subject[-1] not in ("operation", "access", "database", "node"):
                return subject
    return ()


def _done(structure: Structure, archetype: str) -> Iterator[NamedOperation]:
    doing = structure.doings
    for position, action in enumerate(doing):
        if (
            action.verb.base in ("return", "take", "give", "get", "accept", "provide", "be", "have")
            and len(doing) > 1
        ):
            continue
        if archetype == "compute" and action.verb.archetype == "effect" and position:
            continue
        thing = thing_of(action, doing)
        base = action.verb.base
        name = operation_name("_".join((base, *thing)), fallback="")
        if name and (thing or len(doing) == 1):
            yield NamedOperation(name=name, verb=base, entity=thing)


def thing_of(action: Action, doing: Sequence[Action]) -> tuple[str, ...]:
    """Return what an action is done to, looking back for `it` and `them`; many where the verb means many."""
    thing = object_words(action.thing.words)
    if not thing:
        earlier = (object_words(a.thing.words) for a in doing if a.at < action.at)
        thing = next((words for words in earlier if words), ())
    if action.verb.base in _MANY and action.thing.words and thing:
        last = words_of(action.thing.words[-1])
        if last and singular(last[-1]) == thing[-1]:
            return (*thing[:-1], last[-1])
    return thing
