"""What commands that go onto the bus have in common: where it is, and a publisher on it."""

from __future__ import annotations

import logging
import re
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nodesmith.cli.options import json_option, with_all
from nodesmith.errors import InputError
from nodesmith.runtime.addresses import refuse_users
from nodesmith.runtime.settings import MAX_PORT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from nodesmith.runtime.bus import EventPublisher

F = TypeVar("F", bound="Callable[..., Any] | click.Command")

DEFAULT_SERVERS = "localhost:9092"
SERVER = re.compile(r"(?:[A-Za-z]+://)?(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
CLOSE_SECONDS = 2.0


def servers_option(*, help: str, default: str | None = DEFAULT_SERVERS) -> Callable[[F], F]:  # noqa: A002 - click's word
    """Return the option `--kafka-servers`."""
    return click.option(
        "--kafka-servers",
        metavar="HOST:PORT,...",
        envvar="KAFKA_BOOTSTRAP_SERVERS" if default else None,
        default=default,
        show_default=bool(default),
        show_envvar=bool(default),
        callback=lambda _context, _option, value: value if value is None else check_servers(value),
        help=help,
    )


def on_a_bus(function: F) -> F:
    """Add what every command has that asks a bus: where it is, and `--json`."""
    return with_all(function, servers_option(help="Where the bus is."), json_option)


def check_servers(servers: str) -> str:
    """Return `servers`; raise InputError where it is no list of HOST:PORT, which the Kafka client would guess about."""
    refuse_users(servers)
    for server in servers.split(","):
        match = SERVER.fullmatch(server.strip())
        if match is None or not 0 < int(match["port"]) <= MAX_PORT:
            raise InputError(
                f"'{server}' is no address of a Kafka broker",
                fix="write HOST:PORT, several with commas between: --kafka-servers localhost:9092",
            )
    return servers


@asynccontextmanager
async def on_the_bus(kafka_servers: str) -> AsyncIterator[EventPublisher]:
    """Give a publisher and close it; what its connection would log, a command says in its own error."""
    from nodesmith.runtime.bus import EventPublisher
    from nodesmith.runtime.tracing import start_tracing

    logging.getLogger("nodesmith.runtime").addHandler(logging.NullHandler())
    publisher = EventPublisher(bootstrap_servers=kafka_servers, source="nodesmith-cli")
    publisher.tracing = start_tracing({"service.name": "nodesmith"}, console=sys.stderr)
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.close(CLOSE_SECONDS)
        if publisher.tracing is not None:
            await publisher.tracing.close()
