"""What all benchmarks share: whole processes, run in turn so that other load on the machine meets both sides."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# A command that may not keep what it compiled compiles it every time; nobody works like that.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    # git takes no setting and no name from who runs this.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{role}_{fact}": "benchmark" for role in ("AUTHOR", "COMMITTER") for fact in ("NAME", "EMAIL")},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A process that ended well: how long it took, of how many seconds of processor, its largest process and what it printed."""

    seconds: float
    processor: float
    megabytes: float
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The seconds of two commands, run in turn."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Return our part of their time: the median of the pairs."""
        return statistics.median(mine / yours for mine, yours in zip(self.ours, self.theirs, strict=True))


def run(command: Sequence[str | Path], *, cwd: Path | None = None) -> Done:
    """Run a command to its end; end this program where it fails."""
    with tempfile.TemporaryFile(mode="w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        assert process.stdout is not None
        with process.stdout as stream:
            output = stream.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{' '.join(map(str, command))} failed:\n{errors.read()}")
    return Done(
        seconds=seconds,
        processor=usage.ru_utime + usage.ru_stime,
        megabytes=usage.ru_maxrss / 1024,
        output=output,
    )


def in_turn(ours: Callable[[int], float], theirs: Callable[[int], float], *, pairs: int) -> Pairs:
    """Measure both, each time anew and once more before it counts; who goes first changes from pair to pair."""
    ours(-1), theirs(-1)  # the caches are warm from here on
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs):
        for side in (0, 1) if number % 2 else (1, 0):
            seconds[side].append((ours, theirs)[side](number))
    return Pairs(ours=tuple(seconds[0]), theirs=tuple(seconds[1]))


def tool(name: str) -> Path:
    """Return a command of the environment this runs in."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        sys.exit(f"{name} is not installed beside {sys.executable}; run `make bench`")
    return path


def show(name: str, seconds: Sequence[float], what: str) -> None:
    """Print one side of a comparison: the median, and the fastest."""
    print(f"  {name:22} {statistics.median(seconds):7.3f} s  (fastest {min(seconds):.3f} s)   {what}")


def judge(what: str, value: float, limit: float, *, unit: str = "") -> bool:
    """Print a measured value beside its limit, and return whether it holds."""
    holds = value <= limit
    print(f"  {what}: {value:.2f}{unit}, limit {limit:g}{unit}{'' if holds else '   OVER THE LIMIT'}")
    return holds
