"""`nodesmith nodes`: list who is on the bus."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from nodesmith.cli.operating.bus import DEFAULT_SERVERS, on_the_bus, servers_option
from nodesmith.cli.operating.columns import in_columns

if TYPE_CHECKING:
    from nodesmith.runtime.census import SeenNode

LONGEST_WAIT_SECONDS = 5.0
QUIET_SECONDS = 1.0

EXAMPLE = """\b
Examples:
  nodesmith nodes
  nodesmith nodes --kafka-servers localhost:9092 --json"""


@click.command(
    "nodes",
    help="List the nodes that are on the bus.\n\nEvery node is asked to introduce itself; its last heartbeat says how it is. "
    "A node that did not answer but whose heartbeat still holds is marked 'silent'. Where nobody answers, that is an "
    "error (exit status 5), not an empty list.",
    epilog=EXAMPLE,
)
@servers_option(help="Where the bus is.", default=DEFAULT_SERVERS)
@click.option(
    "--wait",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Listen exactly so long. Without it: until nobody new has answered for "
    f"{QUIET_SECONDS:g} s, {LONGEST_WAIT_SECONDS:g} s at most.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(kafka_servers: str, wait: float | None, as_json: bool) -> None:
    """Ask, and print who answered."""
    import asyncio

    nodes = asyncio.run(_ask(kafka_servers, wait))
    if as_json:
        click.echo(json.dumps({"kafka_servers": kafka_servers, "nodes": [as_data(node) for node in nodes]}))
    else:
        head = (
            "node",
            "type",
            "version",
            "instance",
            "state",
            "in flight",
            "up",
            "seen",
            "health",
            "operations",
        )
        click.echo(in_columns(head, [_row(node, datetime.now(UTC)) for node in nodes]))


async def _ask(kafka_servers: str, wait: float | None) -> tuple[SeenNode, ...]:
    from nodesmith.runtime.discovery import discover

    async with on_the_bus(kafka_servers) as publisher:
        return await discover(
            publisher=publisher,
            seconds=wait or LONGEST_WAIT_SECONDS,
            settle_seconds=None if wait else QUIET_SECONDS,
        )


def as_data(node: SeenNode) -> dict[str, object]:
    """Return a node as plain JSON data."""
    return {
        "node": node.name,
        "domain": node.domain,
        "type": node.node_type,
        "version": node.version,
        "node_id": node.node_id,
        "instance": node.instance_id,
        "state": node.state,
        "in_flight": node.in_flight,
        "uptime_seconds": node.uptime_seconds,
        "last_seen": node.last_seen.isoformat(),
        "answered": node.answered,
        "health": node.health,
        "operations": list(node.operations),
    }


def _row(node: SeenNode, now: datetime) -> tuple[str, ...]:
    return (
        node.full_name,
        node.node_type,
        node.version,
        node.instance_id or "-",
        (node.state or "-") + ("" if node.answered else ", silent"),
        "-" if node.in_flight is None else str(node.in_flight),
        "-" if node.uptime_seconds is None else _duration(node.uptime_seconds),
        f"{_duration(max(0.0, (now - node.last_seen).total_seconds()))} ago",
        node.health or "-",
        ", ".join(node.operations) or "-",
    )


def _duration(seconds: float) -> str:
    """Return `12s`, `3m12s`, `2h03m`, `4d02h`: the two largest units."""
    whole = round(seconds)
    for size, name, smaller, small_name in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            return f"{whole // size}{name}{whole % size // smaller:02}{small_name}"
    return f"{whole}s"
