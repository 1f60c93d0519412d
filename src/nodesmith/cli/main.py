"""The `nodesmith` command: commands that load when they are called, and errors a person can act on."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Looking for pydantic's plugins costs 30 ms at every start, and this command line uses none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line on `argv` (without the program's name) and return the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:  # before any import that takes time
        from nodesmith import __version__

        print(f"nodesmith {__version__}")  # noqa: T201 - nothing is loaded yet that could print
        return 0
    try:
        return _run(arguments)
    except KeyboardInterrupt:  # while the imports are still under way
        return 130
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "nodesmith"):
            raise
        return _not_installed(package)


def _run(arguments: Sequence[str]) -> int:
    application = import_module("nodesmith.cli.application")
    if arguments[:1] not in (["generate"], ["new"]) or {"-h", "--help"}.intersection(arguments):
        return application.run(arguments)  # type: ignore[no-any-return]
    from nodesmith.generation.gates.model_process import can_fork, model_process

    # Before all else is imported: what builds models is busy importing pydantic meanwhile.
    with model_process() if can_fork() else nullcontext() as builder:
        return application.run(arguments, builder)  # type: ignore[no-any-return]


def _not_installed(package: str) -> int:
    """Say what is missing: a node runs without the extra `cli`, this command line does not."""
    lines = [
        f"error: the package {package} is not installed, and this command needs it",
        "  fix: pip install 'nodesmith[cli]'",
    ]
    print(*lines, sep="\n", file=sys.stderr)  # noqa: T201 - what could print otherwise may be what is missing
    return 2


if __name__ == "__main__":
    sys.exit(main())
