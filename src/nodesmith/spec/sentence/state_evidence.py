"""What tells a memory from a calculation: what is kept, counted and changed as events come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.evidence import Evidence
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.systems import find_systems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

_OVER_TIME = frozenset("per each every event events by day daily hour month so far ever".split())

_CHANGES = frozenset(["apply", "add", "book", "subtract", "post"])

_ON_VALUES = frozenset(
    "remove delete drop insert add write read put move copy update replace count sum total pull get create append order "
    "list switch open close record place report lock mirror handle process".split()
)

_GATHERS = frozenset(["collect", "gather", "keep", "maintain", "track", "show", "hold"])


def state_kept(structure: Structure) -> Iterator[Evidence]:
    """Find a state that goes on: `the balance of each account`, `a rolling average`, `from order events`."""
    text = structure.text
    doing = structure.doings
    reducing = any(a.verb.archetype == "reducer" for a in doing)
    calculating = bool(doing) and doing[0].verb.archetype == "compute"
    for index, token in enumerate(text.tokens):
        if structure.denied[index] or not token.is_name:
            continue
        low = token.low
        if low == "per" and reducing:
            yield Evidence(archetype="reducer", weight=1.5, why=f"per {text.at(index + 1).text}")
        elif low in ("events", "event") and _is_source(text, index):
            yield Evidence(archetype="reducer", weight=2, why="from events")
        elif low in lexicon.GOING_ON and text.low(index + 1) in lexicon.STATE_NOUNS:
            yield Evidence(archetype="reducer", weight=2, why=f"a {low} {text.low(index + 1)}")
        elif low in lexicon.STATE_NOUNS and not calculating and _of_each(text, index):
            yield Evidence(archetype="reducer", weight=2.5, why=f"the {low} of each")
        elif low in ("running", "latest", "last") and text.low(index + 1) in lexicon.STATE_NOUNS | {"known"}:
            yield Evidence(archetype="reducer", weight=2, why=f"{low} {text.low(index + 1)}")
        elif (
            text.lows(index, 4) == ("so", "far", "", "")
            or (text.lows(index, 2) == ("up", "to") and (text.low(index + 2) == "date"))
            or text.lows(index, 2) == ("how", "many")
        ):
            yield Evidence(archetype="reducer", weight=1.5, why="something that goes on")
        elif low in {"up-to-date", "accumulated"}:
            yield Evidence(archetype="reducer", weight=2, why=low)


def figures_gathered(structure: Structure) -> Iterator[Evidence]:
    """Tell counting within one text from counting as events come; and collecting figures from fetching them."""
    text = structure.text
    lows = {token.low for token in text.tokens}
    for action in structure.doings[:1]:
        once = text.lows(action.thing.end, 2) in (
            ("in", "a"),
            ("of", "a"),
            ("in", "the"),
            ("of", "the"),
            ("in", "given"),
        )
        listed = action.counted in ("list", "array", "sequence", "series") or bool(
            lows & {"list", "array", "string"}
        )
        if action.verb.archetype == "reducer" and (once or listed) and not lows & _OVER_TIME:
            yield Evidence(archetype="compute", weight=3.5, why="one input is looked at")
        figures = [*action.thing.words[-1:], action.counted]
        if action.verb.base in _GATHERS and any(
            word.lower() in lexicon.STATE_NOUNS for word in figures if word
        ):
            yield Evidence(archetype="reducer", weight=2.5, why=f"{figures[0]!r} are kept")


def state_changed(structure: Structure) -> Iterator[Evidence]:
    """Read `applies deposits to the balance of each account`, `deduplicates events`: both need a memory."""
    text = structure.text
    for action in structure.doings:
        at = next((i for i in range(action.thing.end, action.thing.end + 6) if text.low(i) == "to"), -1)
        state = noun_phrase(text, at + 1).words if at > 0 else ()
        if action.verb.base in _CHANGES and state and state[-1].lower() in lexicon.STATE_NOUNS:
            yield Evidence(archetype="reducer", weight=3.5, why=f"a {state[-1]} that is changed")
        things = [word.lower() for word in action.thing.words[-1:]]
        if action.verb.agent == "deduplicator" and things and things[0] in ("events", "messages"):
            yield Evidence(archetype="reducer", weight=5, why=f"{things[0]} that were there before")


def values_handed_over(structure: Structure) -> Iterator[Evidence]:
    """Tell `removes attributes from XML` from work on what is stored: texts, numbers and lists are handed over."""
    text = structure.text
    if find_systems(structure) or any(token.low in lexicon.OUTSIDE_WORDS for token in text.tokens):
        return
    for action in structure.doings[:1]:
        if action.verb.archetype == "compute" or action.verb.base not in _ON_VALUES:
            continue
        things = [*action.thing.words[-1:], *action.whose.words[-1:]]
        if text.low(action.thing.end) in lexicon.PREPOSITIONS:
            things += noun_phrase(text, action.thing.end + 1).words[-1:]
        told = next((thing for thing in things if thing.lower() in lexicon.VALUES), "")
        if told and not (action.verb.archetype == "reducer" and {t.low for t in text.tokens} & _OVER_TIME):
            yield Evidence(archetype="compute", weight=4, why=f"{told!r} are handed over")
            yield Evidence(archetype="effect", weight=-1, why="nothing outside is touched")


def _of_each(text: Text, index: int) -> bool:
    """Whether a state is told for each of many: `the average rating of every movie`."""
    for at in range(index + 1, index + 7):
        if text.ends_clause(at):
            return False
        if text.low(at) == "per" or (text.low(at) in ("of", "for") and text.low(at + 1) in ("each", "every")):
            return True
    return False


def _is_source(text: Text, index: int) -> bool:
    """Whether events are what the node lives on: `from deposit events`, `each OrderPlaced event`."""
    for at in range(index - 1, max(-1, index - 7), -1):
        if text.low(at) in (
            "from",
            "each",
            "every",
            "consuming",
            "of",
            "over",
            "on",
            "folds",
            "folding",
            "fold",
            "consumes",
        ):
            return True
        if text.ends_clause(at):
            return False
    return False
