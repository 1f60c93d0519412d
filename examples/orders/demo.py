"""Show the whole way: a node made from a sentence, then the example system at work on an embedded broker.

Run it with `make demo`. It works in a temporary folder, stops everything that it started, and exits 0.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from nodesmith.runtime.caller import Answer, CommandCaller

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
NODESMITH = [sys.executable, "-m", "nodesmith"]
SENTENCE = (
    "An effect called newsletter_sender that sends newsletters over an HTTP API, in the marketing domain"
)
ORDERS = 20
CUSTOMERS = ("ada", "grace", "linus", "barbara")
START_SECONDS = 30.0
NEWCOMER = "newsletter_sender"


def main() -> int:
    """Run both halves of the demo and return 0, or fail loudly where a part does."""
    console = Console(soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="nodesmith-demo-") as folder:
        start_script = make_a_node(console, Path(folder))
        run_the_example(console, Path(folder) / "data", start_script)
    console.rule("done: everything is stopped")
    return 0


def make_a_node(console: Console, folder: Path) -> Path:
    """Make one node from a sentence, verify it, start it and stop it; return its start script."""
    console.rule("1. One sentence becomes a node")
    console.print(f"[bold]{SENTENCE}[/]")
    nodesmith("new", SENTENCE, "-o", str(folder), "--verify")
    (start_script,) = folder.glob("node_*/v*/start_node.py")
    port = free_port()
    with running([sys.executable, str(start_script), "--skip-event-bus", "--health-port", str(port)]) as node:
        state = wait_for_health(f"http://127.0.0.1:{port}/health/ready")
        console.print(f"started {start_script.parents[1].name}: process {node.pid}, {state}")
    console.print(f"stopped it: it drained and exited with {node.returncode}")
    return start_script


def nodesmith(*arguments: str) -> None:
    """Run one command of nodesmith's, and stop where it fails: it has said why."""
    status = subprocess.run([*NODESMITH, *arguments], check=False).returncode
    if status:
        raise SystemExit(status)


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for_health(url: str) -> str:
    """Ask a node for its health until it answers that it is ready, and return its state."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(json.load(answer)["state"])
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit(f"{url} did not answer within {START_SECONDS:.0f} s") from None
            time.sleep(0.05)


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a process until the block ends, then interrupt it as Ctrl-C does, and insist on exit status 0."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=START_SECONDS)
    finally:
        process.kill()
    if process.returncode:
        raise SystemExit(f"{command} exited with {process.returncode}")


def run_the_example(console: Console, data: Path, newcomer: Path) -> None:
    """Start broker, nodes and registry, send the orders, and show what came of them."""
    console.rule("2. Four nodes on an embedded broker, and a registry that shows them")
    command = [
        *NODESMITH,
        "up",
        str(HERE),
        "--port",
        "0",
        "--registry-port",
        "0",
        "--data-dir",
        str(data),
        "--json",
        "--log-level",
        "warning",
    ]
    with running(command) as system:
        if system.stdout is None or not (line := system.stdout.readline()):
            raise SystemExit("`nodesmith up` ended before its nodes were ready")
        up = json.loads(line)
        console.print(f"in a browser, while this runs: [bold]{up['registry']}[/]")
        with beside(newcomer, up["kafka_servers"], data / NEWCOMER) as process:
            asyncio.run(send_orders(console, up["kafka_servers"]))
            show_the_registry(console, up["registry"], process)


@contextmanager
def beside(start_script: Path, servers: str, data: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the node that was made from a sentence on the same bus; it is there to be killed."""
    variables = {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "NODESMITH_DATA_DIR": str(data),
        "HEARTBEAT_SECONDS": "0.5",
        "LOG_LEVEL": "ERROR",
    }
    with subprocess.Popen([sys.executable, str(start_script)], env={**os.environ, **variables}) as process:
        try:
            yield process
        finally:
            process.kill()


def show_the_registry(console: Console, address: str, newcomer: subprocess.Popen[bytes]) -> None:
    """Print what the registry says of the nodes and of a command, kill one, and see that it notices."""
    console.rule("4. What the registry shows")
    wait_for_state(address, "ready")
    columns = ("full_name", "archetype", "state", "live")
    nodes = ask(f"{address}/api/v1/nodes?summary=1")["nodes"]
    show(console, "nodes", [{column: node[column] for column in columns} for node in nodes])
    told = ask(f"{address}/api/v1/nodes/orders/order_fulfilment")["stats"][0]["stats"]
    (figures,) = [each for each in told["endpoints"] if each["name"] == "fulfil_order"]
    columns = ("name", "num_requests", "num_errors", "p50_ms", "p99_ms")
    show(console, "figures", [{column: figures[column] for column in columns}])
    newcomer.kill()
    killed = time.monotonic()
    wait_for_state(address, "lost")
    console.print(f"killed {NEWCOMER}: the registry called it lost {time.monotonic() - killed:.1f} s later")


def wait_for_state(address: str, state: str) -> None:
    """Ask the registry until it shows the node that was made from a sentence so."""
    deadline = time.monotonic() + START_SECONDS
    while state not in {node["state"] for node in ask(f"{address}/api/v1/nodes?q={NEWCOMER}")["nodes"]}:
        if time.monotonic() > deadline:
            raise SystemExit(f"the registry did not show {NEWCOMER} as {state} within {START_SECONDS:.0f} s")
        time.sleep(0.05)


def ask(url: str) -> Any:
    """Return the JSON of a GET request."""
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


async def send_orders(console: Console, servers: str) -> None:
    """Send the orders through the orchestrator, then ask the reducer for its totals."""
    console.rule(f"3. {ORDERS} orders through order_fulfilment")
    async with CommandCaller(bootstrap_servers=servers, source="demo") as caller:
        answers = await asyncio.gather(*(fulfil(caller, number) for number in range(ORDERS)))
        show(console, "results", [answer.payload for answer in answers])
        expected = sum((Decimal(str(answer.payload["total"])) for answer in answers), Decimal(0))
        show(console, "totals per customer", await totals(caller, expected))


async def fulfil(caller: CommandCaller, number: int) -> Answer:
    """Send order `number` and wait for its result."""
    lines = [{"sku": f"sku-{number % 3}", "quantity": number + 1, "unit_price": "9.90"}]
    return await caller.call(
        domain="orders",
        node="order_fulfilment",
        operation="fulfil_order",
        payload={
            "order_id": f"o-{number:02}",
            "customer_id": CUSTOMERS[number % len(CUSTOMERS)],
            "lines": lines,
        },
        timeout_seconds=START_SECONDS,
    )


async def totals(caller: CommandCaller, expected: Decimal) -> list[dict[str, Any]]:
    """Ask for each customer's state until the reducer has seen every order; it follows the store's events."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            answers = [
                await caller.call(
                    domain="orders",
                    node="order_totals",
                    operation="get_state",
                    payload={"customer_id": customer},
                    timeout_seconds=START_SECONDS,
                )
                for customer in CUSTOMERS
            ]
            rows = [dict(answer.payload) for answer in answers]
            if sum((Decimal(str(row["total"])) for row in rows), Decimal(0)) == expected:
                return rows


def show(console: Console, title: str, rows: list[dict[str, Any]]) -> None:
    """Print rows of plain data as a table."""
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
