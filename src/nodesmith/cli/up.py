"""`nodesmith up`: run a broker and every event bus node under a folder, as processes of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nodesmith.cli.operating.bus import servers_option
from nodesmith.cli.operating.columns import in_columns
from nodesmith.runtime.settings import LOG_LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.cli.operating.system import RunningNode, System

EXAMPLE = """\b
Examples:
  nodesmith up examples/orders
  nodesmith up nodes --port 0 --json
  nodesmith up nodes --kafka-servers localhost:9092"""


@click.command(
    "up",
    help="Run a broker and every event bus node under PATH, each as a process of its own.\n\n"
    "Each node's newest version is started, and a table says how to call it. Logs go to standard error, each line with "
    "its node's name. Ctrl-C or SIGTERM lets every node finish its work, then stops the broker. A node that dies "
    "ends the others the same way, with exit status 5.",
    epilog=EXAMPLE,
)
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@servers_option(help="Use this broker instead of starting one.", default=None)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9092,
    show_default=True,
    help="The broker's port; 0 picks a free one.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".nodesmith") / "data",
    show_default=True,
    help="Where broker and nodes keep their data.",
)
@click.option(
    "--log-level",
    type=click.Choice(LOG_LEVELS, case_sensitive=False),
    default="INFO",
    show_default=True,
    help="What the nodes log.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one line of JSON when every node is ready, and no table."
)
def command(
    path: Path, kafka_servers: str | None, port: int, data_dir: Path, log_level: str, as_json: bool
) -> int:
    """Start everything, wait for the end, and return the exit status."""
    import asyncio

    from nodesmith.cli.operating.find_nodes import find_nodes
    from nodesmith.cli.operating.supervisor import supervise
    from nodesmith.cli.operating.system import Plan

    plan = Plan(
        nodes=find_nodes(path),
        kafka_servers=kafka_servers,
        port=port,
        data_dir=data_dir.absolute(),
        log_level=log_level.upper(),
    )
    return int(asyncio.run(supervise(plan, on_ready=_print_json if as_json else _print_table)))


def _print_json(system: System, nodes: Sequence[RunningNode]) -> None:
    running = [{"node": node.seen.name, "pid": node.child.pid, "health": node.seen.health} for node in nodes]
    click.echo(json.dumps({"kafka_servers": system.kafka_servers, "nodes": running}))


def _print_table(system: System, nodes: Sequence[RunningNode]) -> None:
    from nodesmith.cli.operating.call_example import call_example

    rows = [
        (
            node.seen.full_name,
            str(node.child.pid),
            node.seen.health,
            call_example(node.found.folder, node.seen, kafka_servers=system.kafka_servers),
        )
        for node in nodes
    ]
    click.echo(in_columns(("node", "process", "health", "call it"), rows))
    click.echo(f"Everything is ready; the bus is at {system.kafka_servers}. Ctrl-C ends it.")
