"""What pings came to, for a person and as JSON data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from nodesmith.cli.operating.columns import in_columns
from nodesmith.cli.operating.node_text import or_dash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.cli.operating.pinging import Round, Tally
    from nodesmith.runtime.census import SeenNode

HEAD = ("node", "instance", "answers", "least ms", "average ms", "most ms", "clock")


def show_round(told: Round) -> None:
    """Print a line for each answer, and for each that was missed."""
    for pong in sorted(told.pongs, key=lambda each: each.milliseconds):
        clock = _clock(pong.clock_ahead_ms, pong.milliseconds / 2)
        click.echo(f"{told.number}: {_name(pong.node)}  {pong.milliseconds:.1f} ms  clock {clock}")
    for node in told.silent:
        click.echo(f"{told.number}: {_name(node)}  no answer")


def show_tally(tallies: Sequence[Tally], *, kafka_servers: str, as_json: bool, count: int) -> None:
    """Print what all rounds came to; of a single one that is said already."""
    data = [each.data() for each in tallies]
    if as_json:
        click.echo(json.dumps({"kafka_servers": kafka_servers, "instances": data}))
    elif count > 1:
        rows = [_row(each, said) for each, said in zip(tallies, data, strict=True)]
        click.echo("\n" + in_columns(HEAD, rows))


def _row(tally: Tally, said: dict[str, object]) -> tuple[str, ...]:
    ahead, within = said["clock_ahead_ms"], said["clock_within_ms"]
    return (
        tally.node.full_name,
        tally.node.instance_id or tally.node.node_id,
        f"{said['answered']} of {said['asked']}",
        *(or_dash(said[name]) for name in ("least_ms", "average_ms", "most_ms")),
        _clock(ahead, within) if isinstance(ahead, float) and isinstance(within, float) else "-",
    )


def _clock(ahead_ms: float, within_ms: float) -> str:
    """Return how a clock stands; the two ways are not equally long, so half of the round trip may be wrong."""
    return f"{ahead_ms:+.1f} ms (± {within_ms:.1f})"


def _name(node: SeenNode) -> str:
    return f"{node.full_name} {node.instance_id or node.node_id}"
