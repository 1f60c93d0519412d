"""A node that was seen, as JSON data and as a row of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.cli.operating.columns import in_columns

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from nodesmith.runtime.census import SeenNode
    from nodesmith.runtime.sighting import Figures

HEAD = (
    *("node", "type", "version", "instance", "state", "in flight", "lag", "p99 ms"),
    *("up", "seen", "health", "operations"),
)


def node_data(node: SeenNode) -> dict[str, object]:
    """Return a node as plain JSON data."""
    started_at = node.said.started_at
    return {
        "node": node.name,
        "domain": node.domain,
        "type": node.node_type,
        "version": node.version,
        "node_id": node.node_id,
        "instance": node.instance_id,
        "incarnation": node.incarnation,
        "state": node.state,
        "waits_for": list(node.said.waits_for),
        "in_flight": node.in_flight,
        "outbox": None if node.beat is None else node.beat.outbox,
        "uptime_seconds": node.uptime_seconds,
        "started_at": started_at and started_at.isoformat(),
        "last_seen": node.last_seen.isoformat(),
        "answered": node.answered,
        "health": node.health,
        "endpoints": dict(node.said.endpoints),
        "operations": list(node.operations),
        "capabilities": list(node.said.capabilities),
        "subscribes": list(node.said.subscribes),
        "publishes": list(node.said.publishes),
        "contract_digest": node.said.contract_digest,
        "figures": figures_data(node.figures),
    }


def figures_data(figures: Figures) -> dict[str, object]:
    """Return what a heartbeat carried as plain JSON data."""
    return figures.data() | {"last_error_at": figures.last_error_at and figures.last_error_at.isoformat()}


def nodes_table(nodes: Iterable[SeenNode], now: datetime) -> str:
    """Return a table with a row for each node."""
    return in_columns(HEAD, [_row(node, now) for node in nodes])


def _row(node: SeenNode, now: datetime) -> tuple[str, ...]:
    return (
        node.full_name,
        node.node_type,
        node.version,
        node.instance_id or "-",
        (node.state or "-") + ("" if node.answered else ", silent"),
        or_dash(node.in_flight),
        or_dash(node.figures.lag),
        or_dash(node.figures.p99_ms),
        "-" if node.uptime_seconds is None else duration(node.uptime_seconds),
        f"{duration(max(0.0, (now - node.last_seen).total_seconds()))} ago",
        node.health or "-",
        ", ".join(node.operations) or "-",
    )


def or_dash(value: object) -> str:
    """Return a value as text, a dash where it is not known."""
    if isinstance(value, float):
        return f"{value:.1f}"
    return "-" if value is None or value == "" else str(value)


def duration(seconds: float) -> str:
    """Return `12s`, `3m12s`, `2h03m`, `4d02h`: the two largest units."""
    whole = round(seconds)
    for size, name, smaller, small_name in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            return f"{whole // size}{name}{whole % size // smaller:02}{small_name}"
    return f"{whole}s"
