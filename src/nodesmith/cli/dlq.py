"""`nodesmith dlq`: see, replay and delete what a node could not do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nodesmith.cli.operating.bus import on_a_bus
from nodesmith.cli.operating.columns import counted
from nodesmith.cli.operating.confirming import confirm
from nodesmith.cli.options import with_all
from nodesmith.errors import ExitCode, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from nodesmith.inspection.dead_letter_rows import Place, Row, Wanted
    from nodesmith.inspection.dead_letter_topic import DeadLetterTopic
    from nodesmith.inspection.replaying import Replayed

F = TypeVar("F", bound="Callable[..., Any]")

SHOWN_BEFORE_ASKING = 20
SHOWN_PROBLEMS = 20

EXAMPLE = """\b
Examples:
  nodesmith dlq list customer_writer
  nodesmith dlq show crm/customer_writer 0:17
  nodesmith dlq replay customer_writer --error-type TemporaryError --since 2h --dry-run
  nodesmith dlq purge customer_writer --until 7d --yes"""

LIST_EXAMPLE = """\b
Examples:
  nodesmith dlq list customer_writer
  nodesmith dlq list crm/customer_writer --error-type InvalidPayloadError --since 2h --json"""

SHOW_EXAMPLE = """\b
Examples:
  nodesmith dlq show customer_writer 0:17"""

REPLAY_EXAMPLE = """\b
Examples:
  nodesmith dlq replay customer_writer 0:17 0:18
  nodesmith dlq replay customer_writer --error-type TemporaryError --limit 100 --dry-run"""

PURGE_EXAMPLE = """\b
Examples:
  nodesmith dlq purge customer_writer
  nodesmith dlq purge customer_writer --until 7d --yes"""


@click.group(
    "dlq",
    help="See, replay and delete a node's dead letters: records it could not deal with, kept as they came.\n\nNODE is "
    "[DOMAIN/]NODE; the domain may be left out where one domain has dead letters of a node of that name. The node itself "
    "need not run.",
    epilog=EXAMPLE,
)
def command() -> None:
    """Hold the commands."""


def filters(function: F) -> F:
    """Add the options that say which dead letters are meant."""
    return with_all(
        function,
        click.option("--error-type", metavar="NAME", help="Only those that failed with this error."),
        click.option(
            "--since",
            metavar="TIME",
            help="Only those whose last failure is no older: 2h, or a date and time.",
        ),
        click.option("--until", metavar="TIME", help="Only those whose last failure is no newer."),
        click.option("--key", help="Only those with this record key."),
        click.option(
            "--limit", type=click.IntRange(min=1), metavar="N", help="At most so many, the oldest first."
        ),
    )


def shared(function: F) -> F:
    """Add what every one of the commands has: NODE, and where the bus is."""
    return with_all(function, click.argument("node"), on_a_bus)


@command.command("list", help="List a node's dead letters, the oldest failure first.", epilog=LIST_EXAMPLE)
@shared
@filters
def list_letters(node: str, kafka_servers: str, as_json: bool, **chosen: Any) -> None:
    """Print one line each."""
    from nodesmith.cli.operating.dead_letter_text import table
    from nodesmith.inspection.dead_letter_data import row_data
    from nodesmith.inspection.dead_letter_topic import dead_letters_of

    wanted = _wanted(**chosen)
    with dead_letters_of(node, servers=kafka_servers) as topic:
        rows = wanted.choose(_rows(topic))
    if as_json:
        click.echo(json.dumps({"topic": topic.name, "dead_letters": [row_data(row) for row in rows]}))
    elif rows:
        click.echo(table(rows))
    else:
        narrowed = any(value is not None for value in chosen.values())
        click.echo(f"no {'such ' if narrowed else ''}dead letter is in {topic.name}", err=True)


@command.command(
    "show", help="Show one dead letter whole: why it is one, its headers and its value.", epilog=SHOW_EXAMPLE
)
@shared
@click.argument("letter", metavar="PARTITION:OFFSET")
def show(node: str, kafka_servers: str, as_json: bool, letter: str) -> None:
    """Print everything about it."""
    from nodesmith.cli.operating.dead_letter_text import whole
    from nodesmith.inspection.dead_letter_data import record_data
    from nodesmith.inspection.dead_letter_rows import read_place
    from nodesmith.inspection.dead_letter_topic import dead_letters_of
    from nodesmith.runtime.dead_letters import read_dead_letter

    place = read_place(letter)
    with dead_letters_of(node, servers=kafka_servers) as topic:
        record = topic.record(place)
    found = read_dead_letter(record)
    click.echo(json.dumps(record_data(record, found)) if as_json else whole(record, found))


@command.command(
    "replay",
    help="Send dead letters back to where they came from, all of them or those that are named or fit the filters.\n\nA "
    "record goes as it was, with its key, bytes and headers, and so its id; the header `ns-replay` counts how often that "
    "was done. Dead letters stay where they are until they are purged.",
    epilog=REPLAY_EXAMPLE,
)
@shared
@click.argument("letters", nargs=-1, metavar="[PARTITION:OFFSET]...")
@filters
@click.option("--dry-run", is_flag=True, help="Only list what would be sent.")
def replay_letters(
    node: str, kafka_servers: str, as_json: bool, letters: tuple[str, ...], dry_run: bool, **chosen: Any
) -> int:
    """Send them, and say what came of it."""
    from nodesmith.cli.operating.meter import Meter
    from nodesmith.inspection.dead_letter_topic import dead_letters_of
    from nodesmith.inspection.replaying import Replay, Replayed

    wanted = _wanted(letters=letters, **chosen)
    with dead_letters_of(node, servers=kafka_servers) as topic:
        rows = wanted.choose(_rows(topic, wanted.places))
        _check_all_there(wanted, rows, topic.name)
        if dry_run:
            _would("replay", rows, topic.name, as_json=as_json)
            return int(ExitCode.DONE)
        meter = Meter("dead letters replayed", total=len(rows))
        done = Replayed(sent={}, problems=())
        if rows:
            done = Replay(topic, told=meter.tell).run(frozenset(row.place for row in rows))
        meter.end()
    _tell_replayed(done, topic.name, as_json=as_json)
    return int(ExitCode.SYSTEM_FAILED if done.problems else ExitCode.DONE)


@command.command(
    "purge",
    help="Delete a node's dead letters, all of them or those that fit the filters; asks first.\n\nA topic can only be "
    "shortened from its beginning: what fits but has others before it, in its partition, stays and is counted.",
    epilog=PURGE_EXAMPLE,
)
@shared
@filters
@click.option("--dry-run", is_flag=True, help="Only list what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(node: str, kafka_servers: str, as_json: bool, dry_run: bool, yes: bool, **chosen: Any) -> None:
    """Show what would go, ask, and delete it."""
    from nodesmith.inspection.dead_letter_rows import prefixes
    from nodesmith.inspection.dead_letter_topic import dead_letters_of

    wanted = _wanted(**chosen)
    with dead_letters_of(node, servers=kafka_servers) as topic:
        rows = _rows(topic)
        fitting = wanted.choose(rows)
        ends, gone = prefixes(rows, fitting)
        kept = len(fitting) - len(gone)
        if kept:
            click.echo(f"{kept} that fit stay: others are before them in their partitions", err=True)
        if dry_run:
            _would("delete", gone, topic.name, as_json=as_json)
            return
        if gone and not yes:
            _ask(gone, topic.name)
        if gone:
            topic.delete_before(ends)
    if as_json:
        click.echo(json.dumps({"topic": topic.name, "deleted": len(gone), "kept_though_fitting": kept}))
    else:
        click.echo(f"{counted(len(gone), 'dead letter')} deleted from {topic.name}")


def _rows(topic: DeadLetterTopic, places: Collection[Place] = ()) -> list[Row]:
    from nodesmith.cli.operating.meter import Meter
    from nodesmith.inspection.dead_letter_rows import to_row

    rows: list[Row] = []
    meter = Meter("dead letters read", total=len(places) or topic.count())
    for record in topic.records(places):
        rows.append(to_row(record))
        meter.tell(len(rows))
    meter.end()
    return rows


def _wanted(
    *,
    error_type: str | None,
    since: str | None,
    until: str | None,
    key: str | None,
    limit: int | None,
    letters: tuple[str, ...] = (),
) -> Wanted:
    from nodesmith.inspection.dead_letter_rows import Wanted, read_moment, read_place

    now = datetime.now(UTC)
    return Wanted(
        places=frozenset(map(read_place, letters)),
        error_type=error_type,
        since=read_moment(since, now=now) if since else None,
        until=read_moment(until, now=now) if until else None,
        key=key,
        limit=limit,
    )


def _check_all_there(wanted: Wanted, rows: Sequence[Row], topic: str) -> None:
    """Raise InputError where a dead letter was named that is not there, or does not fit the filters given with it."""
    missing = sorted(wanted.places - {row.place for row in rows})
    if missing and wanted.limit is None:
        names = ", ".join(f"{partition}:{offset}" for partition, offset in missing)
        raise InputError(
            f"no such dead letter is in {topic}: {names}", fix="see with `nodesmith dlq list` which there are"
        )


def _would(what: str, rows: Sequence[Row], topic: str, *, as_json: bool) -> None:
    from nodesmith.cli.operating.dead_letter_text import table
    from nodesmith.inspection.dead_letter_data import row_data

    if as_json:
        click.echo(json.dumps({"topic": topic, f"would_{what}": [row_data(row) for row in rows]}))
        return
    if rows:
        click.echo(table(rows))
    click.echo(f"would {what} {counted(len(rows), 'dead letter')} of {topic}; nothing was changed", err=True)


def _ask(rows: Sequence[Row], topic: str) -> None:
    from nodesmith.cli.operating.dead_letter_text import table

    click.echo(table(rows[:SHOWN_BEFORE_ASKING]), err=True)
    if len(rows) > SHOWN_BEFORE_ASKING:
        click.echo(f"... and {len(rows) - SHOWN_BEFORE_ASKING} more", err=True)
    confirm(
        f"Delete {counted(len(rows), 'dead letter')} of {topic} for good?", otherwise="nothing was deleted"
    )


def _tell_replayed(done: Replayed, topic: str, *, as_json: bool) -> None:
    for problem in done.problems[:SHOWN_PROBLEMS]:
        click.echo(f"not replayed: {problem}", err=True)
    if len(done.problems) > SHOWN_PROBLEMS:
        click.echo(f"... and {len(done.problems) - SHOWN_PROBLEMS} more", err=True)
    sent = sum(done.sent.values())
    if as_json:
        outcome = {"replayed": sent, "to": dict(done.sent), "problems": list(done.problems)}
        click.echo(json.dumps({"topic": topic, **outcome}))
    else:
        click.echo(
            f"{counted(sent, 'dead letter')} replayed"
            + "".join(f", {n} to {name}" for name, n in done.sent.items())
        )
