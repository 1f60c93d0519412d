"""The README's first command, as `make demo` runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_demo_makes_a_node_runs_the_example_and_stops_everything() -> None:
    done = subprocess.run(
        [sys.executable, "examples/orders/demo.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("o-") >= 20
    for node in ("price_calculator", "order_store", "order_totals", "order_fulfilment"):
        assert node in done.stdout
