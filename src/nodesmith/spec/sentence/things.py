"""What is acted on, as names have it, and an operation on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_product, words_of
from nodesmith.spec.sentence.words import singular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.spec.sentence.actions import Action

MAX_THING_WORDS = 3

MANY = frozenset(["list", "search", "find", "query", "export", "import", "sync", "count"])
_NO_THINGS = frozenset(
    "it them him her something anything everything things thing result results output input able up out time node "
    "nodes outside there back you system effect compute reducer orchestrator".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedOperation:
    """An operation: its verb (base form, may be empty), what it is done to, whose that is, what becomes what, and whether it asks for yes or no.

    `many` tells that it was spoken of several things, `at` where it stands (-1 where it was only listed).
    """

    name: str
    verb: str = ""
    entity: tuple[str, ...] = ()
    whose: tuple[str, ...] = ()
    converts: tuple[str, str] | None = None
    yes_no: bool = False
    many: bool = False
    at: int = -1


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


def thing_of(action: Action, doing: Sequence[Action]) -> tuple[str, ...]:
    """Return what an action is done to, looking back for `it` and `them`; many where the verb means many."""
    thing = object_words(action.thing.words)
    if not thing:
        earlier = (object_words(a.thing.words) for a in doing if a.at < action.at)
        thing = next((words for words in earlier if words), ())
    if action.verb.base in MANY and action.thing.words and thing:
        last = words_of(action.thing.words[-1])
        if last and singular(last[-1]) == thing[-1]:
            return (*thing[:-1], last[-1])
    return thing
