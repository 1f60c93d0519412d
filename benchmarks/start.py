"""Measure how long `nodesmith --version` takes, against Python that does nothing, in one run."""

from __future__ import annotations

import argparse
import sys

from measuring import in_turn, judge, run, show, tool

LIMIT = 3


def main() -> int:
    """Print what was measured; return 1 where the limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=30, help="how often each is run (default 30)")
    pairs = parser.parse_args().pairs
    measured = in_turn(
        lambda _: run([tool("nodesmith"), "--version"]).seconds,
        lambda _: run([sys.executable, "-c", "pass"]).seconds,
        pairs=pairs,
    )
    print(f"a start, {pairs} pairs of whole processes in turn:")
    show("nodesmith --version", measured.ours, "")
    show("python -c pass", measured.theirs, "")
    return int(not judge("times Python's start (median of the pairs)", measured.ratio, LIMIT))


if __name__ == "__main__":
    sys.exit(main())
