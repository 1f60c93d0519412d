"""The events a reducer lives on and the intents it sends, as a sentence names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_strong_identifier, operation_name, words_of
from nodesmith.spec.sentence.lists import items
from nodesmith.spec.sentence.things import object_words
from nodesmith.spec.sentence.words import Form, singular, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

MAX_EVENTS = 12
MAX_INTENTS = 6
MAX_WORDS = 3

_CONDITIONS = frozenset("when if once after whenever as at above below over exceeds until on".split())
COUNTS_UP_AND_DOWN = frozenset(
    "add subtract increase decrease deduct increment decrement credit debit".split()
)
_TAKEN = frozenset(["get_state"])
_PAST_TAILS = frozenset(
    "sent paid sold bought begun gone in out up off down over done made won lost set put read left".split()
)
_NO_EVENTS = frozenset(
    "folds consumes from fold listens reacts subscribes follows handles receives incoming all domain".split()
)


def said_events(structure: Structure, *, name: str) -> list[str]:
    """Return the events that a sentence names: labelled, by identifiers, before `events`, or as what comes in."""
    text = structure.text
    for label in structure.labels:
        if label.field == "events":
            return list(dict.fromkeys(_named(text, items(text, label.start, end=label.end))))[:MAX_EVENTS]
    found = _identifiers(structure, name)
    for index, token in enumerate(text.tokens):
        if token.low in ("events", "event") and token.is_name and not structure.denied[index] and not found:
            found = _before(text, index)
    return list(dict.fromkeys(found or _listed(structure) or _added(structure)))[:MAX_EVENTS]


def said_intents(structure: Structure, subject: tuple[str, ...]) -> list[str]:
    """Return what is to be done when a state is reached: `counts failures and locks the user after 5`."""
    text, found = structure.text, []
    for action in structure.doings[1:]:
        if action.verb.archetype != "effect" or action.verb.base in ("get", "read", "record", "store"):
            continue
        behind = range(action.at + 1, max(action.thing.end, action.at + 1) + 1)
        before = (text.low(at) for at in range(max(0, action.at - 9), action.at))
        if any(text.low(at) in _CONDITIONS for at in behind) or _CONDITIONS & {"when", "if", "once"} & set(
            before
        ):
            thing = object_words(action.thing.words) or subject
            found.append(operation_name("_".join((action.verb.base, *thing)), fallback=""))
    return list(dict.fromkeys(filter(None, found)))[:MAX_INTENTS]


def _identifiers(structure: Structure, name: str) -> list[str]:
    """Read `cart_created` and `OrderPlaced` wherever they stand: such a name is that of an event."""
    found = []
    for index, token in enumerate(structure.text.tokens):
        words = words_of(token.text) if token.is_name and is_strong_identifier(token.text) else []
        if len(words) > 1 and not structure.denied[index] and "_".join(words) != name and _happened(words):
            found.append(operation_name("_".join(words), fallback=""))
    return [event for event in found if event and event not in _TAKEN]


def _happened(words: Sequence[str]) -> bool:
    found = [verb_at((word, "")) for word in words[1:]]
    past = any(verb is not None and verb[1] is Form.PAST for verb in found)
    return past or any(word.endswith("ed") for word in words[1:]) or words[-1] in _PAST_TAILS


def _named(text: Text, spans: Sequence[tuple[int, int]]) -> Iterator[str]:
    for start, end in spans:
        words = [text.at(at).text for at in range(start, end) if text.at(at).is_name]
        kept = [w for w in words if w.lower() not in lexicon.STOP_WORDS | lexicon.DETERMINERS]
        name = operation_name(" ".join(kept), fallback="")
        if name and name not in _TAKEN | lexicon.ARCHETYPE_WORDS.keys():
            yield name


def _before(text: Text, index: int) -> list[str]:
    """Read `UserSignedUp and UserActivated events`, `deposit and withdrawal events`, `shopping cart events`."""
    names: list[str] = []
    at = index - 1
    while len(names) < MAX_EVENTS:
        words: list[str] = []
        while len(words) < MAX_WORDS and _is_part(text, at):
            words.insert(0, text.at(at).text)
            at -= 1
            if is_strong_identifier(words[0]):
                break
        name = operation_name("_".join(words_of(" ".join(words))), fallback="")
        if not name or name in lexicon.FILLERS | _TAKEN:
            break
        names.insert(
            0,
            name if is_strong_identifier(words[-1]) or _happened(["", *name.split("_")]) else _recorded(name),
        )
        if text.low(at) not in ("and", ",", "or"):
            break
        at -= 1
    return names


def _is_part(text: Text, index: int) -> bool:
    token = text.at(index)
    barred = (
        lexicon.STOP_WORDS | lexicon.QUANTIFIERS | lexicon.CREATE_VERBS | _NO_EVENTS | lexicon.DETERMINERS
    )
    if not token.is_name or token.low in barred or token.low in lexicon.ARCHETYPE_WORDS:
        return False
    found = verb_at(text.lows(index, 2))
    doing = found is not None and found[1] in (Form.THIRD, Form.GERUND)
    return not doing and (not token.low.endswith("ing") or found is None)


def _recorded(name: str) -> str:
    words = name.split("_")
    return "_".join((*words[:-1], singular(words[-1]), "recorded"))


def _listed(structure: Structure) -> list[str]:
    """Read `deposits and withdrawals`, of which each is an event."""
    text = structure.text
    for index, token in enumerate(text.tokens):
        after = text.at(index + 2)
        if token.low not in ("and", "or") or (not after.is_name and not text.at(index + 1).is_name):
            continue
        first, second = text.low(index - 1), text.low(index + 1)
        several = singular(first) != first and singular(second) != second
        if (
            several
            and not _does(text, index + 1)
            and not {first, second} & (lexicon.STATE_NOUNS | {"sums", "totals"})
        ):
            return [_recorded(operation_name(word, fallback="value")) for word in (first, second)]
    return []


def _added(structure: Structure) -> list[str]:
    """Read `adds goods receipts and subtracts shipments`: two things that come in."""
    things = [object_words(a.thing.words) for a in structure.doings if a.verb.base in COUNTS_UP_AND_DOWN]
    named = [operation_name("_".join((*thing, "recorded")), fallback="") for thing in things if thing]
    return list(filter(None, named)) if len(named) > 1 else []


def _does(text: Text, index: int) -> bool:
    found = verb_at(text.lows(index, 2))
    return (
        found is not None
        and text.at(index + 1).is_name
        and text.low(index + 1) not in lexicon.PREPOSITIONS | {"per", "of"}
        and (text.low(index) not in lexicon.NOUN_VERBS and text.low(index + 1) not in ("change", "move"))
    )
