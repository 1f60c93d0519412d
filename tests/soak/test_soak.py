"""`make soak`, short: whether a node loses something, and whether what a leak looks like is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from soak.flatness import Bounds, Sample, judge
from soak.nodes import NODES
from soak.run import Plan, soak

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A node that has just begun fills its caches; what leaks with every record is more than this even so.
# Threads of a pool come as they are needed, later where the machine is busy.
COARSE = Bounds(megabytes_a_minute=60, threads=16, files=4)
FLAT = Bounds()


def test_nodes_under_a_steady_load_answer_everything_and_are_flat_by_a_coarse_measure(tmp_path: Path) -> None:
    plan = Plan(seconds=10, warm_up=4, rate=150, every=0.25, bounds=COARSE)

    rows = soak(plan, tmp_path / "soak")

    assert [row.node for row in rows] == list(NODES)
    assert [row.faults for row in rows] == [[], []]


@pytest.mark.parametrize(
    ("memory", "threads", "files", "fault"),
    [
        (lambda second: 50_000_000 + 30_000 * second, 10, 20, "memory grows by 1.80 MB a minute"),
        (50_000_000, lambda second: 10 + second // 100, 20, "threads go from 10 to 12"),
        (50_000_000, 10, lambda second: 20 + second // 60, "files go from 21 to 24"),
    ],
)
def test_a_slow_leak_is_a_fault(
    memory: int | Callable[[int], int],
    threads: int | Callable[[int], int],
    files: int | Callable[[int], int],
    fault: str,
) -> None:
    faults = judge(_samples(memory, threads, files), warm_up=60, bounds=FLAT).faults

    assert len(faults) == 1
    assert faults[0].startswith(fault)


def test_what_a_process_takes_while_it_warms_up_and_what_comes_and_goes_is_no_leak() -> None:
    def memory(second: int) -> int:
        return 50_000_000 + 200_000 * min(second, 60) + 500_000 * (second % 7)

    def files(second: int) -> int:
        return 20 + (second % 10 == 0)

    assert judge(_samples(memory, 10, files), warm_up=60, bounds=FLAT).faults == ()


def test_a_process_that_ended_early_is_not_called_flat() -> None:
    assert judge(_samples(1, 1, 1)[:65], warm_up=60, bounds=FLAT).faults


def _samples(
    memory: int | Callable[[int], int], threads: int | Callable[[int], int], files: int | Callable[[int], int]
) -> list[Sample]:
    def at(second: int, value: int | Callable[[int], int]) -> int:
        return value(second) if callable(value) else value

    return [
        Sample(
            seconds=second, memory=at(second, memory), threads=at(second, threads), files=at(second, files)
        )
        for second in range(300)
    ]
