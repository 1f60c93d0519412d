"""How many events a second a reducer counts, with its state in SQLite and in PostgreSQL, beside a node that keeps none.

First the store alone: events of 1,000 keys, one at a time and 32 at a time, as many as a node works on at once. Then whole
nodes on the embedded broker: consume, check, count, answer, acknowledge, commit.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from buses import BROKERS, KEYS, Side, measure, running

from nodesmith.runtime import Origin
from nodesmith.runtime.state_store.events import Applied, Event
from nodesmith.runtime.state_store.postgresql_table import PostgresqlState
from nodesmith.runtime.state_store.sqlite_table import SqliteState
from nodesmith.runtime.state_store.store import StateStore

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.postgresql import running_postgresql

if TYPE_CHECKING:
    from nodesmith.runtime.state_store.table import StateTable

AT_ONCE = (1, 32)


def main() -> int:
    """Print what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=10_000, help="how many a node counts (default 10,000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default 3)")
    parser.add_argument("--broker", choices=BROKERS, default="embedded")
    chosen = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, medians of {chosen.rounds}:")
    with ExitStack() as stack:
        try:
            url = stack.enter_context(running_postgresql()).url
        except pytest.skip.Exception as reason:
            print(f"left out: {reason}")
            url = ""
        _stores(url, chosen)
        _nodes(url, chosen)
    return 0


def _stores(url: str, chosen: argparse.Namespace) -> None:
    for name in ("SQLite", "PostgreSQL"):
        for at_once in AT_ONCE if name == "SQLite" or url else ():
            rates = []
            for _ in range(chosen.rounds):
                with tempfile.TemporaryDirectory() as folder:
                    table: StateTable = (
                        SqliteState(Path(folder) / "state.sqlite")
                        if name == "SQLite"
                        else PostgresqlState(url, node=str(uuid4()))
                    )
                    rates.append(asyncio.run(_count(table, chosen.events // 2, at_once=at_once)))
            print(f"  store alone, {name}, {at_once:2} at a time: {statistics.median(rates):8,.0f} events/s")


async def _count(table: StateTable, events: int, *, at_once: int) -> float:
    store = StateStore(table, place="here")
    await store.start()
    numbers = iter(range(events))

    async def work() -> None:
        for number in numbers:
            origin = Origin(topic="t", partition=0, offset=number, timestamp=number)
            key = str(number % KEYS)
            await store.apply(Event(key=key, envelope_id=uuid4(), fold=_fold, origin=origin))

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(at_once)))
    seconds = time.perf_counter() - begun
    await store.close()
    return events / seconds


def _fold(state: str | None) -> Applied:
    return Applied(state=str(int(state or "0") + 1))


def _nodes(url: str, chosen: argparse.Namespace) -> None:
    sides = [
        Side(name="node without state", program="node.py"),
        Side(name="reducer, SQLite", program="reducer.py", keyed=True),
    ]
    if url:
        environment = {"NODESMITH_STATE_URL": url}
        sides.append(
            Side(name="reducer, PostgreSQL", program="reducer.py", keyed=True, environment=environment)
        )
    with running(chosen.broker) as servers:
        rounds = [[measure(servers, side, chosen.events) for side in sides] for _ in range(chosen.rounds)]
    for number, side in enumerate(sides):
        rates = [each[number] for each in rounds]
        per_second = statistics.median(rate.per_second for rate in rates)
        used = statistics.median(rate.microseconds for rate in rates)
        print(
            f"  {side.name + ', ' + chosen.broker:34} {per_second:8,.0f} events/s, {used:,.0f} µs of processor each"
        )


if __name__ == "__main__":
    sys.exit(main())
