"""How many commands a second: consume, check, handle, answer, acknowledge, commit; a node, FastStream and a bare loop.

Commands of 1 KB wait in a topic of four partitions before a side starts; the clock runs from its first answer to its last,
as a client of our own sees them. The sides take turns, so that other load meets all of them: go by the ratios.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys

from buses import BROKERS, Rate, Side, measure, measure_together, running

NODE = Side(name="node", program="node.py")
BARE = Side(name="bare client loop", program="bare_loop.py")
RIVALS = tuple(
    Side(name=f"FastStream, {what}", program="faststream_app.py", environment={"BENCH_MODE": mode})
    for mode, what in (
        ("one", "one subscriber"),
        ("partitions", "a subscriber a partition"),
        ("batches", "a handler of batches"),
        ("workers", "32 workers, ACK_FIRST (not at least once)"),
    )
)
LEAST_OF_FASTSTREAM, LEAST_OF_BARE = 4.0, 0.5
# What a side that is slow is given; its rate does not depend on it.
SLOW = 4


def main() -> int:
    """Print what was measured; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--commands", type=int, default=20_000, help="how many a side answers (default 20,000)"
    )
    parser.add_argument("--pairs", type=int, default=3, help="how often each is measured (default 3)")
    parser.add_argument("--broker", choices=BROKERS, action="append", help="on this broker only")
    parser.add_argument("--only-node", action="store_true", help="measure the node alone")
    parser.add_argument(
        "--instances", action="store_true", help="measure 1, 2 and 4 instances of the node as well"
    )
    chosen = parser.parse_args()
    holds = True
    for broker in chosen.broker or BROKERS:
        with running(broker) as servers:
            if servers:
                print(f"{broker}, {chosen.pairs} rounds, load {os.getloadavg()[0]:.1f}:")
                holds &= _compare(servers, chosen)
    return int(not holds)


def _compare(servers: str, chosen: argparse.Namespace) -> bool:
    sides = (NODE,) if chosen.only_node else (NODE, BARE, *RIVALS)
    rounds = [
        {side.name: measure(servers, side, chosen.commands // _share(side)) for side in sides}
        for _ in range(chosen.pairs)
    ]
    for side in sides:
        _show(side.name, [each[side.name] for each in rounds])
    if chosen.instances:
        for instances in (1, 2, 4):
            rates = [
                measure_together(servers, NODE, chosen.commands, instances=instances)
                for _ in range(chosen.pairs)
            ]
            _show(f"node, warm, {instances} of them", rates)
    if chosen.only_node:
        return True
    ours = [each[NODE.name].per_second for each in rounds]
    judged = [_judge(BARE.name, ours, [each[BARE.name].per_second for each in rounds], LEAST_OF_BARE)]
    for rival in RIVALS:
        theirs = [each[rival.name].per_second for each in rounds]
        limited = rival.environment["BENCH_MODE"] in {"one", "partitions"}
        judged.append(_judge(rival.name, ours, theirs, LEAST_OF_FASTSTREAM if limited else None))
    return all(judged)


def _share(side: Side) -> int:
    return SLOW if side.environment.get("BENCH_MODE") in {"one", "partitions", "workers"} else 1


def _show(name: str, rates: list[Rate]) -> None:
    per_second = [rate.per_second for rate in rates]
    used = statistics.median(rate.microseconds for rate in rates)
    spread = f"({min(per_second):,.0f} to {max(per_second):,.0f})"
    print(
        f"  {name:54} {statistics.median(per_second):8,.0f}/s {spread:20} {used:6,.0f} µs of processor each"
    )


def _judge(name: str, ours: list[float], theirs: list[float], limit: float | None) -> bool:
    ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
    holds = limit is None or ratio >= limit
    least = "" if limit is None else f", at least {limit:g}{'' if holds else '   MISSED'}"
    print(f"  node / {name}: {ratio:.2f}{least}")
    return holds


if __name__ == "__main__":
    sys.exit(main())
