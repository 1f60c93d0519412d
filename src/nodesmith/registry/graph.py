"""Who sends what to whom: nodes and topics, and which node reads and writes which topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nodesmith.registry.node_view import NodeView


def graph(nodes: Iterable[NodeView]) -> dict[str, Any]:
    """Return the graph as plain JSON data; topics are in the order of their names, nodes as they come."""
    shown: list[dict[str, str]] = []
    topics: set[str] = set()
    edges: set[tuple[str, str, str]] = set()
    for node in nodes:
        shown.append(
            {"id": node.full_name, "kind": "node", "archetype": node.newest.archetype, "state": node.state}
        )
        for instance in node.living or node.instances:
            topics.update(instance.subscribes, instance.publishes)
            edges.update((topic, node.full_name, "subscribes") for topic in instance.subscribes)
            edges.update((node.full_name, topic, "publishes") for topic in instance.publishes)
    return {
        "nodes": [*shown, *({"id": topic, "kind": "topic"} for topic in sorted(topics))],
        "edges": [{"from": start, "to": end, "kind": kind} for start, end, kind in sorted(edges)],
    }
