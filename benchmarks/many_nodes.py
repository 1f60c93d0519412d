"""Measure one registry of many instances, and the least that reads the same records beside it.

Instances are simulated in one process, on the real protocol: what they say is made by the runtime. The registry is a real
process, asked over HTTP.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from buses import BROKERS, running
from fleet.page import look
from fleet.processes import HEALTH, Measured, MeasuredRegistry, bare, registry
from measuring import judge
from support.many_nodes import RunningSimulator, running_simulator
from support.ports import free_port
from support.watching import watching

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTICE_LIMIT_SECONDS = 1.0
REBUILD_LIMIT_SECONDS = 5.0
HEARTBEATS_TO_LIVE = 3
CRASHED = 100
ASKED = 20
FLOOR = "/health/live"
PATHS = (
    FLOOR,
    HEALTH,
    "/api/v1/nodes?summary=1",
    "/api/v1/nodes",
    "/api/v1/nodes?q=worker_0007",
    "/api/v1/graph",
    "/api/v1/prometheus/targets",
    "/metrics",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """How many there are, and how often each beats."""

    nodes: int
    instances: int
    heartbeat_seconds: float

    @property
    def all(self) -> int:
        """How many instances there are."""
        return self.nodes * self.instances

    @property
    def ttl_seconds(self) -> float:
        """How long a word of theirs holds."""
        return self.heartbeat_seconds * HEARTBEATS_TO_LIVE


def main() -> int:
    """Print what was measured; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=200, help="names (default 200)")
    parser.add_argument("--instances", type=int, default=50, help="instances of each (default 50)")
    parser.add_argument(
        "--heartbeat", type=float, default=10.0, help="seconds between heartbeats (default 10)"
    )
    parser.add_argument(
        "--broker", choices=BROKERS, action="append", help="only this one; may be given again"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="how long each steady time is (default 10)"
    )
    options = parser.parse_args()
    fleet = Fleet(nodes=options.nodes, instances=options.instances, heartbeat_seconds=options.heartbeat)
    holds = True
    for broker in options.broker or BROKERS:
        with running(broker) as servers:
            if servers:
                print(
                    f"{fleet.all:,} instances of {fleet.nodes} nodes, each with a heartbeat in {fleet.heartbeat_seconds:g} s,"
                    f" on {broker} (load {os.getloadavg()[0]:.1f}):"
                )
                holds = measure(servers, fleet, options.seconds) and holds
    return int(not holds)


def measure(servers: str, fleet: Fleet, seconds: float) -> bool:
    """Measure everything on one broker; return whether the limits hold."""
    port, crashed = free_port(), min(CRASHED, fleet.all // 10)
    left = fleet.all - crashed
    with ExitStack() as stack:
        simulator = stack.enter_context(
            running_simulator(
                servers,
                nodes=fleet.nodes,
                instances=fleet.instances,
                heartbeat_seconds=fleet.heartbeat_seconds,
            )
        )
        with registry(servers, port) as first:
            first.wait_until_alive(fleet.all)
            with bare(servers, fleet.all) as floor:
                steady(first, floor, seconds)
                late = notice(first, simulator, crashed, fleet)
            answers(first)
            page(first)
            first.process.send_signal(signal.SIGKILL)
            first.process.wait()
        with bare(servers, left) as floor:
            least, least_processor = time.monotonic() - floor.started_at, floor.processor
        with registry(servers, port) as second:
            rebuilt, processor = second.wait_until_alive(left), second.processor
    print(
        f"  rebuilt: {rebuilt:.2f} s, {processor:.2f} s of processor; bare {least:.2f} s, {least_processor:.2f} s;"
        f" ratio {rebuilt / least:.1f}, {processor / least_processor:.1f}"
    )
    holds = (
        judge("a crash noticed, after the time to live", late, NOTICE_LIMIT_SECONDS, unit=" s"),
        judge(
            "rebuilt after kill -9, from the start of the process", rebuilt, REBUILD_LIMIT_SECONDS, unit=" s"
        ),
    )
    return all(holds)


def steady(ours: MeasuredRegistry, floor: Measured, seconds: float) -> None:
    """Let time pass, with nobody who watches, and then with one, and print what that costs."""
    time.sleep(seconds)  # what it cost to hear of all is over
    used = share((ours, floor), seconds)
    print(
        f"  steady: {used[0]:.1%} of a processor, {ours.megabytes:.0f} MB; bare {used[1]:.1%}, {floor.megabytes:.0f} MB;"
        f" ratio {used[0] / used[1]:.1f}"
    )
    with watching("127.0.0.1", ours.port) as seen:
        before, events = seen.size, seen.events
        used = share((ours, floor), seconds)
        kilobytes, number = (
            (seen.size - before) / 1024 / seconds,
            (seen.events - events) / seconds,
        )
    print(
        f"  one who watches: {used[0]:.1%}; bare {used[1]:.1%}; {kilobytes:.0f} KB/s, {number:.0f} events/s"
    )


def share(processes: Sequence[Measured], seconds: float) -> list[float]:
    """Return what part of a processor each of them uses for some time."""
    before, begun = [each.processor for each in processes], time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - begun
    return [(each.processor - earlier) / passed for each, earlier in zip(processes, before, strict=True)]


def notice(ours: MeasuredRegistry, simulator: RunningSimulator, number: int, fleet: Fleet) -> float:
    """Let some crash, and return how long after its time to live the last of them was told to be lost."""
    with watching("127.0.0.1", ours.port) as seen:
        beats: dict[str, float] = simulator.do("crash", number)["beats"]
        lost = seen.wait_until_told("lost", beats, seconds=fleet.ttl_seconds + 60)
    late = [lost[node_id] - beat_at - fleet.ttl_seconds for node_id, beat_at in beats.items()]
    others = len(lost.keys() - beats.keys())
    print(
        f"  {number} crashed: noticed {statistics.median(late):.2f} s after their time to live, the last {max(late):.2f} s;"
        f" {others} others taken for lost; {ours.megabytes:.0f} MB"
    )
    return max(late)


def page(ours: MeasuredRegistry) -> None:
    """Print how the page is to somebody who looks."""
    seen = look(f"http://127.0.0.1:{ours.port}")
    if isinstance(seen, str):
        print(f"  page left out: {seen}")
        return
    print(
        f"  page: first list {seen.first_list:.0f} ms; a key in the search {seen.key:.0f} ms, at most {seen.slowest_key:.0f} ms"
        f" with two frames; tasks over 50 ms {seen.busy:.0f} ms in a second, the longest {seen.longest:.0f} ms"
    )


def answers(ours: MeasuredRegistry) -> None:
    """Ask each path some times, with pauses in which records come, and print how long that takes."""
    for path in PATHS:
        seconds = []
        for _ in range(ASKED):
            body, took = ours.get(path)
            seconds.append(took * 1000)
            time.sleep(0.05)
        seconds.sort()
        print(
            f"  {path:28} {statistics.median(seconds):7.1f} ms, at most {seconds[-1]:7.1f} ms   {len(body) / 1024:8.1f} KB"
        )


if __name__ == "__main__":
    sys.exit(main())
