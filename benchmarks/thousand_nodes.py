"""Measure systems of up to 1,000 mixed nodes, each generated in one process: the time and the memory of a node."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from measuring import Done, judge, run, tool
from samples import system

LIMIT_MS = 8
SIZES = (100, 300, 1000)


def main() -> int:
    """Print what was measured; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2, help="how often the largest is run (default 2)")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="nodesmith-benchmark-") as name:
        return measure(Path(name), runs)


def measure(folder: Path, runs: int) -> int:
    """Generate each size and print it."""
    print("systems of mixed nodes, each in one process, whole process:")
    done = {size: [generate(folder, size, 0)] for size in SIZES}
    done[SIZES[-1]] += [generate(folder, SIZES[-1], number) for number in range(1, runs)]
    for size, all_runs in done.items():
        best = min(all_runs, key=lambda one: one.seconds)
        print(
            f"  {size:5} nodes  {best.seconds:6.2f} s  {best.seconds * 1000 / size:5.2f} ms a node"
            f"  {best.megabytes:4.0f} MB   {stages(best)}"
        )
    fastest = min(one.seconds for one in done[SIZES[-1]])
    middle, largest = (min(one.megabytes for one in done[size]) for size in SIZES[1:])
    added = (largest - middle) * 1024 / (SIZES[2] - SIZES[1])
    text = kilobytes_of(folder / f"{SIZES[-1]}-0") / SIZES[-1]
    print(f"  a further node adds {added:.0f} KB of memory; its files are {text:.0f} KB")
    return int(not judge("a node, of 1,000", fastest * 1000 / SIZES[-1], LIMIT_MS, unit=" ms"))


def generate(folder: Path, size: int, number: int) -> Done:
    """Generate a system of `size` nodes."""
    spec = folder / "system.yaml"
    spec.write_text(system(size))
    return run([tool("nodesmith"), "generate", spec, "-o", folder / f"{size}-{number}", "--json"])


def stages(done: Done) -> str:
    """Return how many milliseconds each stage took, of a node."""
    nodes = json.loads(done.output)["nodes"]
    totals: dict[str, float] = {}
    for node in nodes:
        for stage in node["stages"]:
            totals[stage["number"]] = totals.get(stage["number"], 0) + stage["ms"]
    means = {number: ms / len(nodes) for number, ms in totals.items()}
    return "ms by stage: " + ", ".join(f"{number}: {ms:.2f}" for number, ms in means.items() if ms >= 0.01)


def kilobytes_of(target: Path) -> float:
    """Return the size of all files under a folder."""
    return sum(file.stat().st_size for file in target.rglob("*") if file.is_file()) / 1024


if __name__ == "__main__":
    sys.exit(main())
