"""One step as a text tells it: `charge the card`, `stock.reserve`, `OrderStore`, `interview`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_code_like, words_of
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.things import object_words, thing_of
from nodesmith.spec.sentence.words import Form, agent_of, head_nouns, verb_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.spec.sentence.actions import Action
    from nodesmith.spec.sentence.text import Text

_CALLED = re.compile(r"(?P<node>[A-Za-z][\w-]*)\.(?P<operation>[A-Za-z][\w-]*)")
_NO_OPERATIONS = frozenset(
    "io com org net de eu json yaml yml py js ts md csv xml html pdf txt sql log toml sh exe png jpg zip gz db".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step, by what is done or by the node and its operation where they were said.

    `verb` is the base form of what is done, empty where only a thing was named.
    """

    verb: str = ""
    thing: tuple[str, ...] = ()
    node: str = ""
    operation: str = ""


def called(written: str) -> Step | None:
    """Return the step that `stock.reserve` names, or None where it is something else, such as a file."""
    match = _CALLED.fullmatch(written)
    if match is None or match["operation"].lower() in _NO_OPERATIONS or match["node"].lower() == "www":
        return None
    node, operation = words_of(match["node"]), words_of(match["operation"])
    return Step(node="_".join(node), operation="_".join(operation)) if node and operation else None


def read_step(text: Text, start: int, end: int, *, earlier: Sequence[Step] = (), loose: bool = False) -> Step:
    """Return the step of an item of a list; `earlier` are those before it, for `it`; `loose` takes any verb."""
    while start < end and text.low(start) in lexicon.ORDER_WORDS | lexicon.FILLERS | lexicon.QUANTIFIERS:
        start += 1
    token = text.at(start)
    if (step := called(token.text)) is not None:
        return step
    if token.is_name and is_code_like(token.text):
        words = words_of(token.text)
        if words[-1].endswith(("er", "or")) and words[-1] in head_nouns():
            return Step(node="_".join(words))
        found = verb_at((*words, ""))
        return Step(verb=found[0].base, thing=tuple(words[1:])) if found else Step(thing=tuple(words))
    found = verb_at(text.lows(start, 2))
    if found is not None and start < end:
        thing = _thing(text, start + found[2], end)
        thing = thing or _before(text, start + found[2], earlier)
        if found[1] is not Form.THIRD or thing or start + found[2] >= end:
            return Step(verb=found[0].base, thing=thing)
    told = text.low(start + 1) in lexicon.DETERMINERS | {"it", "them"}
    unknown = told or (loose and end > start + 1) or text.low(start) == "make"
    if unknown and text.low(start).isalpha():
        thing = _thing(text, start + 1, end) or _before(text, start + 1, earlier)
        return Step(verb=_base(text.low(start)), thing=thing)
    words = [text.at(at).text for at in range(start, end) if text.at(at).is_name]
    kept = [word for word in words if word.lower() not in lexicon.STOP_WORDS | lexicon.QUANTIFIERS]
    return Step(thing=tuple(words_of(" ".join(kept[:3]))))


def _thing(text: Text, index: int, end: int) -> tuple[str, ...]:
    """Return what is acted on, within the item that ends at `end`."""
    phrase = noun_phrase(text, index)
    beyond = max(0, phrase.end - end)
    return object_words(phrase.words[: len(phrase.words) - beyond])


def _before(text: Text, index: int, earlier: Sequence[Step]) -> tuple[str, ...]:
    """Return what `it` and `them` stand for."""
    if text.low(index) not in ("it", "them"):
        return ()
    return next((step.thing for step in earlier if step.thing), ())


def _base(verb: str) -> str:
    """Return the base form of a verb nobody listed."""
    base = verb[:-1] if verb.endswith("s") and not verb.endswith("ss") else verb
    return (words_of(base) or [""])[0]


def filled(action: Action, doing: Sequence[Action]) -> Step:
    """Give `ships it` the object of what was done before."""
    return Step(verb=action.verb.base, thing=object_words(action.thing.words) or thing_of(action, doing))


def operation_of(step: Step) -> tuple[str, str]:
    """Return the node that does a step and its operation, as far as the words tell; both may be no names yet."""
    thing = "_".join(step.thing)
    if step.node:
        return step.node, step.operation or "run"
    if not step.verb:
        return thing, f"run_{thing}"
    node = "_".join(filter(None, (thing, agent_of(step.verb))))
    return node, "_".join(filter(None, (step.verb, thing)))
