#!/usr/bin/env python3
"""Start NodePriceCalculatorCompute as a process; SIGTERM and Ctrl-C drain and stop it.

Runs from any folder, as a script and as a module; `--help` lists the options.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent


def main(argv: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop, and return the exit status."""
    if not __package__:
        # A script has its own folder on the path, but is part of a package above it.
        others = [entry for entry in sys.path if Path(entry).resolve() != HERE]
        sys.path[:] = [str(HERE.parents[1]), *others]
    # Imported only now, so that no file in this folder is taken for a library's.
    from nodesmith.runtime import run_node

    package = __package__ or ".".join(HERE.parts[-2:])
    module = import_module(".node", package)
    return run_node(module.NodePriceCalculatorCompute, argv)


if __name__ == "__main__":
    sys.exit(main())
