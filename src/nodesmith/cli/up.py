"""`nodesmith up`: run a broker, every event bus node under a folder and a registry, as processes of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nodesmith.cli.operating.bus import servers_option
from nodesmith.cli.operating.columns import in_columns
from nodesmith.cli.registry import DEFAULT_PORT
from nodesmith.runtime.settings import LOG_LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.cli.operating.system import RegistryPlan, RunningNode, System

EXAMPLE = """\b
Examples:
  nodesmith up examples/orders
  nodesmith up nodes --port 0 --registry-port 0 --json
  nodesmith up nodes --kafka-servers localhost:9092 --consul http://127.0.0.1:8500"""


@click.command(
    "up",
    help="Run a broker, every event bus node under PATH and a registry that shows them, each as a process of its own.\n\n"
    "Each node's newest version is started, and a table says how to call it. Logs go to standard error, each line with "
    "its process' name. Ctrl-C or SIGTERM lets every node finish its work, then stops the registry and the broker. A "
    "process that dies ends the others the same way, with exit status 5. A second Ctrl-C cuts short what nodes do, a third one kills.",
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
    "--registry-port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="The port of the registry and its page; 0 picks a free one.",
)
@click.option("--no-registry", is_flag=True, help="Run no registry.")
@click.option(
    "--consul",
    metavar="URL",
    default="",
    help="Have the registry show the nodes in this Consul as well; else where CONSUL_HTTP_ADDR says, if it does.",
)
@click.option(
    "--log-level",
    type=click.Choice(LOG_LEVELS, case_sensitive=False),
    default="INFO",
    show_default=True,
    help="What nodes and registry log.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one line of JSON when every node is ready, and no table."
)
def command(  # noqa: PLR0917 - click gives every option by its name
    path: Path,
    kafka_servers: str | None,
    port: int,
    data_dir: Path,
    registry_port: int,
    no_registry: bool,
    consul: str,
    log_level: str,
    as_json: bool,
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
        registry=_registry_plan(registry_port, consul, unwanted=no_registry),
    )
    return int(asyncio.run(supervise(plan, on_ready=_print_json if as_json else _print_table)))


def _registry_plan(port: int, consul: str, *, unwanted: bool) -> RegistryPlan | None:
    """Return how the registry runs; raise InputError for what it would refuse, before anything is started."""
    from nodesmith.cli.operating.system import RegistryPlan
    from nodesmith.errors import InputError
    from nodesmith.registry.consul.settings import read_consul_settings
    from nodesmith.registry.settings import read_token

    if unwanted:
        if consul:
            raise InputError(
                "without a registry nothing shows nodes in Consul", fix="leave out --no-registry, or --consul"
            )
        return None
    read_consul_settings(consul)
    return RegistryPlan(port=port, consul=consul, token=read_token(None))


def _print_json(system: System, nodes: Sequence[RunningNode]) -> None:
    running = [{"node": node.seen.name, "pid": node.child.pid, "health": node.seen.health} for node in nodes]
    places = {"kafka_servers": system.kafka_servers, "registry": system.registry_address}
    click.echo(json.dumps({**places, "nodes": running}))


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
    page = f" See what is alive: {system.registry_address}" if system.registry_address else ""
    click.echo(f"Everything is ready; the bus is at {system.kafka_servers}. Ctrl-C ends it.{page}")
