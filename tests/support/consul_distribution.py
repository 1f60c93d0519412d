"""Consul's own program, built from its Go module and kept in the user's cache: built once, never shipped.

Building takes minutes, so a run that will need it begins at once, beside the tests that do not.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.cache import cached, cached_before

if TYPE_CHECKING:
    from collections.abc import Iterable

# The newest whose parts are all to be had as Go modules.
VERSION = "v1.14.5"
BUILD_SECONDS = 900
# Others work meanwhile; with less, a machine that is busy would never come to it.
NICENESS = 5
# Built in two thirds of the time; nothing is measured of it.
_NOT_OPTIMISED = ("-gcflags=all=-N -l",)
_NAME = f"consul-{VERSION}"
_MODULE = "github.com/hashicorp/consul"
_TESTS = Path(__file__).parents[1]


class NoConsulError(Exception):
    """Consul cannot be had here; the text says why."""


def consul_program() -> Path:
    """Return the program, which is built where it is not there yet; raises NoConsulError.

    Where somebody else is building it, this waits for them.
    """
    if cached_before(_NAME) is None and shutil.which("go") is None:
        raise NoConsulError("building it needs go, which is not installed")
    return cached(_NAME, _build) / "consul"


class BuildAhead:
    """Builds it in a process of its own while tests run that do not need it; one that does waits for that to end."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, tests: Iterable[str]) -> None:
        """Begin, if one of the tests is about Consul, as its id says, and there is something to build."""
        if self._process or cached_before(_NAME) or shutil.which("go") is None:
            return
        if any("consul" in test for test in tests):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "support.consul_distribution"],
                cwd=_TESTS,
                start_new_session=True,  # so that it is ended with all that it started
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # who waits for it builds again, and says what is wrong
            )

    def end(self) -> None:
        """End it where it still runs: nobody waits for it any more. What it has compiled Go keeps."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait()


def _build(home: Path) -> None:
    (home / "go.mod").write_text("module consultool\n\ngo 1.26\n")
    _go(home, "get", "-tool", f"{_MODULE}@{VERSION}")
    _go(home, "build", *_NOT_OPTIMISED, "-ldflags=-s -w", "-o", "consul", _MODULE)


def _go(home: Path, *arguments: str) -> None:
    try:
        done = subprocess.run(
            ["nice", "-n", str(NICENESS), "go", *arguments],
            cwd=home,
            env={**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOWORK": "off"},
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoConsulError(f"`go {arguments[0]}` did not end within {BUILD_SECONDS} s") from error
    if done.returncode:
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise NoConsulError(f"`go {arguments[0]}` failed: {reason}")


if __name__ == "__main__":
    consul_program()
