"""`nodesmith tail`: follow what goes over the bus."""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from nodesmith.cli.operating.bus import DEFAULT_SERVERS, servers_option
from nodesmith.errors import ExitCode, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nodesmith.inspection.tail_choice import Filter
    from nodesmith.inspection.tail_reading import Start
    from nodesmith.inspection.tail_record import Parts, TailRecord

EXAMPLE = """\b
Examples:
  nodesmith tail
  nodesmith tail customer_writer --since 10m
  nodesmith tail crm/customer_writer --event-type '*.failed' --json
  nodesmith tail --correlation-id 0b5c1f6e --from-beginning --no-follow
  nodesmith tail onex.dlq.crm.customer-writer.v1 -n 5 --no-follow"""

STYLES = {
    "time": "dim",
    "topic": "cyan",
    "place": "dim",
    "type": "bold",
    "key": "yellow",
    "correlation": "dim",
    "error": "red",
    "strange": "magenta",
}


@click.command(
    "tail",
    help="Follow what goes over the bus, one line a record, until Ctrl-C.\n\nWithout an argument that is every topic of "
    "nodes (onex.*), also those that appear later. Of a node, [DOMAIN/]NODE, it is its commands, results, failures and dead "
    "letters, intents and workflow events. Only what comes from now on is shown, unless --since, --from-beginning or -n say "
    "otherwise. No consumer group is made, so nobody's work is taken away.",
    epilog=EXAMPLE,
)
@click.argument("what", metavar="[TOPIC|NODE]", default="")
@servers_option(help="Where the bus is.", default=DEFAULT_SERVERS)
@click.option("--since", metavar="TIME", help="Begin so long ago (10m, 2h, 1d), or at a date and time.")
@click.option("--from-beginning", is_flag=True, help="Begin with the first record that is there.")
@click.option(
    "-n",
    "--last",
    type=click.IntRange(min=0),
    metavar="N",
    help="Begin with the last N records, over all partitions; with a filter, the last N that fit.",
)
@click.option("--key", help="Only records with this key.")
@click.option(
    "--correlation-id", metavar="ID", help="Only what belongs to this story; the id's beginning is enough."
)
@click.option("--event-type", metavar="TYPE", help="Only this event type; * stands for anything: '*.failed'.")
@click.option("--grep", metavar="REGEX", help="Only records in whose value or key this is found.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, with headers and all.")
@click.option(
    "--no-follow", is_flag=True, help="End at what is there now; begins with the first unless told where."
)
def command(what: str, kafka_servers: str, as_json: bool, no_follow: bool, **chosen: Any) -> int:
    """Read what is asked, and print what comes."""
    start, only = _start(no_follow=no_follow, **chosen), _filter(**chosen)
    show = _show_json if as_json else _printer()
    with contextlib.suppress(KeyboardInterrupt):  # the way to end it
        _tail(what, kafka_servers, start=start, only=only, show=show, follow=not no_follow)
    return int(ExitCode.DONE)


def _filter(
    *, key: str | None, correlation_id: str | None, event_type: str | None, grep: str | None, **_others: Any
) -> Filter:
    from nodesmith.inspection.tail_choice import Filter, read_pattern

    pattern = None if grep is None else read_pattern(grep)
    return Filter(key=key, correlation_id=correlation_id, event_type=event_type, grep=pattern)


def _start(
    *, since: str | None, from_beginning: bool, last: int | None, no_follow: bool, **_others: Any
) -> Start:
    from nodesmith.inspection.dead_letter_rows import read_moment
    from nodesmith.inspection.tail_reading import Start

    if since and from_beginning:
        raise InputError("--since and --from-beginning are two beginnings", fix="leave one of them out")
    moment = read_moment(since, now=datetime.now(UTC)) if since else None
    everything = from_beginning or (no_follow and moment is None and last is None)
    return Start(from_beginning=everything, since=moment, last=last)


def _tail(
    what: str,
    servers: str,
    *,
    start: Start,
    only: Filter,
    show: Callable[[Iterable[TailRecord]], None],
    follow: bool,
) -> None:
    from nodesmith.inspection.dead_letter_topic import reading_client
    from nodesmith.inspection.tail_choice import choose_topics
    from nodesmith.inspection.tail_reading import TopicTail

    client = reading_client(servers)
    try:
        wants = choose_topics(what, client.topics())
        tail = TopicTail(client, wants=wants, start=start, only=only, say=_say)
        for records in tail.history(follow=follow):
            show(records)
        if follow:
            for records in tail.follow():
                show(records)
    finally:
        client.consumer.close()


def _say(words: str) -> None:
    click.echo(words, err=True)


def _show_json(records: Iterable[TailRecord]) -> None:
    for record in records:
        click.echo(json.dumps(record.data()))


def _printer() -> Callable[[Iterable[TailRecord]], None]:
    """Return what prints lines; in colours only on a terminal."""
    return _in_colours() if sys.stdout.isatty() else _show_lines


def _show_lines(records: Iterable[TailRecord]) -> None:
    for record in records:
        click.echo("  ".join(text for _, text in record.parts()))


def _in_colours() -> Callable[[Iterable[TailRecord]], None]:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)

    def show(records: Iterable[TailRecord]) -> None:
        for record in records:
            console.print(_line(record.parts()))

    return show


def _line(parts: Parts) -> object:
    from rich.text import Text

    # Of parts, not of markup: brackets in a record are what they are.
    return Text("  ").join(Text(text, style=STYLES.get(kind, "")) for kind, text in parts)
