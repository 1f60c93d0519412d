"""Soak nodes at a steady rate, print what became of memory, threads and open files, and exit 1 where one is not flat."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.bus import KINDS
from soak.flatness import Bounds
from soak.nodes import NODES
from soak.run import Plan, soak

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soak.run import Row

_WARM_UP = 0.4
_COLUMNS = {
    "node": 8, "broker": 9, "sent": 8, "answered": 9, "dead letters": 13, "MB": 15, "MB a minute": 12, "threads": 9,
    "files": 9,
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0 where everything is flat."""
    asked = _arguments(argv)
    seconds = asked.minutes * 60
    plan = Plan(
        nodes=asked.node or list(NODES),
        broker=asked.broker,
        seconds=seconds,
        warm_up=seconds * _WARM_UP,
        rate=asked.rate,
        bounds=Bounds(megabytes_a_minute=asked.megabytes_a_minute),
    )
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    rows = soak(plan, folder, tell=lambda line: print(line, file=sys.stderr, flush=True))
    if asked.json:
        print(json.dumps([row.as_json() for row in rows], indent=2))
    else:
        _print(rows)
    if any(row.faults for row in rows):
        print(f"what it left is in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="two fifths of them are for warming up")
    parser.add_argument("--rate", type=float, default=300.0, help="records a second for each node")
    parser.add_argument("--broker", choices=KINDS, default="embedded")
    parser.add_argument("--node", choices=NODES, action="append", help="may be given more than once")
    parser.add_argument("--megabytes-a-minute", type=float, default=1.0, help="what is still flat")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(argv)


def _print(rows: Sequence[Row]) -> None:
    print("  ".join(name.ljust(width) for name, width in _COLUMNS.items()).rstrip())
    for row in rows:
        flat = row.flatness
        values = (
            row.node,
            row.broker,
            row.sent,
            row.answered,
            row.dead_letters,
            "{:.1f} -> {:.1f}".format(*flat.megabytes),
            f"{flat.megabytes_a_minute:+.2f}",
            "{:g} -> {:g}".format(*flat.threads),
            "{:g} -> {:g}".format(*flat.files),
        )
        print(
            "  ".join(
                str(value).ljust(width) for value, width in zip(values, _COLUMNS.values(), strict=True)
            ).rstrip()
        )
        for fault in row.faults:
            print(f"  FAULT: {fault}")


if __name__ == "__main__":
    sys.exit(main())
