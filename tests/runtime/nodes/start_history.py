"""Start the history reducer as a process, as a generated `start_node.py` does."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from nodesmith.runtime import run_node


def main() -> int:
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    return run_node(import_module("runtime.nodes.history").NodeHistoryReducer, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
