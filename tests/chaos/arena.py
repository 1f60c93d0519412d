"""Everything one scenario runs on: broker, proxy, instances, sender, sink, and the chance that chooses among them."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from chaos.bus import Bus
from chaos.clock import Clock
from chaos.disk import Disk, small_disk
from chaos.fleet import Fleet
from chaos.interference import Proxy
from chaos.ledger import GROUP, write_ledger
from chaos.sender import Sender, commands_of
from chaos.sink import Sink
from chaos.states import States
from chaos.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from chaos.ledger import Kind
    from chaos.sender import Command
    from chaos.sink import Counted

ACCOUNTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """What an event of a scenario may lay hands on."""

    random: Random
    commands: Sequence[Command]
    bus: Bus
    proxy: Proxy | None
    servers: str
    sink: Counted
    sender: Sender
    fleet: Fleet
    watch: Watch
    disk: Disk | None
    clock: Clock | None
    data: Path

    def pass_time(self, least: float, most: float) -> None:
        """Let everything go on for a while, of a length that chance chooses."""
        self.watch.wait(lambda: False, seconds=self.random.uniform(least, most))

    def waiting_in_outboxes(self) -> int:
        """Return how many records are in the files of all instances."""
        total = 0
        for path in self.data.glob("*/outbox-*.sqlite3"):
            with closing(sqlite3.connect(path, timeout=10)) as database:
                total += int(database.execute("SELECT count(*) FROM waiting").fetchone()[0])
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an arena is built from; `script` starts the node, which is made here where there is none yet."""

    seed: int
    commands: int
    broker: str
    through_proxy: bool = False
    on_small_disk: bool = False
    with_clock: bool = False
    ledger: Kind = "recorded"
    script: Path | None = None


@contextmanager
def open_arena(plan: Plan, folder: Path) -> Iterator[Arena]:
    """Start everything but the instances; nothing is left running at the end, whatever happens."""
    random = Random(plan.seed)
    commands = commands_of(random, count=plan.commands, accounts=ACCOUNTS)
    script = plan.script or write_ledger(folder / "node", kind=plan.ledger)
    data, rows = folder / "data", Sink(folder / "sink.sqlite3")
    rows.make()
    sink = States(data / GROUP / "state.sqlite", commands) if plan.ledger == "reducer" else rows
    with ExitStack() as stack:
        bus = Bus(plan.broker, folder / "bus")
        stack.callback(bus.close)
        proxy = Proxy(bus.port) if plan.through_proxy else None
        if proxy is not None:
            stack.callback(proxy.close)
        servers = proxy.servers if proxy else bus.servers
        disk = stack.enter_context(small_disk(data, commands=plan.commands)) if plan.on_small_disk else None
        clock = Clock(folder) if plan.with_clock else None
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "NODESMITH_DATA_DIR": str(data),
            "SQLITE_PATH": str(rows.path),
            **(clock.variables if clock else {}),
        }
        fleet = Fleet(script, folder / "logs", environment)
        stack.callback(fleet.close)
        sender = stack.enter_context(Sender(servers, commands))
        yield Arena(
            random=random,
            commands=commands,
            bus=bus,
            proxy=proxy,
            servers=servers,
            sink=sink,
            sender=sender,
            fleet=fleet,
            watch=Watch(sink),
            disk=disk,
            clock=clock,
            data=data,
        )
