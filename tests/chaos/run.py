"""One run of a scenario, from the first command to the count."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from chaos import events
from chaos.arena import Arena, Plan, open_arena
from chaos.bus import STOPPED
from chaos.topics import read_results, uncommitted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from chaos.scenarios import Scenario

# Deadlines that only end what will never be: this machine may be busy with other things.
PATIENCE_SECONDS = 240.0
_STUCK_SECONDS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was counted, and every promise that was not kept."""

    scenario: str
    broker: str
    seed: int
    commands: int
    sent_twice: int
    results: int
    effects: int
    repeated: int
    lost: int
    out_of_order: int
    exits: str
    longest_gap: float
    seconds: float
    faults: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


def run_scenario(
    scenario: Scenario, *, seed: int, commands: int, broker: str, folder: Path, script: Path | None = None
) -> Row:
    """Do everything `scenario` does, with real processes in `folder`, and count; `script` starts its ledger, if it is made."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        seed=seed,
        commands=commands,
        broker=broker,
        through_proxy=scenario.through_proxy,
        on_small_disk=scenario.on_small_disk,
        with_clock=scenario.with_clock,
        ledger=scenario.ledger,
        script=script,
    )
    with open_arena(plan, folder) as arena:
        for number in range(scenario.instances):
            arena.fleet.start(f"node-{number + 1}")
        arena.fleet.wait_ready()
        started = time.monotonic()
        _let_happen(arena, scenario, seed=seed)
        faults = _settle(arena)
        return _count(arena, scenario, seed=seed, started=started, faults=faults)


def _let_happen(arena: Arena, scenario: Scenario, *, seed: int) -> None:
    """Let commands flow, and an event come at a random moment of each stretch of them."""
    wanted = scenario.events(Random(seed), commands=len(arena.commands))
    stretch = len(arena.commands) / (len(wanted) + 1)
    for number, event in enumerate(wanted):
        arena.sender.allow(int(stretch * (number + 1)))
        moment = int(stretch * (number + arena.random.random()))
        # Where nothing moves any more the next event comes all the same.
        arena.watch.wait(partial(arena.watch.has, moment), seconds=_STUCK_SECONDS)
        arena.sender.allow(int(stretch * (number + 2)))
        event(arena)
    arena.sender.allow(len(arena.commands))


def _settle(arena: Arena) -> list[str]:
    """Let everything get well and come to its end; return what did not."""
    events.calm(arena)
    wait = arena.watch.wait
    faults = []
    if not wait(lambda: arena.sender.done, seconds=PATIENCE_SECONDS):
        faults.append(f"the broker has {arena.sender.acknowledged} commands")
    if not wait(partial(arena.watch.has, len(arena.commands)), seconds=PATIENCE_SECONDS):
        faults.append(f"{arena.watch.rows} effects after {PATIENCE_SECONDS:g} s")
    if not wait(lambda: not uncommitted(arena.bus.servers), seconds=PATIENCE_SECONDS):
        faults.append(f"{uncommitted(arena.bus.servers)} commands are not committed")
    if not wait(lambda: not arena.waiting_in_outboxes(), seconds=PATIENCE_SECONDS):
        faults.append(f"{arena.waiting_in_outboxes()} records wait in outboxes")
    arena.fleet.stop_all()
    if left := arena.waiting_in_outboxes():
        faults.append(f"{left} records are left in outboxes")
    return faults


def _count(arena: Arena, scenario: Scenario, *, seed: int, started: float, faults: list[str]) -> Row:
    effects = arena.sink.count()
    results = read_results(arena.bus.servers)
    arena.bus.stop()
    asked = {command.id for command in arena.commands}
    lost = len(asked - effects.commands)
    found = {
        "commands have no effect": lost,
        "effects are of no command": len(effects.commands - asked),
        "effects were repeated": 0 if scenario.may_repeat else effects.repeated,
        "effects are out of order": effects.out_of_order,
        "commands have no result": len(asked - results.commands),
        "results are of no command": len(results.commands - asked),
        "commands have results that differ": results.different,
        "commands failed": results.failed,
        "dead letters": results.dead_letters,
    }
    faults += [f"{number} {what}" for what, number in found.items() if number]
    faults += [each.fault for each in arena.fleet.exits if each.fault]
    killed, orderly = arena.bus.exits[:-1], arena.bus.exits[-1]
    if orderly != STOPPED[arena.bus.kind]:
        faults.append(f"the broker ended with {orderly}")
    return Row(
        scenario=scenario.name,
        broker=arena.bus.kind,
        seed=seed,
        commands=len(arena.commands),
        sent_twice=arena.sender.sent_twice,
        results=results.total,
        effects=effects.distinct,
        repeated=effects.repeated,
        lost=lost,
        out_of_order=effects.out_of_order,
        exits=_exits("node", (each.status for each in arena.fleet.exits))
        + "; "
        + _exits("broker", [*killed, orderly]),
        longest_gap=round(arena.watch.longest_gap, 1),
        seconds=round(time.monotonic() - started, 1),
        faults=faults,
    )


def _exits(what: str, statuses: Iterable[int]) -> str:
    counted = Counter(statuses)
    return f"{what} " + " ".join(
        f"{status}\u00d7{counted[status]}" for status in sorted(counted, reverse=True)
    )
