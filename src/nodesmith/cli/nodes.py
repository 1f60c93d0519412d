"""`nodesmith nodes`: see who is on the bus, and how it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from nodesmith.cli.operating.bus import on_a_bus
from nodesmith.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nodesmith.cli.operating.pinging import Round
    from nodesmith.runtime.inquiry import Inquiry

DEFAULT = "list"

EXAMPLE = """\b
Examples:
  nodesmith nodes
  nodesmith nodes --kafka-servers localhost:9092 --json
  nodesmith nodes watch
  nodesmith nodes info crm/customer_writer
  nodesmith nodes ping --count 5
  nodesmith nodes stats customer_writer"""

LIST_EXAMPLE = """\b
Examples:
  nodesmith nodes list
  nodesmith nodes list --wait 2 --json"""

WATCH_EXAMPLE = """\b
Examples:
  nodesmith nodes watch
  nodesmith nodes watch crm/customer_writer --json >> changes.jsonl"""

INFO_EXAMPLE = """\b
Examples:
  nodesmith nodes info customer_writer
  nodesmith nodes info web-7f9c-41 --json"""

PING_EXAMPLE = """\b
Examples:
  nodesmith nodes ping
  nodesmith nodes ping crm/customer_writer --count 10 --interval 0.5"""

STATS_EXAMPLE = """\b
Examples:
  nodesmith nodes stats
  nodesmith nodes stats customer_writer --json"""

WHOM = "WHOM is [DOMAIN/]NODE, the name of an instance, or a node id"


class DefaultGroup(click.Group):
    """A group that lists where no command of it is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default before options that are not the group's own."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group(
    "nodes",
    cls=DefaultGroup,
    help="See the nodes that are on the bus. Without a command they are listed.\n\nEvery node is asked and answers for itself; "
    "no registry is needed. Where nobody answers, that is an error (exit status 5), not an empty list.",
    epilog=EXAMPLE,
)
def command() -> None:
    """Hold the commands."""


wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Listen exactly so long. Without it: until nobody new has answered for a moment, 5 s at most.",
)


@command.command(
    "list",
    help="List the nodes that are on the bus.\n\nEvery node is asked to introduce itself; its last heartbeat says how it is. "
    "A node that did not answer but whose heartbeat still holds is marked 'silent'. Where nobody answers, that is an "
    "error (exit status 5), not an empty list.",
    epilog=LIST_EXAMPLE,
)
@on_a_bus
@wait_option
def list_nodes(kafka_servers: str, as_json: bool, wait: float | None) -> None:
    """Ask, and print who answered."""
    import asyncio

    from nodesmith.cli.operating.asked_nodes import ask_nodes, read_whom
    from nodesmith.cli.operating.node_text import node_data, nodes_table

    seen = asyncio.run(ask_nodes(kafka_servers, read_whom(None), wait=wait))
    if as_json:
        click.echo(json.dumps({"kafka_servers": kafka_servers, "nodes": [node_data(node) for node in seen]}))
    else:
        click.echo(nodes_table(seen, datetime.now(UTC)))


@command.command(
    "info",
    help=f"Show one node: its operations with what they take and give, its topics, its contract, its instances.\n\n{WHOM}.",
    epilog=INFO_EXAMPLE,
)
@click.argument("whom")
@on_a_bus
@wait_option
def info(whom: str, kafka_servers: str, as_json: bool, wait: float | None) -> None:
    """Ask for details, and print them."""
    import asyncio

    from nodesmith.cli.operating.asked_nodes import ask_nodes, only_node, read_whom
    from nodesmith.cli.operating.node_details import details_data, details_text

    seen = asyncio.run(ask_nodes(kafka_servers, read_whom(whom), want=("details",), wait=wait))
    instances = only_node(seen, typed=whom)
    if as_json:
        click.echo(json.dumps({"kafka_servers": kafka_servers, **details_data(instances)}))
    else:
        click.echo(details_text(instances, datetime.now(UTC)))


@command.command(
    "stats",
    help="Show what nodes have counted since they started: commands, errors, times, retries, dead letters, lag.\n\n"
    f"{WHOM}; all nodes without it. Times are from taking a command up to its answer being acknowledged, the percentiles "
    "those of the last 512; of several instances together the worst one is shown. --json has NATS's names for the figures.",
    epilog=STATS_EXAMPLE,
)
@click.argument("whom", required=False)
@on_a_bus
@wait_option
def stats(whom: str | None, kafka_servers: str, as_json: bool, wait: float | None) -> None:
    """Ask for figures, and print them."""
    import asyncio

    from nodesmith.cli.operating.asked_nodes import ask_nodes, read_whom
    from nodesmith.cli.operating.node_stats import stats_data, stats_text

    seen = asyncio.run(ask_nodes(kafka_servers, read_whom(whom), want=("stats",), wait=wait))
    if as_json:
        click.echo(json.dumps({"kafka_servers": kafka_servers, "nodes": stats_data(seen)}))
    else:
        click.echo(stats_text(seen))


@command.command(
    "ping",
    help="Ask nodes how far away they are and how far their clocks are from this machine's.\n\n"
    f"{WHOM}; all nodes without it. A round trip is question, bus, node, bus, answer. Exit status 5 where somebody "
    "who is alive by its own word never answered.",
    epilog=PING_EXAMPLE,
)
@click.argument("whom", required=False)
@on_a_bus
@click.option(
    "--count", type=click.IntRange(1, 100_000), default=1, show_default=True, help="How often to ask."
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="From one question to the next.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the answers to a question.",
)
def ping(
    whom: str | None, kafka_servers: str, as_json: bool, count: int, interval: float, timeout: float
) -> None:
    """Ask, print each answer, and what they came to."""
    import asyncio

    from nodesmith.cli.operating.asked_nodes import read_whom
    from nodesmith.cli.operating.ping_text import show_round, show_tally
    from nodesmith.cli.operating.pinging import tally
    from nodesmith.errors import NoAnswerError

    told = asyncio.run(
        _ping(
            kafka_servers,
            read_whom(whom),
            count=count,
            interval=interval,
            timeout=timeout,
            show=None if as_json else show_round,
        )
    )
    tallies = tally(told)
    show_tally(tallies, kafka_servers=kafka_servers, as_json=as_json, count=count)
    silent = [each.node for each in tallies if not each.trips]
    if silent:
        names = ", ".join(f"{node.full_name} ({node.instance_id or node.node_id})" for node in silent)
        raise NoAnswerError(
            f"{len(silent)} of {len(tallies)} instances did not answer: {names}",
            fix="see their logs and /health/ready",
        )


async def _ping(
    kafka_servers: str,
    whom: Sequence[Inquiry],
    *,
    count: int,
    interval: float,
    timeout: float,  # noqa: ASYNC109 - of each round, not of all
    show: Callable[[Round], None] | None,
) -> list[Round]:
    from nodesmith.cli.operating.bus import on_the_bus
    from nodesmith.cli.operating.pinging import Pinging

    told: list[Round] = []
    async with on_the_bus(kafka_servers) as publisher:
        async for each in Pinging(publisher, whom, seconds=timeout).rounds(count, pause=interval):
            told.append(each)
            if show is not None:
                show(each)
    return told


@command.command(
    "watch",
    help="Follow who comes, changes and goes, until Ctrl-C.\n\n"
    f"{WHOM}; all nodes without it. On a terminal a table is drawn anew; elsewhere, and with --json, there is one line a "
    "change: appeared, changed, left (it said goodbye), lost (it was silent for too long), returned, conflict (two "
    "processes under one id).",
    epilog=WATCH_EXAMPLE,
)
@click.argument("whom", required=False)
@on_a_bus
@click.option(
    "--for",
    "seconds",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End by itself after so long.",
)
def watch(whom: str | None, kafka_servers: str, as_json: bool, seconds: float | None) -> int:
    """Listen, and print what changes."""
    import asyncio
    import contextlib

    from nodesmith.cli.operating.asked_nodes import read_whom
    from nodesmith.cli.operating.watching import watch as follow

    with contextlib.suppress(KeyboardInterrupt):  # the way to end it
        asyncio.run(
            follow(
                kafka_servers,
                read_whom(whom),
                as_json=as_json,
                seconds=seconds,
                say=lambda words: click.echo(words, err=True),
            )
        )
    return int(ExitCode.DONE)
