"""The README's first command, as `make demo` runs it."""

from __future__ import annotations

import re
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
        assert re.search(rf"orders/{node}\W+\w+\W+ready", done.stdout), done.stdout
    assert re.search(r"fulfil_order\W+20\W+0\W", done.stdout), done.stdout
    assert "killed newsletter_sender: the registry called it lost" in done.stdout
    assert not re.search(r"WARNING|ERROR|Traceback", done.stdout + done.stderr)
