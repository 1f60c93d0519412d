"""A wall clock that can be set for the processes of a run alone: a small library in C, preloaded into them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SOURCE = Path(__file__).with_name("clock.c")
_NANOSECONDS = 1_000_000_000


class NoClockError(Exception):
    """No clock can be set here; the text says why."""


class Clock:
    """The wall clock of the processes that are started with `variables`; their monotonic clock stays what it is."""

    def __init__(self, folder: Path) -> None:
        self._offset = folder / "clock"
        self._library = folder / "clock.so"
        _compile(self._library)
        self._offset.write_bytes(bytes(8))

    @property
    def variables(self) -> Mapping[str, str]:
        """What puts a process under this clock."""
        return {"LD_PRELOAD": str(self._library), "CHAOS_CLOCK": str(self._offset)}

    def set(self, seconds: float) -> None:
        """Let it go wrong by so many seconds from now on, in all of them at once."""
        with self._offset.open("r+b", buffering=0) as file:
            file.write(int(seconds * _NANOSECONDS).to_bytes(8, "little", signed=True))


def _compile(library: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoClockError("the clock of a process is set by a library in C, and no compiler is installed")
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoClockError(f"the library that sets a process's clock cannot be built: {done.stderr[-300:]}")
