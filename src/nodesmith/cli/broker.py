"""`nodesmith broker`: run the embedded broker until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import signal
from pathlib import Path

import click

# Beside the locks of what was generated here, and apart from them: data is not for version control.
DEFAULT_DATA_DIR = Path(".nodesmith") / "data" / "broker"
OPEN_FILES = 10_000
PURPOSE = "for a laptop and for tests, not for production: one process, no replicas, no TLS, records are kept until deleted"


@click.command(
    "broker",
    help="Run a Kafka-protocol broker for a laptop and for tests.\n\nNot for production: one process, no replicas, no TLS or "
    "logins, no transactions. Any Kafka client can use it. Records and committed offsets stay in the data folder "
    "until they are deleted, and survive a killed broker (not a power cut).",
    epilog="\b\nExamples:\n  nodesmith broker\n  nodesmith broker --port 0 --data-dir /tmp/broker --json",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=9092, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 picks a free one."
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_DATA_DIR,
    show_default=True,
    help="Folder for records and offsets; made where there is none.",
)
@click.option(
    "--partitions",
    default=4,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Partitions of a topic that is made by being used.",
)
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as one line of JSON.")
def command(host: str, port: int, data_dir: Path, partitions: int, as_json: bool) -> None:
    """Listen, say so, and wait for SIGTERM or SIGINT."""
    _allow_open_files()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    asyncio.run(
        _run(host=host, port=port, data_dir=data_dir.absolute(), partitions=partitions, as_json=as_json)
    )


def _allow_open_files() -> None:
    """Raise the soft limit of open files, usually 1024: every partition and every connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < OPEN_FILES:
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _run(*, host: str, port: int, data_dir: Path, partitions: int, as_json: bool) -> None:
    from nodesmith.broker import EmbeddedBroker

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with EmbeddedBroker(host=host, port=port, data_dir=data_dir, partitions=partitions) as broker:
        if as_json:
            click.echo(json.dumps({"host": host, "port": broker.port, "data_dir": str(data_dir)}))
        else:
            click.echo(f"listening on {broker.bootstrap_servers}, data in {data_dir}")
        click.echo(f"nodesmith broker: {PURPOSE}", err=True)
        await stop.wait()
