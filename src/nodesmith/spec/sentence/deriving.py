"""A name for a node nobody named: from what it does, as people name such things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.actions import clause_start
from nodesmith.spec.sentence.asked_names import purpose_words
from nodesmith.spec.sentence.beside_names import EMPTY_ALONE
from nodesmith.spec.sentence.candidates import Candidate
from nodesmith.spec.sentence.identifiers import words_of
from nodesmith.spec.sentence.mentions import Mention, Role
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.steps import any_steps
from nodesmith.spec.sentence.terse import told_tersely
from nodesmith.spec.sentence.things import object_words, thing_of
from nodesmith.spec.sentence.words import Form, head_nouns, singular, verb_forms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.actions import Action
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

_LEADS = frozenset(
    [
        "run",
        "handle",
        "drive",
        "automate",
        "orchestrate",
        "coordinate",
        "manage",
        "process",
        "supervise",
        "oversee",
        "conduct",
    ]
)
_PASSING = frozenset("running current latest last known total actual present".split())
_USUAL_HEADS = {
    "effect": "handler",
    "compute": "calculator",
    "reducer": "tracker",
    "orchestrator": "workflow",
}
_NOTHING_TOLD = frozenset(
    "testing test tests fun project team company work demo example practice production use later free work".split()
)
_EXPLAINS = frozenset([":", "—", "--", "-"])
# A word that ends so tells by itself that something goes on: `order fulfilment`, `employee onboarding`.
_NOMINAL = ("ing", "ment", "tion", "al", "process", "pipeline", "cycle", "saga", "flow")
_KEEPS = frozenset(["keep", "remember", "maintain", "hold", "memorize"])
_COUNTED = {"total": "total", "sum": "total", "number": "counter", "count": "counter"}
_LISTENS = frozenset("listen listens listening wait waits waiting watch watches watching".split())
_EVERYTHING = frozenset(
    ["create", "read", "update", "delete", "insert", "list", "get", "save", "find", "store"]
)


def derived_names(structure: Structure, mentions: Sequence[Mention], archetype: str) -> list[Candidate]:
    """Return names made from what the node does, the best first."""
    terse = told_tersely(structure)
    found = [Candidate(text=" ".join(terse), score=50, at=0, why="made from what it does")] if terse else []
    found += [*_counted_name(structure, archetype), *_state_name(structure, archetype), *_workflow_name(structure, mentions, archetype), *_doer_name(structure, archetype),
             *_purpose_name(structure, mentions)]  # fmt: skip
    return sorted(found, key=lambda candidate: -candidate.score)


def _doer_name(structure: Structure, archetype: str) -> Iterator[Candidate]:
    doing = structure.doings
    kept_for = _key_words(structure)
    fitting = [action for action in doing if action.verb.archetype == archetype] or doing
    for position, action in enumerate(sorted([*fitting, *doing], key=lambda action: action.is_means)):
        words = _named_after(structure.text, action, doing, archetype, kept_for)
        if words:
            why = "made from what it does"
            yield Candidate(text=" ".join(words), score=52 - position, at=action.at, why=why)


def _counted_name(structure: Structure, archetype: str) -> Iterator[Candidate]:
    """Read `how often each product was viewed`: product_view_counter."""
    text = structure.text
    for index, token in enumerate(text.tokens):
        if token.low != "how" or archetype != "reducer":
            continue
        if text.low(index + 1) != "often" and text.lows(index + 1, 2) != ("many", "times"):
            continue
        phrase = noun_phrase(text, index + 2 + (text.low(index + 1) == "many"))
        at = phrase.end
        while text.low(at) in lexicon.AUXILIARIES:
            at += 1
        found = verb_forms().get(text.low(at))
        happens = found is None or found[0] in lexicon.HAPPENING
        words = [*object_words(phrase.words), *([] if happens or found is None else [found[0]])]
        if words:
            yield Candidate(
                text=" ".join([*words, "counter"]), score=56, at=index, why="made from what it counts"
            )


def _state_name(structure: Structure, archetype: str) -> Iterator[Candidate]:
    """Read `the average rating of every movie`: movie_average_rating."""
    text = structure.text
    for index, token in enumerate(text.tokens):
        if archetype != "reducer" or token.low not in lexicon.STATE_NOUNS or not token.is_name:
            continue
        phrase = noun_phrase(text, index)
        if text.low(phrase.end) in ("of", "for", "per") and phrase.words:
            entity = object_words(noun_phrase(text, phrase.end + 1).words)
            if entity:
                yield Candidate(
                    text=" ".join([*entity, *phrase.words]),
                    score=50.5,
                    at=index,
                    why="made from what it keeps",
                )
            return


def _key_words(structure: Structure) -> tuple[str, ...]:
    text = structure.text
    for index, token in enumerate(text.tokens):
        if token.low in ("per", "each", "every") and text.at(index + 1).is_name:
            return object_words(noun_phrase(text, index + 1).words)
    return ()


def _named_after(
    text: Text, action: Action, doing: Sequence[Action], archetype: str, kept_for: Sequence[str]
) -> list[str]:
    thing = list(
        object_words(action.thing.words)
        or thing_of(action, doing)
        or words_of(" ".join(action.thing.words))
        or _heard(text, action)
    )
    if not thing:
        return []
    whose = list(object_words(action.whose.words))
    if archetype == "reducer" and (kept := _kept_name(action, thing, whose, kept_for)):
        return kept
    if archetype == "effect" and _is_manager(doing, thing):
        return [*thing, "store"]
    if len(thing) == 1 and whose and thing[0] in lexicon.STATE_NOUNS | {"existence", "price", "cost", "name"}:
        thing = [*whose, *thing]
    return thing if thing[-1] == action.verb.agent else [*thing, *action.verb.agent.split("_")]


def _heard(text: Text, action: Action) -> tuple[str, ...]:
    """Return what `them` is in `listens on the bus for quote requests and prices them`."""
    if text.low(action.at + 1) not in ("it", "them"):
        return ()
    for index in range(clause_start(text, action.at), action.at):
        if text.low(index) in _LISTENS:
            heard = (at for at in range(index + 1, action.at) if text.low(at) in ("for", "to"))
            at = next(heard, action.at)
            return object_words(noun_phrase(text, at + 1).words) if at < action.at else ()
    return ()


def _kept_name(
    action: Action, thing: Sequence[str], whose: Sequence[str], kept_for: Sequence[str]
) -> list[str]:
    """Return a name from what a reducer keeps, and for whom: `the balance of every account`."""
    keeps = action.verb.base in _KEEPS
    if keeps and action.counted in _COUNTED:
        return [*thing, _COUNTED[action.counted]]
    bare = [word for word in thing if word not in _PASSING] or list(thing[-1:])
    if thing[-1] in lexicon.STATE_NOUNS:
        return [*whose, *bare] if whose else [*bare, action.verb.agent]
    if keeps and (whose or kept_for):
        owner = whose or kept_for
        return list(thing) if owner[-1] in thing else [*owner, *bare]
    return []


def _is_manager(doing: Sequence[Action], thing: Sequence[str]) -> bool:
    """Whether several of create, read, update and delete are done to the same thing."""
    kinds = {
        a.verb.base for a in doing if a.verb.base in _EVERYTHING and list(thing_of(a, doing)) == list(thing)
    }
    return len(kinds) > 1


def _workflow_name(structure: Structure, mentions: Sequence[Mention], archetype: str) -> Iterator[Candidate]:
    if archetype != "orchestrator":
        return
    text = structure.text
    for action in structure.actions:
        several = text.low(action.thing.end) in (",", "and") and action.thing.words
        if action.verb.base in _LEADS and not action.denied and not several:
            words = object_words(action.thing.words)
            while (
                len(words) > 1
                and words[-1] in ("process", "flow", "workflow")
                and not words[-2].endswith("ing")
            ):
                words = words[:-1]
            if words:
                nominal = words[-1].endswith(_NOMINAL)
                name = words if nominal else (*words, "workflow")
                yield Candidate(text=" ".join(name), score=57, at=action.at, why="made from what it leads")
    for index, token in enumerate(text.tokens):
        if token.low == "for" and text.low(index + 1) in lexicon.QUANTIFIERS:
            entity = object_words(noun_phrase(text, index + 1).words)
            if entity and any(a.verb.archetype == "orchestrator" for a in structure.actions):
                yield Candidate(
                    text=" ".join((*entity, "workflow")), score=56, at=index, why="made from what it is for"
                )
    led = next((a for a in structure.doings if a.thing.words and text.low(a.thing.end) == ":"), None)
    if led is not None and object_words(led.thing.words):
        going_on = led.form is Form.GERUND and text.low(led.at - 1) == "for"
        words = (*object_words(led.thing.words), text.low(led.at) if going_on else "workflow")
        yield Candidate(text=" ".join(words), score=55, at=led.at, why="made from what it leads")
    things = [step.thing for step in any_steps(structure, mentions) if step.thing and step.verb]
    if things:
        common = max(things, key=things.count)
        yield Candidate(text=" ".join((*common, "workflow")), score=54, at=0, why="made from its steps")


def _purpose_name(structure: Structure, mentions: Sequence[Mention]) -> Iterator[Candidate]:
    """Read `a reducer node for user session state aggregation`."""
    text = structure.text
    for mention in mentions:
        if mention.role is Role.SAID and text.low(mention.end) in ("over", "of", "on"):
            told = object_words(noun_phrase(text, mention.end + 1).words)
            if told:
                yield Candidate(
                    text=" ".join(told), score=44, at=mention.end, why="made from what it is about"
                )
        if mention.role is Role.SAID and text.low(mention.end) == "for":
            words = _purpose(text, mention)
            if words:
                score = 50 if words[-1] in head_nouns() else 44
                if _is_explained(text, mention, words):
                    score = 58
                yield Candidate(
                    text=" ".join(words), score=score, at=mention.end, why="made from its purpose"
                )


def _is_explained(text: Text, mention: Mention, words: Sequence[str]) -> bool:
    """Whether what is done only explains a thing told before: `for order fulfilment: first validates ...`."""
    if verb_forms().get(words[0], ("", Form.BASE))[1] is Form.GERUND:
        return False  # "for sending mails"
    if all(word in EMPTY_ALONE or word == "access" or word in lexicon.SYSTEMS for word in words):
        return False  # "for database access: reads and writes customers"
    phrase = noun_phrase(text, mention.end + 1)
    behind = text.low(phrase.end)
    nominal = words[-1].endswith(_NOMINAL) and mention.archetype == "orchestrator"
    return behind in _EXPLAINS or (nominal and (text.ends_clause(phrase.end) or behind in ("that", "which")))


def _purpose(text: Text, mention: Mention) -> list[str]:
    """Return what a node is said to be for; a single word gets what such a node does behind it."""
    said = purpose_words(text, mention.end + 1)
    words = [word for word in said if word.lower() not in lexicon.SYSTEMS]
    if len(said) == 1 and not words and text.low(mention.end + 2) in _EXPLAINS:
        return words_of(said[0])  # "effect for Stripe: charge, refund"
    words = words if len(words) > 1 or len(said) == 1 else said
    if len(words) != 1:
        return words_of(" ".join(words))
    word = words[0].lower()
    if word in lexicon.NODE_NOUNS | lexicon.NO_TITLES | _NOTHING_TOLD or not object_words(words):
        return []
    if word in head_nouns() or singular(word) == word:
        return [*words_of(word), *([] if word in head_nouns() else [_USUAL_HEADS[mention.archetype]])]
    return [*object_words(words), _USUAL_HEADS[mention.archetype]]


def last_resort(structure: Structure, archetype: str) -> list[Candidate]:
    """Return a name from the verb alone, or from the first thing that is spoken of."""
    for action in structure.doings:
        if action.verb.archetype == archetype and action.verb.agent:
            return [Candidate(text=action.verb.agent, score=20, at=action.at, why="made from what it does")]
    return []
