"""A workflow's steps, wherever a text puts them: arrows, lists, `first ... then ... finally`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_code_like, words_of
from nodesmith.spec.sentence.lists import Span, arrows, bulleted, items, numbered
from nodesmith.spec.sentence.mentions import Mention, Role
from nodesmith.spec.sentence.operations import object_words
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.words import Form, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.actions import Action
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

MAX_STEPS = 20
_ORDERING = frozenset("first firstly then finally next afterwards lastly subsequently thereafter".split())
_LIST_WORDS = frozenset("steps stages phases".split())
_LEADING = frozenset(
    "run runs handle handles process processes manage manages orchestrate orchestrates coordinate coordinates".split()
)
_RUNS = frozenset("run coordinate orchestrate chain sequence drive oversee execute combine call".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: `verb` is the base form of what is done (empty where only a thing was named), and the node if said."""

    verb: str = ""
    thing: tuple[str, ...] = ()
    node: str = ""


def ordered_steps(structure: Structure) -> list[Step]:
    """Return steps that a text puts in an order by itself; nothing where there are not two."""
    text = structure.text
    for label in structure.labels:
        if label.field == "steps":
            spans = items(text, label.start, end=label.end)
            if len(spans) > 1:
                return _from_spans(text, spans)
    for spans in (arrows(text), numbered(text), _after_list_word(text), _commanded(text)):
        if len(spans) > 1:
            return _from_spans(text, spans)
    if any(token.low in _ORDERING for token in text.tokens):
        steps = _from_actions(structure)
        return steps if len(steps) > 1 else []
    return _by_doing(structure)


def _by_doing(structure: Structure) -> list[Step]:
    """Read `processes an order by validating it, charging the card and shipping it`."""
    text = structure.text
    gerunds = [a for a in structure.doings if a.form is Form.GERUND]
    after_by = [a for a in gerunds if text.low(a.at - 1) == "by"]
    if not after_by or len(gerunds) < 3:
        return []
    return [_filled(action, structure.doings) for action in gerunds if action.at >= after_by[0].at]


def any_steps(structure: Structure, mentions: Sequence[Mention]) -> list[Step]:
    """Return the steps of a text that is known to speak of an orchestrator."""
    text = structure.text
    called = [Step(node=_bare(text, m)) for m in mentions if m.role is Role.OTHER and m.start < m.at]
    if len(called) > 1:
        return called
    steps = ordered_steps(structure)
    if len(steps) > 1:
        return steps
    spans = bulleted(text)
    if len(spans) > 1:
        return _from_spans(text, spans)
    steps = _from_actions(structure)
    if len(steps) > 1:
        return steps
    listed = _listed_things(structure)
    return listed if len(listed) > 1 else steps


def _bare(text: Text, mention: Mention) -> str:
    return "_".join(words_of(" ".join(text.at(at).text for at in range(mention.start, mention.at))))


def _commanded(text: Text) -> list[Span]:
    """Read `Handle returns: receive the parcel, inspect the item, refund the customer`."""
    for index, token in enumerate(text.tokens):
        if token.low != ":" or text.low(index + 1) == "\n":
            continue
        spans = items(text, index + 1)
        told = [span for span in spans if _commands(text, span[0])]
        alone = [span for span in told if span[1] - span[0] == 1]
        led = any(
            verb_at((text.low(at), "")) and text.low(at) in _LEADING for at in range(max(0, index - 8), index)
        )
        if len(told) > 1 and len(told) == len(spans) and (led or not alone):
            return spans
    return []


def _commands(text: Text, index: int) -> bool:
    found = verb_at(text.lows(index, 2))
    return found is not None and found[1] is Form.BASE


def _after_list_word(text: Text) -> list[Span]:
    for index, token in enumerate(text.tokens):
        if token.low in _LIST_WORDS:
            start = index + 1
            while text.low(start) in (":", "are", "=", "—", "-", "of"):
                start += 1
            spans = items(text, start)
            if len(spans) > 1:
                return spans
    return []


def _from_spans(text: Text, spans: Sequence[Span]) -> list[Step]:
    steps = [_step(text, start, end) for start, end in spans]
    return [step for step in steps if step.verb or step.thing][:MAX_STEPS]


def _step(text: Text, start: int, end: int) -> Step:
    while start < end and text.low(start) in lexicon.ORDER_WORDS | lexicon.FILLERS | lexicon.QUANTIFIERS:
        start += 1
    token = text.at(start)
    if token.is_name and is_code_like(token.text):
        words = words_of(token.text)
        found = verb_at((*words, ""))
        return Step(verb=found[0].base, thing=tuple(words[1:])) if found else Step(thing=tuple(words))
    found = verb_at(text.lows(start, 2))
    if found is not None and start < end:
        phrase = noun_phrase(text, start + found[2])
        return Step(verb=found[0].base, thing=object_words(phrase.words))
    if text.low(start + 1) in lexicon.DETERMINERS and text.low(start).isalpha():
        thing = object_words(noun_phrase(text, start + 1).words)
        return Step(
            verb=words_of(text.at(start).text)[0] if words_of(text.at(start).text) else "", thing=thing
        )
    words = [text.at(at).text for at in range(start, end) if text.at(at).is_name]
    kept = [word for word in words if word.lower() not in lexicon.STOP_WORDS | lexicon.QUANTIFIERS]
    return Step(thing=tuple(words_of(" ".join(kept[:3]))))


def _from_actions(structure: Structure) -> list[Step]:
    doing = [a for a in structure.doings if not _is_about_running(a)]
    placed = [(action.at, _filled(action, doing)) for action in doing] + list(_elided(structure.text, doing))
    return [step for _, step in sorted(placed, key=lambda pair: pair[0])][:MAX_STEPS]


def _elided(text: Text, doing: Sequence[Action]) -> Iterator[tuple[int, Step]]:
    """Read the `then a hotel` of `books a flight, then a hotel`: the verb is the one before."""
    for index, token in enumerate(text.tokens):
        before = [action for action in doing if action.at < index]
        if token.low not in _ORDERING or not before or text.low(index + 1) not in ("a", "an", "the"):
            continue
        thing = object_words(noun_phrase(text, index + 1).words)
        if thing:
            yield index, Step(verb=before[-1].verb.base, thing=thing)


def _is_about_running(action: Action) -> bool:
    return action.verb.archetype == "orchestrator" or (
        action.verb.base in ("call", "get") and not action.thing.words
    )


def _filled(action: Action, doing: Sequence[Action]) -> Step:
    """Give `ships it` the object of what was done before."""
    thing = object_words(action.thing.words)
    if not thing:
        earlier = [object_words(a.thing.words) for a in doing if a.at < action.at]
        thing = next((words for words in earlier if words), ())
    return Step(verb=action.verb.base, thing=thing)


def _listed_things(structure: Structure) -> list[Step]:
    text = structure.text
    for action in structure.actions:
        if action.verb.base in _RUNS and not action.denied:
            spans = items(text, action.at + 1)
            if len(spans) > 1:
                return _from_spans(text, spans)
    return []
