"""A system of processes: a broker, nodes and a registry that shows them, started, watched, and ended in order."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import field
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nodesmith.cli.operating.announced import Announced
from nodesmith.cli.operating.bus import on_the_bus
from nodesmith.cli.operating.children import Child, exit_words, start_child, stop_children
from nodesmith.cli.operating.registry_view import RegistryView
from nodesmith.errors import InputError, NoAnswerError, SystemFailedError
from nodesmith.records import dataclass
from nodesmith.runtime.discovery import discover
from nodesmith.runtime.settings import NodeSettings
from nodesmith.runtime.threads import in_thread
from nodesmith.runtime.topic_reader import bus_unavailable
from nodesmith.runtime.watchdog import CLOSE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from pathlib import Path

    from nodesmith.cli.operating.children import Hurry
    from nodesmith.cli.operating.find_nodes import FoundNode
    from nodesmith.runtime.census import SeenNode

T = TypeVar("T")

BROKER = "broker"
REGISTRY = "registry"
START_SECONDS = 60.0
BROKER_STOP_SECONDS = 10.0
REGISTRY_STOP_SECONDS = 10.0
# For the goodbyes of nodes that have ended to be shown.
GOODBYE_SECONDS = 2.0
# For a broker that somebody else runs to answer at all.
BROKER_ANSWER_SECONDS = 10.0
# What a node may take beyond its own deadline to end, and a moment.
GRACE_SECONDS = CLOSE_SECONDS + 5.0
OTHER_REGISTRY_PORT = "use another port (--registry-port 0: a free one), or no registry (--no-registry)"
COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryPlan:
    """How the registry is to run: its port, 0 for any free one; the Consul to show nodes in, where one is named; its token."""

    port: int
    consul: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to run, and how; without a `registry`, none does."""

    nodes: tuple[FoundNode, ...]
    kafka_servers: str | None
    port: int
    data_dir: Path
    log_level: str
    registry: RegistryPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningNode:
    """A node of ours that is ready: its process, and what it says of itself."""

    found: FoundNode
    child: Child
    seen: SeenNode


@dataclass(slots=True, kw_only=True)
class System:
    """The processes that were started so far, and where their bus is and the registry's page."""

    plan: Plan
    kafka_servers: str = ""
    registry_address: str | None = None
    broker: Child | None = None
    registry: Child | None = None
    nodes: dict[str, Child] = field(default_factory=dict)
    _running: tuple[RunningNode, ...] = ()

    async def start(self) -> tuple[RunningNode, ...]:
        """Start the broker and all nodes, and return when every node is ready; raise SystemFailedError otherwise."""
        make_data_dir(self.plan.data_dir)
        if self.plan.registry is not None:
            check_port(self.plan.registry.port, fix=OTHER_REGISTRY_PORT)
        if self.plan.kafka_servers:
            await check_broker(self.plan.kafka_servers, seconds=BROKER_ANSWER_SECONDS)
        self.kafka_servers = self.plan.kafka_servers or await self._start_broker()
        announced = await self._start_registry(self.plan.registry) if self.plan.registry else None
        for node in self.plan.nodes:
            self.nodes[self._instance(node)] = await start_child(
                node.label,
                [sys.executable, str(node.start_script)],
                environment=self._environment(node),
                on_line=self._show,
            )
        return await self._unless_one_dies(self._ready(announced))

    async def watch(self) -> None:
        """Raise SystemFailedError as soon as a process has ended that should not have."""
        await self._unless_one_dies(asyncio.Event().wait())

    async def stop(self, *, hurry: Hurry) -> bool:
        """End the nodes, then the registry and the broker; return whether all did their last work and none had to be killed."""
        ended = await stop_children(
            list(self.nodes.values()), seconds=drain_seconds() + GRACE_SECONDS, hurry=hurry
        )
        if not hurry.cut_short.is_set():
            await self._see_goodbyes()
        for child, seconds in ((self.registry, REGISTRY_STOP_SECONDS), (self.broker, BROKER_STOP_SECONDS)):
            ended |= await stop_children([child] if child else [], seconds=seconds, hurry=hurry)
        # Before its handlers stand, a process is ended by the signal itself; it had no work yet.
        good = {0} if self._running else {0, -signal.SIGTERM}
        bad = {child: status for child, status in ended.items() if status not in good}
        for child, status in bad.items():
            say(f"{child.label} did not end well: {exit_words(status)}")
        return not bad

    def children(self) -> list[Child]:
        """Return every process that was started."""
        return [child for child in (self.broker, self.registry) if child is not None] + [*self.nodes.values()]

    async def _start_broker(self) -> str:
        port = self.plan.port
        check_port(
            port,
            fix=f"use the broker that is there (--kafka-servers localhost:{port}), or another port (--port 0: a free one)",
        )
        announced = Announced("port", show=self._show)
        self.broker = await start_child(
            BROKER,
            [
                *(sys.executable, "-m", "nodesmith", "broker", "--json"),
                *("--port", str(self.plan.port), "--data-dir", str(self.plan.data_dir / BROKER)),
            ],
            environment={},
            on_line=announced.on_line,
        )
        listens_at = await self._unless_one_dies(announced.wait(BROKER, seconds=START_SECONDS))
        return f"127.0.0.1:{listens_at}"

    async def _start_registry(self, plan: RegistryPlan) -> Announced:
        announced = Announced("address", show=self._show)
        self.registry = await start_child(
            REGISTRY,
            [
                *(sys.executable, "-m", "nodesmith", "registry", "--json", "--port", str(plan.port)),
                *("--kafka-servers", self.kafka_servers, "--log-level", self.plan.log_level),
                *("--log-format", NodeSettings.from_environment().log_format),
                *(("--consul", plan.consul) if plan.consul else ()),
            ],
            environment={},
            on_line=announced.on_line,
        )
        return announced

    def _environment(self, node: FoundNode) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka_servers,
            "NODESMITH_SKIP_EVENT_BUS": "0",
            "NODESMITH_DATA_DIR": str(self.plan.data_dir / node.folder.name),
            "NODE_INSTANCE_ID": self._instance(node),
            "HEALTH_PORT": "0",
            "LOG_LEVEL": self.plan.log_level,
        }

    def _instance(self, node: FoundNode) -> str:
        """Return the id by which this node's introspection is known among those of others on the same bus."""
        return f"{socket.gethostname()}-{os.getpid()}-{node.label}"

    async def _ready(self, announced: Announced | None) -> tuple[RunningNode, ...]:
        """Ask the bus until every node has said it is ready, and the registry until it shows that."""
        async with on_the_bus(self.kafka_servers) as publisher:
            seen = await discover(publisher=publisher, seconds=START_SECONDS, enough=self._all_ready)
        if not self._all_ready(seen):
            raise self._not_ready(seen)
        by_instance = {node.instance_id: node for node in seen}
        self._running = tuple(
            RunningNode(found=found, child=self.nodes[instance], seen=by_instance[instance])
            for found in self.plan.nodes
            for instance in [self._instance(found)]
        )
        if announced is not None:
            self.registry_address = str(await announced.wait(REGISTRY, seconds=START_SECONDS))
            await self._see_ready(self._view(self.registry_address))
        return self._running

    async def _see_ready(self, view: RegistryView) -> None:
        labels = {_life(node): node.found.label for node in self._running}
        if missing := await view.wait_ready(labels, seconds=START_SECONDS):
            states = [f"{labels[life]} as {state or 'not there'}" for life, state in missing.items()]
            raise NoAnswerError(
                f"every node is ready, but after {START_SECONDS:g} s the registry shows {', '.join(states)}",
                fix="see the logs above; --no-registry runs the nodes without it",
            )

    async def _see_goodbyes(self) -> None:
        """Let the registry show, and Consul hear, that the nodes have ended, before it ends itself."""
        if self.registry_address is not None:
            lives = [_life(node) for node in self._running]
            await self._view(self.registry_address).wait_ended(lives, seconds=GOODBYE_SECONDS)

    def _view(self, address: str) -> RegistryView:
        return RegistryView(address, token=self.plan.registry.token if self.plan.registry else "")

    def _all_ready(self, seen: Sequence[SeenNode]) -> bool:
        return self.nodes.keys() <= {node.instance_id for node in seen if node.state == "ready"}

    def _not_ready(self, seen: Sequence[SeenNode]) -> NoAnswerError:
        states = {node.instance_id: f"is {node.state}, see {node.health}" for node in seen}
        reports = [
            f"{child.label} {states.get(instance, 'does not answer on the bus')}"
            for instance, child in self.nodes.items()
            if states.get(instance) != "ready"
        ]
        return NoAnswerError(
            f"not ready within {START_SECONDS:g} s: {'; '.join(reports)}", fix="see the logs above"
        )

    async def _unless_one_dies(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns; raise SystemFailedError when one of our processes ends before."""
        working = asyncio.create_task(work)
        endings = {asyncio.create_task(child.ended()): child for child in self.children()}
        try:
            await asyncio.wait({working, *endings}, return_when=asyncio.FIRST_COMPLETED)
            for ending, child in endings.items():
                if ending.done():
                    raise died(child, ending.result())
            return working.result()
        finally:
            for task in (working, *endings):
                task.cancel()
            await asyncio.wait({working, *endings})

    def _show(self, child: Child, line: str) -> None:
        """Write a line of a process, with its name before it; a standard error that is gone stops nobody's work."""
        labels = [BROKER, *(node.label for node in self.plan.nodes), REGISTRY]
        colour = COLOURS[labels.index(child.label) % len(COLOURS)]
        prefix = child.label.ljust(max(len(label) for label in labels))
        say(f"{click.style(prefix, fg=colour)} | {line}")


def say(text: str) -> None:
    """Write a line to standard error; one that is gone stops nobody's work."""
    with suppress(OSError):
        click.echo(text, err=True)


def died(child: Child, status: int) -> SystemFailedError:
    """Return the error that says how a process of ours ended, and what it said last."""
    said = "".join(f"\n    {line}" for line in child.last_lines)
    return SystemFailedError(
        f"{child.label} (process {child.pid}) ended by itself: {exit_words(status)}"
        + (f"; it said last:{said}" if said else "; it said nothing")
    )


def drain_seconds() -> float:
    """Return how long nodes may take to finish their work: the DRAIN_SECONDS they are given as well."""
    return NodeSettings.from_environment().drain_seconds


def make_data_dir(folder: Path) -> None:
    """Make the folder for data, which no version control is to take in."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        raise InputError(
            f"the data folder {folder} cannot be used: {error.strerror}", fix="choose another: --data-dir"
        ) from error


async def check_broker(kafka_servers: str, *, seconds: float) -> None:
    """Raise BusUnavailableError where no broker answers at `kafka_servers`, before anything is started."""
    async with on_the_bus(kafka_servers) as publisher:
        try:
            await asyncio.wait_for(publisher.connection.wait_up(), seconds)
        except TimeoutError:
            obstacle = await in_thread(publisher.connection.trouble.find)
            raise bus_unavailable(kafka_servers, f" within {seconds:g} s", obstacle=obstacle) from None


def check_port(port: int, *, fix: str) -> None:
    """Raise InputError where `port` is taken, before anything is started."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            pass
    except OSError as error:
        raise InputError(f"port {port} is taken: {error.strerror}", fix=fix) from error


def _life(node: RunningNode) -> tuple[str, str]:
    return node.seen.node_id, node.seen.incarnation
