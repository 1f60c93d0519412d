"""Whether a sentence puts the node on the event bus: `on the bus`, `event_bus: true`, `consumes from Kafka`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import words_of

if TYPE_CHECKING:
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

_NAMES = frozenset("event_bus event-bus eventbus message-bus".split())
_KINDS = frozenset("event events message messages kafka".split())
_ONTO = frozenset(
    "on from to onto over via through with at into use uses using join joins joining enable enables enabled need needs".split()
)
_LIVES = frozenset(
    "run runs running live lives living sit sits sitting is be work works available deployed put stay stays hang hangs "
    "reachable react reacts registered event events message messages commands participate participates".split()
)
_HEARS = frozenset(
    "listen listens listening subscribe subscribes subscribed consume consumes consuming receive receives receiving "
    "connect connects connected attach attached publish publishes publishing emit emits events messages commands".split()
)
_YES = frozenset("true yes on enabled required 1".split())
_NO = frozenset("false no off disabled none 0".split())
_BEHIND_KAFKA = frozenset(
    "topic topics stream streams event events message messages broker cluster bus".split()
)


def on_the_bus(structure: Structure, *, name: str) -> bool:
    """Whether the text says that the node `name` is on the bus; what it says first counts."""
    for index in range(len(structure.text.tokens)):
        told = _told_at(structure, index, name)
        if told is not None:
            return told
    return False


def _told_at(structure: Structure, index: int, name: str) -> bool | None:
    text = structure.text
    length = _bus_at(text, index)
    if not length:
        return None
    before = index - 1
    while text.low(before) in lexicon.DETERMINERS:
        before -= 1
    if structure.denied[index] or text.low(before) == "off":
        return False
    value = index + length
    marked = text.low(value) in (":", "=", "is")
    said = text.low(value + marked)
    if said in ("enabled", "disabled") or (marked and said in _YES | _NO):
        return said in _YES
    if text.low(before) in _ONTO and (text.low(index) != "bus" or _is_the_nodes(text, before, name)):
        return True
    return None


def _bus_at(text: Text, index: int) -> int:
    """Return how many words name a bus here: `event bus`, `the bus`, `Kafka`; none where it is something else."""
    low, behind = text.low(index), text.at(index + 1)
    if low in _KINDS and behind.low == "bus":
        return 2
    if low in ("kafka", "redpanda"):
        return int(not behind.is_name or behind.low in lexicon.STOP_WORDS | _BEHIND_KAFKA)
    return int(low in _NAMES or (low == "bus" and text.low(index - 1) not in _KINDS))


def _is_the_nodes(text: Text, before: int, name: str) -> bool:
    """Whether it is the node that is there or listens there, and not the passengers `on the bus`."""
    if text.low(before) in ("join", "joins", "joining"):
        return True
    if any(text.low(at) in _HEARS for at in range(max(0, before - 5), before)):
        return True
    said = text.at(before - 1)
    return text.low(before) == "on" and (
        text.starts_clause(before)
        or said.low in _LIVES | lexicon.NODE_NOUNS | lexicon.ARCHETYPE_WORDS.keys()
        or words_of(said.text)[-1:] == name.split("_")[-1:]
    )
