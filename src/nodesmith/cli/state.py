"""`nodesmith state`: see a reducer's state, check it against the topics it came from, and rebuild it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nodesmith.cli.operating.bus import servers_option
from nodesmith.cli.operating.columns import counted
from nodesmith.cli.operating.confirming import confirm
from nodesmith.cli.options import json_option, with_all
from nodesmith.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

F = TypeVar("F", bound="Callable[..., Any]")

SHOWN_KEYS = 20
SHOWN_STATE = 100

EXAMPLE = """\b
Examples:
  nodesmith state show nodes/node_orders_order_totals_reducer
  nodesmith state compare nodes/node_orders_order_totals_reducer
  nodesmith state rebuild nodes/node_orders_order_totals_reducer --dry-run"""

SHOW_EXAMPLE = """\b
Examples:
  nodesmith state show nodes/node_orders_order_totals_reducer
  nodesmith state show nodes/node_orders_order_totals_reducer ada --json"""

COMPARE_EXAMPLE = """\b
Examples:
  nodesmith state compare nodes/node_orders_order_totals_reducer --kafka-servers localhost:9092"""

REBUILD_EXAMPLE = """\b
Examples:
  nodesmith state rebuild nodes/node_orders_order_totals_reducer --dry-run
  nodesmith state rebuild nodes/node_orders_order_totals_reducer --yes --json"""


@click.group(
    "state",
    help="See a reducer's state, check it against the topics it came from, and rebuild it.\n\nNODE_FOLDER is the folder of "
    "one reducer, and its newest version is taken. Its handlers run in a process of their own. Where the state is, the "
    "environment says as it does to the node: NODESMITH_DATA_DIR or --data-dir, and NODESMITH_STATE_URL.",
    epilog=EXAMPLE,
)
def command() -> None:
    """Hold the commands."""


def shared(function: F) -> F:
    """Add what every one of the commands has: the node, where its data is, and the form of what is printed."""
    return with_all(
        function,
        click.argument("node_folder", type=click.Path(path_type=Path)),
        click.option(
            "--data-dir",
            type=click.Path(path_type=Path, file_okay=False),
            help="The node's data folder; `nodesmith up` gives each node .nodesmith/data/<its folder's name>.",
        ),
        click.option(
            "--config", type=click.Path(path_type=Path), metavar="FILE", help="The node's config file."
        ),
        json_option,
    )


def on_the_topics(function: F) -> F:
    """Add what the commands have that read the topics."""
    servers = servers_option(
        help="Where the bus is.  [default: KAFKA_BOOTSTRAP_SERVERS, else localhost:9092]", default=None
    )
    gap = click.option(
        "--allow-gap", is_flag=True, help="Also where the topics do not have everything any more."
    )
    decorated: F = servers(gap(function))
    return decorated


@command.command("show", help="Show the state of every key, or of one.", epilog=SHOW_EXAMPLE)
@shared
@click.argument("key", required=False)
def show(
    node_folder: Path, key: str | None, data_dir: Path | None, config: Path | None, as_json: bool
) -> None:
    """Print what is kept."""
    from nodesmith.cli.operating.state_process import work_on_state

    asked = {"what": "show", "key": key, "config": _text(config)}
    found = work_on_state(node_folder, asked, data_dir=data_dir)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    elif key is not None:
        click.echo(json.dumps(found["states"][0]["state"], ensure_ascii=False, indent=2))
    else:
        click.echo(_table(found))


@command.command(
    "compare",
    help="Fold a reducer's events again, from the beginning of its topics, and compare with the running state.\n\nExit status "
    "1 where a key differs. The node may run: what is compared is one moment of its state, with exactly the events it had "
    "dealt with by then. Nothing is changed.",
    epilog=COMPARE_EXAMPLE,
)
@shared
@on_the_topics
def compare(node_folder: Path, data_dir: Path | None, as_json: bool, **asked: Any) -> int:
    """Print the keys that differ."""
    from nodesmith.cli.operating.state_process import work_on_state

    found = work_on_state(node_folder, _asked("compare", **asked), data_dir=data_dir)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _tell_counts(found)
        _tell_differences(found)
        click.echo(
            f"{found['differing']} keys differ"
            if found["differing"]
            else f"the state {found['place']} is what its events make"
        )
    return int(ExitCode.STALE if found["differing"] else ExitCode.DONE)


@command.command(
    "rebuild",
    help="Fold a reducer's events again, from the beginning of its topics, and put what comes of it in the place of its "
    "state; asks first.\n\nThe node may run: the place is taken in one transaction that the node waits for, with all "
    "that it has counted by then. No intent is sent. Refuses, unless --allow-gap, where the topics do not have "
    "everything any more that the running state counts.",
    epilog=REBUILD_EXAMPLE,
)
@shared
@on_the_topics
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rebuild(node_folder: Path, data_dir: Path | None, as_json: bool, yes: bool, **asked: Any) -> None:
    """Rebuild the state, show what would change, ask, and change it."""
    from nodesmith.cli.operating.state_process import work_on_state

    def agree(outcome: Mapping[str, Any]) -> bool:
        if not yes:
            _tell_counts(outcome, err=True)
            _tell_differences(outcome, err=True)
            _ask(outcome)
        return True

    found = work_on_state(node_folder, _asked("rebuild", **asked), data_dir=data_dir, agree=agree)
    if as_json:
        click.echo(json.dumps({**found, "replaced": not asked["dry_run"]}, ensure_ascii=False))
        return
    if yes or asked["dry_run"]:
        _tell_counts(found)
        _tell_differences(found)
    if asked["dry_run"]:
        click.echo(
            f"would change {counted(found['differing'], 'key')} of the state {found['place']}; nothing was changed"
        )
    else:
        click.echo(
            f"the state {found['place']} is rebuilt: {counted(found['keys'], 'key')}, {found['differing']} changed"
        )


def _asked(what: str, *, config: Path | None, kafka_servers: str | None, **flags: bool) -> dict[str, object]:
    return {"what": what, "config": _text(config), "servers": kafka_servers, **flags}


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def _ask(outcome: Mapping[str, Any]) -> None:
    if outcome["new"]:
        question = (
            f"There is no state {outcome['place']} yet. Make one there, of {counted(outcome['keys'], 'key')}?"
        )
    else:
        question = (
            f"Put the rebuilt state of {counted(outcome['keys'], 'key')}, of which {outcome['differing']} differ, in the place of"
            f" the running one {outcome['place']}?"
        )
    confirm(question, otherwise="nothing was changed")


def _tell_counts(found: Mapping[str, Any], *, err: bool = False) -> None:
    """Say what became of every record."""
    parts = [f"{counted(found['counted'], 'event')} of {counted(found['keys'], 'key')} counted"]
    parts += [
        f"{found[name]} {words}"
        for name, words in (
            ("refused", "refused by the state machine"),
            ("again", "came a second time"),
            ("dead_letters", "left out as dead letters"),
        )
        if found[name]
    ]
    parts += [f"{count} failed with {error}" for error, count in sorted(found["failed"].items())]
    click.echo("; ".join(parts), err=err)
    for gap in found["gaps"]:
        click.echo(f"not whole: {gap}", err=err)
    if found["lost"]:
        click.echo(
            f"{found['lost']} keys of the running state count more events than the topics give", err=err
        )


def _tell_differences(found: Mapping[str, Any], *, err: bool = False) -> None:
    if found["new"]:
        return
    differences: Sequence[Mapping[str, Any]] = found["differences"]
    for pair in differences[:SHOWN_KEYS]:
        click.echo(f"{found.get('key', 'key')} {pair['key']!r}", err=err)
        for name in ("running", "rebuilt"):
            text = _short(pair[name]) if pair[name] is not None else "nothing"
            click.echo(f"  {name} ({pair[f'{name}_events']} events): {text}", err=err)
        if pair["off_bus_events"]:
            click.echo(f"  {pair['off_bus_events']} of them came by process(), not over the bus", err=err)
    if found["differing"] > SHOWN_KEYS:
        click.echo(f"... and {found['differing'] - SHOWN_KEYS} more", err=err)


def _table(found: Mapping[str, Any]) -> str:
    from nodesmith.cli.operating.columns import in_columns

    rows = [
        (row["key"], str(row["events"]), _short(row["state"]))
        for row in found["states"]
        if row["state"] is not None
    ]
    if not rows:
        return f"no event has counted in the state {found['place']}"
    return in_columns((found["key"], "events", "state"), rows)


def _short(state: object) -> str:
    text = json.dumps(state, ensure_ascii=False)
    return text if len(text) <= SHOWN_STATE else f"{text[:SHOWN_STATE]} ..."
