"""`nodesmith registry`: show who is on the bus, over HTTP, until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

import click

from nodesmith.cli.operating.bus import DEFAULT_SERVERS, servers_option
from nodesmith.runtime.settings import LOG_FORMATS, LOG_LEVELS

if TYPE_CHECKING:
    from nodesmith.registry.consul.settings import ConsulSettings
    from nodesmith.registry.settings import RegistrySettings

DEFAULT_PORT = 8510

EXAMPLE = """\b
Examples:
  nodesmith registry
  nodesmith registry --kafka-servers localhost:9092 --consul http://127.0.0.1:8500
  nodesmith registry --host 0.0.0.0 --token-file /run/secrets/registry-token"""


@click.command(
    "registry",
    help="Show who is on the bus: as a page, as an HTTP API and, where it is wanted, in Consul.\n\nIt keeps nothing: it asks "
    "every node and listens. So it can be killed and started again at any time, and several may run side by side. Without a "
    "token it listens on this machine alone; with one, all but /health/live, the login and the page's own files needs it.",
    epilog=EXAMPLE,
)
@servers_option(help="Where the bus is.", default=DEFAULT_SERVERS)
@click.option(
    "--consul",
    metavar="URL",
    default="",
    help="Show the nodes in this Consul as well; else where CONSUL_HTTP_ADDR says, if it does.",
)
@click.option(
    "--fleet", default="default", show_default=True, help="What tells these nodes from others in Consul."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port; 0 picks a free one.",
)
@click.option(
    "--token-file",
    metavar="FILE",
    help="A file with the token; else NODESMITH_REGISTRY_TOKEN, or the file that NODESMITH_REGISTRY_TOKEN_FILE names.",
)
@click.option(
    "--log-level", type=click.Choice(LOG_LEVELS, case_sensitive=False), default="INFO", show_default=True
)
@click.option(
    "--log-format", type=click.Choice(LOG_FORMATS, case_sensitive=False), default="console", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as one line of JSON.")
@click.option(
    "--grafana",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _option, wanted: _show_dashboard(context) if wanted else None,
    help="Print a Grafana dashboard of nodes and registry, and end.",
)
def command(  # noqa: PLR0917 - click gives every option by its name
    kafka_servers: str,
    consul: str,
    fleet: str,
    host: str,
    port: int,
    token_file: str | None,
    log_level: str,
    log_format: str,
    as_json: bool,
) -> None:
    """Listen, say so, and wait for SIGTERM or SIGINT."""
    from nodesmith import __version__
    from nodesmith.registry.consul.settings import read_consul_settings
    from nodesmith.registry.settings import RegistrySettings, read_token
    from nodesmith.runtime.identity import default_instance_id
    from nodesmith.runtime.logs import set_up_logging

    settings = RegistrySettings(
        kafka_servers=kafka_servers,
        host=host,
        port=port,
        token=read_token(token_file),
    )
    consul_settings = read_consul_settings(consul, fleet=fleet)
    about = {"node": "registry", "instance": default_instance_id(), "version": __version__}
    set_up_logging(level=log_level.upper(), log_format=log_format.lower(), about=about)
    asyncio.run(_run(settings, consul_settings, as_json=as_json))


def _show_dashboard(context: click.Context) -> None:
    from nodesmith.registry.grafana.dashboard import dashboard

    click.echo(json.dumps(dashboard(), indent=2))
    context.exit()


async def _run(settings: RegistrySettings, consul: ConsulSettings | None, *, as_json: bool) -> None:
    from nodesmith.registry.http.server import RegistryServer
    from nodesmith.registry.projections import make_registry

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    registry = make_registry(settings, consul=consul)
    server = RegistryServer(registry)
    try:
        await server.start()
        await registry.start()
        _say(server.address, settings, consul, as_json=as_json)
        await stop.wait()
    finally:
        await server.stop()
        await registry.stop()


def _say(address: str, settings: RegistrySettings, consul: ConsulSettings | None, *, as_json: bool) -> None:
    elsewhere = consul.address if consul else None
    if as_json:
        said = {"address": address, "kafka_servers": settings.kafka_servers, "consul": elsewhere}
        click.echo(json.dumps(said))
        return
    also = f", and in Consul at {elsewhere}" if elsewhere else ""
    guarded = "; it asks for the token" if settings.token else ""
    click.echo(f"the nodes on {settings.kafka_servers} are shown at {address}{also}{guarded}")
