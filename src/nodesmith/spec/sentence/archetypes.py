"""Which archetype a sentence asks for: what it says, what it implies, and what it denies, weighed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.evidence import Evidence
from nodesmith.spec.sentence.identifiers import words_of
from nodesmith.spec.sentence.mentions import Mention, Role
from nodesmith.spec.sentence.state_evidence import (
    figures_gathered,
    state_changed,
    state_kept,
    values_handed_over,
)
from nodesmith.spec.sentence.systems import find_systems
from nodesmith.spec.sentence.terse import told_tersely
from nodesmith.spec.sentence.words import Form, head_nouns, singular, verb_at
from nodesmith.spec.sentence.workflow_evidence import workflow_told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from nodesmith.spec.sentence.candidates import Candidate
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

SAID_WEIGHT = 4.0


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
        *state_kept(structure),
        *figures_gathered(structure),
        *state_changed(structure),
        *values_handed_over(structure),
        *_terse(structure),
        *workflow_told(structure),
        *_named(names, 0.4 if structure.doings else 0.8),
    ]


def _terse(structure: Structure) -> Iterator[Evidence]:
    if terse := told_tersely(structure):
        yield Evidence(archetype="compute", weight=3, why=f"it is a {terse[-1]}")


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
