"""What stands where: denied stretches, labels, and what is done."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.actions import MAX_ACTIONS, Action, find_actions, is_introduction
from nodesmith.spec.sentence.labels import Label, find_labels
from nodesmith.spec.sentence.signatures import Signature, find_signature
from nodesmith.spec.sentence.words import Form, singular, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.spec.sentence.text import Text

# What stands behind these labels is no sentence.
_NO_DOINGS = frozenset(
    ["input", "output", "name", "domain", "key", "events", "archetype", "state", "system", "bus"]
)
# What stands behind these is no third person: not "does not reads".
_NOT = frozenset("not cannot don't doesn't won't can't shouldn't mustn't needn't dont doesnt".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A text with what was found in it; `denied[i]` says that token i stands under a denial."""

    text: Text
    denied: tuple[bool, ...]
    labels: tuple[Label, ...]
    actions: tuple[Action, ...]
    doings: tuple[Action, ...]
    signature: Signature | None


def analyse(text: Text) -> Structure:
    """Find denials, labels and actions in a text."""
    denied = tuple(_denials(text))
    labels = tuple(find_labels(text))
    actions = tuple(islice(find_actions(text, denied), MAX_ACTIONS))
    filled_in = {at for label in labels if label.field in _NO_DOINGS for at in range(label.at, label.end)}
    signature = find_signature(text)
    if signature is not None:
        filled_in |= set(range(signature.start, signature.end))
    doings = tuple(
        a for a in actions if not a.denied and a.at not in filled_in and not is_introduction(text, a)
    )
    return Structure(
        text=text, denied=denied, labels=labels, actions=actions, doings=doings, signature=signature
    )


def _denials(text: Text) -> Iterator[bool]:
    active, began = False, 0
    for index in range(len(text.tokens)):
        low = text.low(index)
        ends = (
            low in lexicon.DENIAL_ENDS
            and text.low(index - 1) not in ("not", "or")
            and not (low in ("it", "this") and text.low(index - 2) in lexicon.DENIALS)  # "don't make it"
            and text.low(index + 1) != "/"
        )
        slashed = low == "/" and text.low(index + 1) == "o"
        if (text.ends_clause(index) and not slashed) or ends or _turns(text, began, index):
            active = False
        if _begins_denial(text, index):
            active, began = True, index
        yield active


def _turns(text: Text, began: int, index: int) -> bool:
    """Whether `must not use the bus and calculates fares` goes on with what is done: its verb tells by its form."""
    if text.low(index) != "and" or text.low(began) not in _NOT or not text.at(index + 2).is_name:
        return False
    found = verb_at(text.lows(index + 1, 2))
    noun = singular(text.low(index + 1)) in lexicon.NOUN_VERBS
    return found is not None and found[1] is Form.THIRD and not noun


def _begins_denial(text: Text, index: int) -> bool:
    low, following = text.low(index), text.low(index + 1)
    if (low, following) in (("rather", "than"), ("instead", "of"), ("other", "than"), ("free", "of")):
        return True
    if low == "no" and following in ("later", "longer", "more", "less", "problem", "matter"):
        return False
    if low == "not" and (following == "only" or text.low(index - 1) == "or"):
        return False
    if low == "nothing" and text.low(index - 1) == "that":
        return False
    return low in lexicon.DENIALS
