"""Whether what was sampled of a process stays as it is: a line fitted through its memory, medians of its counts."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import linear_regression, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MEGABYTE = 1_000_000
_LEAST_SAMPLES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look at a process, so many `seconds` after the load began; `memory` is what is resident, in bytes."""

    seconds: float
    memory: int
    threads: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much may be added: memory by the fitted line, in MB a minute, the others between first and last quarter."""

    megabytes_a_minute: float = 1.0
    threads: float = 0.0
    files: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatness:
    """What became of one process after its warm-up: medians of the first and the last quarter, and every fault."""

    megabytes: tuple[float, float]
    megabytes_a_minute: float
    threads: tuple[float, float]
    files: tuple[float, float]
    faults: tuple[str, ...]


def judge(samples: Sequence[Sample], *, warm_up: float, bounds: Bounds) -> Flatness:
    """Return what samples say once `warm_up` seconds are over; too few of them is a fault as well."""
    late = [sample for sample in samples if sample.seconds >= warm_up]
    if len(late) < _LEAST_SAMPLES:
        nothing = (0.0, 0.0)
        few = (f"only {len(late)} samples after the warm-up",)
        return Flatness(megabytes=nothing, megabytes_a_minute=0.0, threads=nothing, files=nothing, faults=few)
    slope = linear_regression([each.seconds / 60 for each in late], [each.memory for each in late]).slope
    slope /= _MEGABYTE
    memory = _ends([each.memory / _MEGABYTE for each in late])
    threads, files = _ends([each.threads for each in late]), _ends([each.files for each in late])
    faults = []
    if slope > bounds.megabytes_a_minute:
        faults.append(f"memory grows by {slope:.2f} MB a minute, {bounds.megabytes_a_minute:g} are allowed")
    for what, (first, last), allowed in (
        ("threads", threads, bounds.threads),
        ("files", files, bounds.files),
    ):
        if last - first > allowed:
            faults.append(f"{what} go from {first:g} to {last:g}, {allowed:g} more are allowed")
    return Flatness(
        megabytes=memory, megabytes_a_minute=slope, threads=threads, files=files, faults=tuple(faults)
    )


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the first and of the last quarter."""
    quarter = len(values) // 4
    return median(values[:quarter]), median(values[-quarter:])
