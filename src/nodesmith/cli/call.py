"""`nodesmith call`: send a command to a running node and print its result."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nodesmith.cli.operating.bus import DEFAULT_SERVERS, on_the_bus, servers_option
from nodesmith.cli.operating.notation import read_fields, read_json, read_target
from nodesmith.errors import CommandFailedError, InputError

if TYPE_CHECKING:
    from nodesmith.cli.operating.notation import Target
    from nodesmith.runtime.caller import Answer

EXAMPLE = """\b
Examples:
  nodesmith call customer_writer.upsert_customer email=a@b.c tags:='["x"]'
  nodesmith call crm/customer_writer.upsert_customer --input customer.json
  echo '{"customer_id": "c1"}' | nodesmith call order_totals.get_state --input - --json"""


@click.command(
    "call",
    help="Send a command to a running node and print its result.\n\nTARGET is [DOMAIN/]NODE.OPERATION; the operation may be "
    "left out where the node has one, and the domain where one domain has a node of that name. Each FIELD is "
    "name=text or name:=JSON, as in HTTPie, and wins over the same field in --input. A command that fails, and one nobody "
    "answers, is exit status 5.",
    epilog=EXAMPLE,
)
@click.argument("target")
@click.argument("fields", nargs=-1, metavar="[FIELD]...")
@click.option(
    "--input", "source", metavar="FILE|-", help="Read the input from a file with a JSON object, or from -."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the result.",
)
@click.option("--key", help="The record key: commands with the same one are handled in order.")
@click.option("--domain", default="", help="The node's domain, where several have a node of that name.")
@servers_option(help="Where the bus is.", default=DEFAULT_SERVERS)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON with the result and its ids.")
def command(
    target: str,
    fields: tuple[str, ...],
    source: str | None,
    timeout: float,
    key: str | None,
    domain: str,
    kafka_servers: str,
    as_json: bool,
) -> None:
    """Read what is asked, ask it, and print the answer."""
    import asyncio

    asked = read_target(target, domain=domain)
    payload = {**(_read_input(source) if source else {}), **read_fields(fields)}
    answer = asyncio.run(_call(asked, payload, seconds=timeout, key=key, kafka_servers=kafka_servers))
    if as_json:
        click.echo(json.dumps(_as_data(answer), ensure_ascii=False))
    else:
        click.echo(json.dumps(answer.payload, indent=2, ensure_ascii=False))


def _read_input(source: str) -> dict[str, object]:
    place = "standard input" if source == "-" else source
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{place} cannot be read: {error}", fix="give a file with a JSON object") from error
    value = read_json(text, place=place)
    if not isinstance(value, dict):
        raise InputError(f"{place} holds no JSON object", fix='write {"field": value, ...}')
    return value


async def _call(
    asked: Target, payload: dict[str, object], *, seconds: float, key: str | None, kafka_servers: str
) -> Answer:
    from nodesmith.cli.operating.resolve import resolve
    from nodesmith.runtime.caller import CommandCaller

    async with on_the_bus(kafka_servers) as publisher:
        found = await resolve(asked, publisher=publisher, seconds=seconds)
        async with CommandCaller(publisher=publisher, source=publisher.source) as caller:
            try:
                return await caller.call(
                    found.domain, found.node, found.operation, payload, timeout_seconds=seconds, key=key
                )
            except CommandFailedError as error:
                error.message = f"{found.node}.{found.operation} failed: {error.error_type}: {error.message}"
                error.fix = "it may succeed when tried again" if error.retryable else ""
                raise


def _as_data(answer: Answer) -> dict[str, object]:
    return {
        "node": answer.node,
        "operation": answer.operation,
        "payload": answer.payload,
        "correlation_id": str(answer.correlation_id),
        "ms": round(answer.seconds * 1000, 3),
    }
