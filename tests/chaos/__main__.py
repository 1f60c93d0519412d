"""Run scenarios, print what was counted as a table, and exit 1 where a promise was not kept."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.bus import KINDS
from chaos.clock import NoClockError
from chaos.run import run_scenario
from chaos.scenarios import LONG, SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.run import Row

_COLUMNS = {
    "scenario": 13, "broker": 9, "commands": 8, "results": 8, "effects": 8, "repeated": 8, "lost": 5,
    "out_of_order": 12, "longest_gap": 11, "seconds": 8, "exits": 0,
}  # fmt: skip
_SEED = 20_261_125


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0 where every promise was kept."""
    asked = _arguments(argv)
    if not asked.json:
        print("  ".join(name.replace("_", " ").ljust(width) for name, width in _COLUMNS.items()), flush=True)
    rows = []
    for name in asked.scenario or SCENARIOS:
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-{name}-"))
        try:
            row = run_scenario(
                SCENARIOS[name], seed=asked.seed, commands=asked.commands, broker=asked.broker, folder=folder
            )
        except NoClockError as reason:
            print(f"error: {name} cannot run: {reason}", file=sys.stderr)
            return 2
        rows.append(row)
        if not asked.json:
            _print(row)
        if row.faults:
            print(f"what it left is in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if asked.json:
        print(json.dumps([row.as_json() for row in rows], indent=2))
    return int(any(row.faults for row in rows))


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--commands", type=int, default=LONG, help="how many a scenario has")
    parser.add_argument("--scenario", choices=SCENARIOS, action="append", help="may be given more than once")
    parser.add_argument("--broker", choices=KINDS, default="embedded")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(argv)


def _print(row: Row) -> None:
    values = row.as_json()
    print("  ".join(str(values[name]).ljust(width) for name, width in _COLUMNS.items()), flush=True)
    for fault in row.faults:
        print(f"  FAULT: {fault}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
