"""Which archetype a sentence asks for: what it says, what it implies, and what it denies, weighed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import words_of
from nodesmith.spec.sentence.mentions import Mention, Role
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.steps import ordered_steps
from nodesmith.spec.sentence.systems import find_systems
from nodesmith.spec.sentence.words import Form, head_nouns, singular, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from nodesmith.spec.sentence.candidates import Candidate
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

SAID_WEIGHT = 4.0

_OVER_TIME = frozenset("per each every event events by day daily hour month so far ever".split())
_CHANGES = frozenset(["apply", "add", "book", "subtract", "post"])
_ON_VALUES = frozenset(
    "remove delete drop insert add write read put move copy update replace count sum total pull get create append order "
    "list switch open close record place lock mirror handle process".split()
)
_GATHERS = frozenset(["collect", "gather", "keep", "maintain", "track", "show", "hold"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Something that speaks for an archetype (or, with a negative weight, against it), and what it was."""

    archetype: str
    weight: float
    why: str
    said: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The archetype chosen (empty where nothing speaks for one), whether it was said, and why."""

    archetype: str
    said: bool
    why: str


def choose_archetype(evidence: Sequence[Evidence]) -> Choice:
    """Return the archetype with the most evidence."""
    scores = dict.fromkeys(lexicon.ARCHETYPES, 0.0)
    for item in evidence:
        scores[item.archetype] += item.weight
    best = max(scores, key=lambda name: scores[name])
    if scores[best] <= 0:
        return Choice(archetype="", said=False, why="")
    behind = sorted((e for e in evidence if e.archetype == best and e.weight > 0), key=lambda e: -e.weight)
    said = any(e.said for e in behind)
    return Choice(archetype=best, said=said, why=", ".join(dict.fromkeys(e.why for e in behind[:3])))


def find_evidence(
    structure: Structure, mentions: Sequence[Mention], names: Sequence[Candidate]
) -> list[Evidence]:
    """Return all evidence of a text; `names` are the likely names, whose last word may tell something."""
    inside = {names[0].at + offset for offset in range(len(names[0].text.split()))} if names else set()
    return [
        *_said(structure, mentions),
        *_done(structure),
        *_outside(structure, inside),
        *_purity(structure),
        *_state(structure),
        *_summary(structure),
        *_changed_state(structure),
        *_in_memory(structure),
        *_workflow(structure),
        *_named(names, 0.4 if structure.doings else 0.8),
    ]


def _said(structure: Structure, mentions: Sequence[Mention]) -> Iterator[Evidence]:
    text = structure.text
    for label in structure.labels:
        if label.field in ("archetype", "node", "title"):
            for at in range(label.start, label.end):
                archetype = lexicon.ARCHETYPE_WORDS.get(text.low(at), "")
                if archetype:
                    yield Evidence(archetype=archetype, weight=12, why=f"said: {text.at(at).text}", said=True)
                    break
    first = True
    for mention in mentions:
        if mention.role is Role.SAID:
            word = text.at(mention.at).text
            weight = mention.weight if first else mention.weight / 2
            yield Evidence(
                archetype=mention.archetype,
                weight=weight + SAID_WEIGHT * first,
                why=f"said: {word}",
                said=True,
            )
            first = False
        elif mention.role is Role.DENIED:
            yield Evidence(archetype=mention.archetype, weight=-20, why="denied")


def _done(structure: Structure) -> Iterator[Evidence]:
    best: dict[str, float] = {}
    words: dict[str, str] = {}
    for position, action in enumerate(structure.doings):
        archetype = action.verb.archetype
        if not archetype:
            continue
        weight = action.verb.weight * (1.0 if position == 0 else 0.6)
        if _serves_a_reason(structure.text, action.at):
            weight *= 0.2
        if weight > best.get(archetype, 0):
            best[archetype] = weight + 0.3 * (archetype in best)
            words[archetype] = structure.text.at(action.at).text
    for archetype, weight in best.items():
        yield Evidence(archetype=archetype, weight=weight, why=repr(words[archetype]))


def _serves_a_reason(text: Text, index: int) -> bool:
    """Whether words stand in `so that I can read them`, which tells what somebody else does."""
    return any(
        text.lows(at, 2) in (("so", "that"), ("in", "order")) for at in range(max(0, index - 6), index)
    )


def _outside(structure: Structure, inside: AbstractSet[int]) -> Iterator[Evidence]:
    text = structure.text
    counted = [a for a in structure.doings[:1] if a.verb.archetype == "reducer"]
    inside = {*inside, *(at for a in counted for at in range(a.at, max(a.thing.end, a.whose.end)))}
    for system in find_systems(structure):
        if system.at in inside:
            continue  # "HTTP bridge" is a name, and who counts API calls talks to nobody
        yield Evidence(archetype="effect", weight=2, why=f"{system.word!r} is outside")
        break
    for index, token in enumerate(text.tokens):
        if (
            token.low in lexicon.OUTSIDE_WORDS
            and token.is_name
            and not structure.denied[index]
            and index not in inside
        ):
            yield Evidence(archetype="effect", weight=1, why=f"{token.text!r} is outside")
            return


def _purity(structure: Structure) -> Iterator[Evidence]:
    text, denied = structure.text, structure.denied
    seen: set[str] = set()
    for index, token in enumerate(text.tokens):
        low = token.low
        if low in lexicon.PURITY and not denied[index]:
            seen.add("pure")
        if not denied[index]:
            continue
        nothing_before = "nothing" in text.lows(max(0, index - 3), 3)
        if low in lexicon.DENIED_STATE and (low != "stored" or nothing_before):
            seen.add("stateless")
        elif (low in ("i", "i/o") and text.lows(index, 3) == ("i", "/", "o")) or (
            low in lexicon.DENIED_OUTSIDE and low not in ("stored", "saved", "written", "called")
        ):
            seen.add("no I/O")
    if "pure" in seen or "no I/O" in seen:
        why = "a pure function" if "pure" in seen else "nothing outside is touched"
        yield Evidence(archetype="compute", weight=3.5, why=why)
        yield Evidence(archetype="effect", weight=-4, why=why)
    if "stateless" in seen:
        yield Evidence(archetype="compute", weight=2, why="no state is kept")
        yield Evidence(archetype="reducer", weight=-4, why="no state is kept")


def _state(structure: Structure) -> Iterator[Evidence]:
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


def _summary(structure: Structure) -> Iterator[Evidence]:
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


def _changed_state(structure: Structure) -> Iterator[Evidence]:
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


def _in_memory(structure: Structure) -> Iterator[Evidence]:
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


def _workflow(structure: Structure) -> Iterator[Evidence]:
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


def _named(names: Sequence[Candidate], trust: float) -> Iterator[Evidence]:
    if names and names[0].why == "is declared" and names[0].text.islower():
        yield Evidence(archetype="compute", weight=1.5, why="a function")
    for position, name in enumerate(names[:2]):
        words = words_of(name.text)
        if not words:
            continue
        verb = verb_at((words[0], ""))
        if len(words) > 1 and verb is not None and verb[1] is Form.BASE and verb[0].archetype:
            weight = verb[0].weight * trust / (2 + 4 * position)
            yield Evidence(archetype=verb[0].archetype, weight=weight, why=repr(words[0]))
        known = head_nouns().get(words[-1]) or head_nouns().get(singular(words[-1]))
        if known is not None and known[0] in lexicon.ARCHETYPES and known[1]:
            weight = known[1] * (trust if position == 0 else trust / 4)
            yield Evidence(archetype=known[0], weight=weight, why=f"it is a {words[-1]}")
