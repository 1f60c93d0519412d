"""What tells that several things are done one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.evidence import Evidence
from nodesmith.spec.sentence.steps import ordered_steps
from nodesmith.spec.sentence.words import singular

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text


def workflow_told(structure: Structure) -> Iterator[Evidence]:
    """Find steps in an order, a saga of one's own, and that something is undone."""
    steps = ordered_steps(structure)
    if len(steps) > 1:
        yield Evidence(
            archetype="orchestrator", weight=3 + min(len(steps), 4) * 0.7, why=f"{len(steps)} steps in order"
        )
    text = structure.text
    if len(steps) < 2 and _does_many_things(structure):
        yield Evidence(archetype="orchestrator", weight=4, why="several things one after the other")
    for index, token in enumerate(text.tokens):
        if structure.denied[index] or not token.is_name:
            continue
        ordered = text.lows(index, 3) in (
            ("in", "this", "order"), ("in", "that", "order"), ("one", "after", "the"), ("step", "by", "step"),
            ("in", "the", "right"), ("one", "after", "another"), ("one", "by", "one"),
        )  # fmt: skip
        if ordered or text.lows(index, 2) in (("in", "sequence"), ("in", "order")):
            if text.low(index + 2) != "to":
                yield Evidence(archetype="orchestrator", weight=5, why="in order")
        elif token.low in ("saga", "workflow", "workflows"):
            weight = _own_workflow(text, index)
            if weight:
                yield Evidence(archetype="orchestrator", weight=weight, why=token.low)
                return
        elif token.low in ("undoes", "undo", "compensates", "compensate", "rollback", "compensation"):
            yield Evidence(archetype="orchestrator", weight=2, why="undoes what was done")


def _own_workflow(text: Text, index: int) -> float:
    """Return how much `saga` tells of the node itself: nothing in `a step of the saga`, `for the order saga`."""
    at = index - 1
    while text.at(at).is_name and text.low(at) not in lexicon.STOP_WORDS | lexicon.DETERMINERS:
        at -= 1
    article = text.low(at) if text.low(at) in lexicon.DETERMINERS else ""
    before = text.low(at - bool(article))
    definite = article in ("the", "our", "this", "that")
    if before in ("by", "of", "from", "to", "in", "before", "after") or (
        before in ("for", "with") and definite
    ):
        return 0
    return 1.5 if definite else 4


def _does_many_things(structure: Structure) -> bool:
    """Whether three or more different things are done to three different things."""
    doing = [
        a
        for a in structure.doings
        if a.thing.words and a.verb.base not in ("take", "return", "give", "get", "accept")
    ]
    verbs = {action.verb.base for action in doing}
    things = {singular(action.thing.words[-1].lower()) for action in doing}
    return len(verbs) > 2 and len(things) > 2
