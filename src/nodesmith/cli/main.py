"""The `nodesmith` command: commands that load when they are called, and errors a person can act on."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import nullcontext, suppress
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Looking for pydantic's plugins costs 30 ms at every start, and this command line uses none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line on `argv` (without the program's name) and return the exit status.

    Without `argv`, the process is this command's alone, and may end here.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:  # before any import that takes time
        from nodesmith import __version__

        print(f"nodesmith {__version__}")  # noqa: T201 - nothing is loaded yet that could print
        return 0
    try:
        if arguments[:1] in (["generate"], ["new"]) and not {"-h", "--help"}.intersection(arguments):
            return _make_nodes(arguments, is_alone=argv is None)
        return import_module("nodesmith.cli.application").run(arguments)  # type: ignore[no-any-return]
    except KeyboardInterrupt:  # while the imports are still under way
        return 130
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "nodesmith"):
            raise
        return _not_installed(package)


def _make_nodes(arguments: Sequence[str], *, is_alone: bool) -> int:
    """Run a command that makes nodes: it is over in a moment, of which each part of Python's own housekeeping is felt."""
    if is_alone:
        gc.disable()  # hardly anything that is made is garbage, and it all goes with the process
    application = import_module("nodesmith.cli.application")
    from nodesmith.generation.gates.model_process import can_fork, model_process

    # Before all else is imported: what builds models is busy importing pydantic meanwhile.
    with model_process() if can_fork() else nullcontext() as builder:
        status: int = application.run(arguments, builder)
    if is_alone and sys.gettrace() is None and sys.getprofile() is None:
        _end_at_once(status)
    return status


def _end_at_once(status: int) -> None:
    """End the process without taking every module apart first: all files are closed, and no thread is left."""
    with suppress(OSError):  # whoever read the output has gone; Python has a way to say so
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


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
