"""Run every benchmark, one after the other, and say at the end which limits do not hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARKS = (
    "start",
    "generate_one_node",
    "update_with_conflict",
    "thousand_nodes",
    "commands_against_rivals",
    "publish",
    "start_of_a_node",
    "reducers",
    "broker",
    "many_nodes --nodes 100 --instances 20 --heartbeat 2 --seconds 5",
)


def main() -> int:
    """Return 1 where any limit does not hold."""
    failed = []
    for benchmark in BENCHMARKS:
        name, *options = benchmark.split()
        script = Path(__file__).with_name(f"{name}.py")
        if subprocess.run([sys.executable, script, *options], check=False).returncode:
            failed.append(name)
    print(f"over a limit: {', '.join(failed)}" if failed else "all limits hold")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
