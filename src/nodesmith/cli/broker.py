"""`nodesmith broker`: run the embedded broker until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import resource
import signal
from pathlib import Path

import click

from nodesmith.errors import InputError

# Beside the locks of what was generated here, and apart from them: data is not for version control.
DEFAULT_DATA_DIR = Path(".nodesmith") / "data" / "broker"
OPEN_FILES = 10_000
PURPOSE = "for a laptop and for tests, not for production: one process, no replicas, no TLS"
OFF = -1
_UNITS = {"B": (1000, 0)} | {
    f"{letter}{unit}": (base, power)
    for power, letter in enumerate("KMGT", start=1)
    for unit, base in (("B", 1000), ("IB", 1024))
}
_SIZE = re.compile(rf"([0-9]{{1,15}})\s*({'|'.join(_UNITS)})?", re.IGNORECASE)


@click.command(
    "broker",
    help="Run a Kafka-protocol broker for a laptop and for tests.\n\nNot for production: one process, no replicas, no TLS or "
    "logins, no transactions. Any Kafka client can use it. Records and committed offsets stay in the data folder "
    "until they are deleted, and survive a killed broker (not a power cut). `nodesmith topics` makes topics, shows and deletes "
    "them.",
    epilog="\b\nExamples:\n  nodesmith broker\n  nodesmith broker --port 0 --data-dir /tmp/broker --json\n"
    "  nodesmith broker --retention-bytes 100MB",
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
@click.option(
    "--retention-bytes",
    default="off",
    show_default=True,
    metavar="N|off",
    callback=lambda _context, _option, value: read_size(value),
    help="How much of each partition is kept at least, such as 100MB; older records go, a segment at a time. A topic's own "
    "retention.bytes comes first.",
)
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as one line of JSON.")
def command(
    host: str, port: int, data_dir: Path, partitions: int, retention_bytes: int, as_json: bool
) -> None:
    """Listen, say so, and wait for SIGTERM or SIGINT."""
    _allow_open_files()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    asyncio.run(
        _run(
            host=host,
            port=port,
            data_dir=data_dir.absolute(),
            partitions=partitions,
            retention_bytes=retention_bytes,
            as_json=as_json,
        )
    )


def read_size(text: str) -> int:
    """Return the bytes of `1000`, `100MB`, `2GiB`; -1 for `off`. Raises InputError for anything else."""
    if text == "off":
        return OFF
    match = _SIZE.fullmatch(text)
    if match is None:
        raise InputError(
            f"'{text}' is no size", fix="write a number of bytes, such as 500000, 100MB or 2GiB, or off"
        )
    base, power = _UNITS[(match[2] or "B").upper()]
    return int(match[1]) * int(base**power)


def _allow_open_files() -> None:
    """Raise the soft limit of open files, usually 1024: every partition and every connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < OPEN_FILES:
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _run(
    *, host: str, port: int, data_dir: Path, partitions: int, retention_bytes: int, as_json: bool
) -> None:
    from nodesmith.broker import EmbeddedBroker

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with EmbeddedBroker(
        host=host, port=port, data_dir=data_dir, partitions=partitions, retention_bytes=retention_bytes
    ) as broker:
        if as_json:
            place = {"host": host, "port": broker.port, "kafka_servers": broker.bootstrap_servers}
            click.echo(json.dumps({**place, "data_dir": str(data_dir)}))
        else:
            click.echo(f"listening on {broker.bootstrap_servers}, data in {data_dir}")
        click.echo(f"nodesmith broker: {PURPOSE}", err=True)
        await stop.wait()
