"""Pictures of nodes and the topics between them, in Mermaid's language.

Only names stand in them: of nodes, topics and steps, all of letters, digits and a few signs that mean nothing to Mermaid
inside quotes. The topics on which nodes find each other, and their dead letters, are left out: every node has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC, REQUEST_INTROSPECTION_TOPIC
from nodesmith.spec.model import Archetype

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.contract.node_contract import NodeContract

# Mermaid itself draws no more than 500 arrows and 50,000 characters, and nobody finds anything among so many.
MOST_ARROWS = 300

_DISCOVERY = frozenset({INTROSPECTION_TOPIC, HEARTBEAT_TOPIC, REQUEST_INTROSPECTION_TOPIC})
_SHAPES = {
    Archetype.EFFECT: ("[/", "/]"),
    Archetype.COMPUTE: ("{{", "}}"),
    Archetype.REDUCER: ("[(", ")]"),
    Archetype.ORCHESTRATOR: ("[[", "]]"),
}

Arrow = tuple[str, str]


def diagram(nodes: Sequence[NodeContract]) -> str:
    """Return the picture of some nodes with their topics; empty where it would be too large to be read."""
    arrows = [arrow for node in nodes for arrow in _arrows(node)]
    if len(arrows) > MOST_ARROWS:
        return ""
    topics = {topic: f"topic_{number}" for number, topic in enumerate(_topics(nodes), start=1)}
    names = {node.folder: f"node_{number}" for number, node in enumerate(nodes, start=1)}
    ids = topics | names
    return "\n".join(
        (
            "flowchart LR",
            *(f"    {names[node.folder]}{_box(node)}" for node in nodes),
            *(f'    {name}(["{topic}"])' for topic, name in topics.items()),
            *(f"    {ids[source]} --> {ids[target]}" for source, target in arrows),
        )
    )


def topics_of(node: NodeContract) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the topics a node takes from and gives to, but for those of discovery and of dead letters."""
    takes = tuple(topic for topic in node.topics.subscribe if topic not in _DISCOVERY)
    left_out = _DISCOVERY | {node.topics.dead_letter}
    gives = tuple(topic for topic in node.topics.publish if topic not in left_out)
    return takes, gives


def _arrows(node: NodeContract) -> Iterator[Arrow]:
    takes, gives = topics_of(node)
    yield from ((topic, node.folder) for topic in takes)
    yield from ((node.folder, topic) for topic in gives)


def _topics(nodes: Sequence[NodeContract]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(topic for node in nodes for part in topics_of(node) for topic in part))


def _box(node: NodeContract) -> str:
    start, end = _SHAPES[node.spec.archetype]
    off = "" if node.spec.event_bus else ", not on the bus"
    return f'{start}"{node.spec.name}<br>{node.spec.archetype}{off}"{end}'
