"""The operations a sentence speaks of: listed, named, or meant by what the node does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_product, operation_name, tidy, words_of
from nodesmith.spec.sentence.listed_operations import crud_operations, listed_operations
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.things import NamedOperation, object_words, thing_of
from nodesmith.spec.sentence.words import plural, singular, verbs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.actions import Action
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

MAX_OPERATIONS = 12

_NO_OPERATIONS = frozenset(
    "return send_back take give get accept provide be have make use need receive".split()
)
_HANDS_OVER = frozenset(["return", "send_back", "take", "give", "accept", "receive"])
_READS_MANY = frozenset("read get fetch poll pull load retrieve scrape crawl download".split())
_CONVERTS = frozenset(
    "convert turn transform translate render map transcode reformat parse change rewrite encode".split()
)
_TAKES_OUT = frozenset(
    "remove delete strip drop extract insert count replace find detect trim redact mask".split()
)
_INTO = frozenset(["to", "into", "as"])


def find_operations(
    structure: Structure, *, entity: Sequence[str], archetype: str, name: str
) -> list[NamedOperation]:
    """Return the operations a sentence names or means, in its order; nothing where it says none."""
    found = (
        listed_operations(structure, entity=entity, name=name)
        or crud_operations(structure, entity=entity, name=name)
        or list(_done(structure, archetype, name))
    )
    unique = {operation.name: operation for operation in found}
    return list(unique.values())[:MAX_OPERATIONS]


def operation_of_name(name: str, archetype: str) -> NamedOperation:
    """Return the operation of a node whose sentence tells none: `file_archiver` archives files."""
    words = [*name.split("_")[:-1], singular(name.rsplit("_", maxsplit=1)[-1])]
    verb = next((v.base for v in verbs().values() if v.agent == words[-1] and "_" not in v.base), "")
    if verb and len(words) > 1:
        named = operation_name("_".join((verb, *words[:-1])), fallback=name)
        return NamedOperation(name=named, verb=verb, entity=tuple(words[:-1]))
    if words[0] in verbs() and len(words) > 1 and words[0] not in lexicon.NOUN_VERBS:
        return NamedOperation(name=name, verb=words[0], entity=tuple(words[1:]))
    if words[-1] in ("calculation", "computation") and len(words) > 1:
        words = words[:-1]
    verb = "calculate" if archetype == "compute" else "handle"
    return NamedOperation(name=tidy([verb, *words]).name, verb=verb, entity=tuple(words))


def _done(structure: Structure, archetype: str, name: str) -> Iterator[NamedOperation]:
    told = [action for action in structure.doings if not _asks_for_node(structure, action, name)]
    purposeful = [action for action in told if not action.is_means]
    doing = purposeful if any(action.thing.words for action in purposeful) else told
    for position, action in enumerate(doing):
        if action.verb.base in _HANDS_OVER or (action.verb.base in _NO_OPERATIONS and len(doing) > 1):
            continue
        if archetype == "compute" and action.verb.archetype == "effect" and position:
            continue
        operation = _operation(structure, action, doing)
        if operation.name and (operation.entity or len(doing) == 1):
            yield _of_many(operation, doing)


def _of_many(operation: NamedOperation, doing: Sequence[Action]) -> NamedOperation:
    """Name what reads several things in the plural, where nothing else is done to one of them."""
    alone = sum(thing_of(action, doing) == operation.entity for action in doing) == 1
    if not (operation.many and alone and operation.verb in _READS_MANY):
        return replace(operation, many=False)
    entity = (*operation.entity[:-1], plural(operation.entity[-1])) if operation.entity else ()
    return replace(
        operation, name=operation_name("_".join((operation.verb, *entity)), fallback=""), entity=entity
    )


def _asks_for_node(structure: Structure, action: Action, name: str) -> bool:
    """Whether it only asks for the node, or names it: `Set up the intake workflow`, `to be called x_poller`."""
    base, words = action.verb.base, words_of(" ".join(action.thing.words))
    if (
        base in ("create", "build", "make", "set_up", "write", "call", "generate", "add")
        and "_".join(words) == name
    ):
        return True
    behind = structure.text.low(action.at + 1)
    return base == "set_up" or (base in ("create", "build") and behind in ("me", "us"))


def _operation(structure: Structure, action: Action, doing: Sequence[Action]) -> NamedOperation:
    thing = thing_of(action, doing)
    text = structure.text
    last = action.thing.words[-1].lower() if action.thing.words else ""
    verb = action.verb.base
    yes_no = text.low(thing_start(text, action)) in ("whether", "if")
    verb = (
        "check" if yes_no and verb in ("tell", "say", "decide", "determine", "find_out", "return") else verb
    )
    named = operation_name("_".join((verb, *thing)), fallback="")
    operation = NamedOperation(
        name=named, verb=verb, entity=thing, whose=_source(structure, action), yes_no=yes_no,
        many=bool(last) and singular(last) != last, at=action.at,
    )  # fmt: skip
    return replace(operation, converts=_conversion(structure, action)) if thing else operation


def thing_start(text: Text, action: Action) -> int:
    """Return where the words right behind the verb begin."""
    return action.at + 1 + (text.low(action.at + 1) in ("out", "up", "me", "us"))


def _source(structure: Structure, action: Action) -> tuple[str, ...]:
    """Return whose the thing is, or what it is taken out of: `removes items from lists`."""
    text = structure.text
    if action.whose.words or action.verb.base not in _TAKES_OUT:
        return object_words(action.whose.words)
    if text.low(action.thing.end) not in ("from", "in", "into", "within"):
        return ()
    words = noun_phrase(text, action.thing.end + 1).words
    return tuple(words_of(words[-1])) if words and not is_product(words[-1]) else ()


def _conversion(structure: Structure, action: Action) -> tuple[str, str] | None:
    """Return what becomes what: `turns markdown into html`, `converts temperatures from celsius to fahrenheit`."""
    text = structure.text
    if action.verb.base not in _CONVERTS:
        return None
    at = action.thing.end
    source = object_words(action.thing.words)
    if text.low(at) == "from":
        phrase = noun_phrase(text, at + 1)
        source, at = object_words(phrase.words), phrase.end
    if text.low(at) not in _INTO:
        return None
    target = object_words(noun_phrase(text, at + 1).words)
    if not source or not target or source == target:
        return None
    return "_".join(source), "_".join(target)
