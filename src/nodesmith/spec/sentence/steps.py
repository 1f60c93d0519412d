"""A workflow's steps, wherever a text puts them: arrows, lists, `first ... then ... finally`, `x after y`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_code_like, words_of
from nodesmith.spec.sentence.lists import arrows, bulleted, items, numbered
from nodesmith.spec.sentence.mentions import Mention, Role
from nodesmith.spec.sentence.step_reading import Step, called, filled, read_step
from nodesmith.spec.sentence.undoing import is_undoing
from nodesmith.spec.sentence.words import Form, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.actions import Action
    from nodesmith.spec.sentence.lists import Span
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

MAX_STEPS = 20
MAX_SCAN = 200

_ORDERING = frozenset("first firstly then finally next afterwards lastly subsequently thereafter".split())
_LIST_WORDS = frozenset("steps stages phases".split())
_LEADING = frozenset(
    "run runs handle handles process processes manage manages orchestrate orchestrates coordinate coordinates".split()
)
_RUNS = frozenset(
    "run coordinate orchestrate chain sequence drive oversee execute combine call trigger start invoke".split()
)
_ABOUT = frozenset("orchestrate coordinate run manage handle choreograph supervise oversee".split())


def ordered_steps(structure: Structure) -> list[Step]:
    """Return steps that a text puts in an order by itself; nothing where there are not two."""
    text = structure.text
    for label in structure.labels:
        if label.field == "steps":
            spans = items(text, label.start, end=label.end)
            if len(spans) > 1:
                return _from_spans(structure, spans)
    chain = arrows(text) if structure.signature is None else []  # its arrow is no step
    for spans in (chain, numbered(text), _after_list_word(text), _commanded(text)):
        if len(spans) > 1:
            return _from_spans(structure, spans)
    if any(token.low in _ORDERING for token in text.tokens):
        steps = _told(structure, whole=False)
        return steps if len(steps) > 1 else []
    return _by_doing(structure)


def any_steps(structure: Structure, mentions: Sequence[Mention]) -> list[Step]:
    """Return the steps of a text that is known to speak of an orchestrator."""
    text = structure.text
    nodes = [Step(node=_bare(text, m)) for m in mentions if m.role is Role.OTHER and m.start < m.at]
    if len(nodes) > 1:
        return nodes
    dotted = [step for token in text.tokens if token.is_name and (step := called(token.text)) is not None]
    if len(dotted) > 1:
        return list(dict.fromkeys(dotted))[:MAX_STEPS]
    if (spans := bulleted(text)) and not any(label.field == "steps" for label in structure.labels):
        return _from_spans(structure, spans)
    if steps := _after_one_another(structure):
        return steps
    steps = ordered_steps(structure)
    if len(steps) > 1:
        return steps
    listed = _listed_things(structure)
    if len(listed) > 1:
        return listed
    return _told(structure, whole=True)


def _bare(text: Text, mention: Mention) -> str:
    return "_".join(words_of(" ".join(text.at(at).text for at in range(mention.start, mention.at))))


def _by_doing(structure: Structure) -> list[Step]:
    """Read `processes an order by validating it, charging the card and shipping it`."""
    text = structure.text
    gerunds = [a for a in structure.doings if a.form is Form.GERUND]
    after_by = [a for a in gerunds if text.low(a.at - 1) == "by"]
    if not after_by or len(gerunds) < 3:
        return []
    return [filled(action, structure.doings) for action in gerunds if action.at >= after_by[0].at]


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
        enough = len(told) > 1 and len(told) >= len(spans) - (len(spans) > 2)
        if enough and (led or not alone):
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


def _from_spans(structure: Structure, spans: Sequence[Span]) -> list[Step]:
    text = structure.text
    steps: list[Step] = []
    for start, end in spans:
        if not is_undoing(text, start):
            steps.append(read_step(text, start, end, earlier=steps))
    return [step for step in steps if step.verb or step.thing or step.node][:MAX_STEPS]


def _told(structure: Structure, *, whole: bool) -> list[Step]:
    """Return what is told to be done, in the order it is done in; the `whole` list has verbs nobody knows, too."""
    placed = dict(_placed(structure, whole=whole))
    return [placed[at] for at in sorted(placed)][:MAX_STEPS]


def _placed(structure: Structure, *, whole: bool) -> Iterator[tuple[float, Step]]:
    text = structure.text
    doing = [a for a in structure.doings if not _is_about_running(a) and not is_undoing(text, a.at)]
    for action in doing:
        step, place = filled(action, doing), float(action.at)
        if text.low(action.at - 1) == "after":
            place = min((a.at for a in doing if _same_clause(text, a.at, action.at)), default=place) - 0.5
        yield place, step
        if action.thing.words:
            listed = _listed_objects(structure, action, step)
            yield from ((at, other) for at, other in listed if whole or text.low(int(at) - 1) in _ORDERING)
    if whole:
        yield from _unlisted(structure, {action.at for action in doing}, doing)


def _same_clause(text: Text, start: int, end: int) -> bool:
    return start < end and not any(text.ends_clause(at) for at in range(start, end))


def _listed_objects(structure: Structure, action: Action, step: Step) -> Iterator[tuple[float, Step]]:
    """Read the `hotel and car` of `books a flight, hotel and car`, and the `then a hotel`."""
    text = structure.text
    spans = items(text, action.at + 1)
    if not spans or spans[0][1] > action.thing.end:
        return
    starts = {a.at for a in structure.doings}
    for start, end in spans[1:]:
        first = start + (text.low(start) in lexicon.ORDER_WORDS)
        if starts & set(range(start, end)) or is_undoing(text, start):
            return
        other = read_step(text, first, end)
        if other.verb or other.node or not other.thing or _is_verb_like(text, first):
            return
        yield start, replace(step, thing=other.thing)


def _unlisted(structure: Structure, known: set[int], doing: Sequence[Action]) -> Iterator[tuple[float, Step]]:
    """Read verbs that nobody listed between known ones: `transcode the video, make thumbnails, publish`."""
    text = structure.text
    if not doing:
        return
    for start, end in items(text, doing[0].at):
        first = start
        while text.low(first) in lexicon.ORDER_WORDS:
            first += 1
        if known & set(range(start, end)) or first >= end or is_undoing(text, start):
            continue
        if _is_verb_like(text, first):
            yield first, read_step(text, first, end, loose=True)


def _is_verb_like(text: Text, index: int) -> bool:
    """Whether a word heads an item as only a verb does: `make thumbnails`, `then publish`."""
    following = text.at(index + 1)
    if text.low(index) in lexicon.DETERMINERS | lexicon.STOP_WORDS | lexicon.ADJECTIVES:
        return False
    if verb_at(text.lows(index, 2)) is not None or text.low(index) in ("make", "makes", "making"):
        return True
    return following.low in lexicon.DETERMINERS | {"it", "them"} or text.low(index - 1) in _ORDERING


def _is_about_running(action: Action) -> bool:
    return (action.verb.archetype == "orchestrator" or (action.verb.base in _ABOUT and not action.at)) or (
        action.verb.base in ("call", "get") and not action.thing.words
    )


def _after_one_another(structure: Structure) -> list[Step]:
    """Read `triggers reminder_sender after fee_calculator`: the node behind `after` runs first."""
    text = structure.text
    for action in structure.doings:
        at = action.at + 1
        if action.verb.base not in _RUNS or not is_code_like(text.at(at).text):
            continue
        spans = items(text, at, end=min(at + MAX_SCAN, _line_end(text, at)))
        after = next((i for i in range(at + 1, at + 12) if text.low(i) == "after"), 0)
        if after and is_code_like(text.at(after + 1).text):
            later = [read_step(text, i, i + 1) for i in range(at, after) if is_code_like(text.at(i).text)]
            earlier = [
                read_step(text, i, i + 1) for i, _ in items(text, after + 1) if is_code_like(text.at(i).text)
            ]
            return [_as_node(step) for step in (*earlier, *later)]
        named = [span for span in spans if is_code_like(text.at(span[0]).text)]
        if len(named) > 1:
            return [_as_node(read_step(text, start, start + 1)) for start, _ in named]
    return []


def _as_node(step: Step) -> Step:
    return step if step.node else Step(node=re.sub(r"^_|_$", "", "_".join((step.verb, *step.thing))))


def _line_end(text: Text, index: int) -> int:
    return next(
        (at for at in range(index, len(text.tokens)) if text.low(at) in ("\n", ".")), len(text.tokens)
    )


def _listed_things(structure: Structure) -> list[Step]:
    text = structure.text
    for action in structure.actions:
        if action.verb.base in _RUNS and not action.denied:
            spans = items(text, action.at + 1)
            if len(spans) > 1:
                return _from_spans(structure, spans)
    return []
