"""A disk that is full for real, and has room again: a small file system where one may be mounted, else a limit on files."""

from __future__ import annotations

import resource
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_MEBIBYTE = 1_048_576
# What the records of answers of so many commands take, with SQLite's own files beside them, and some more.
_BYTES_A_COMMAND = 4_096
_LIMIT = 40_000


class Disk:
    """Where a node's data folder is; `mounted` is None where nothing may be mounted here."""

    def __init__(self, mounted: Path | None) -> None:
        self._mounted = mounted
        self._limited: dict[int, tuple[int, int]] = {}

    def fill(self, pids: Iterable[int]) -> None:
        """Leave no byte; where nothing could be mounted, let no file of these processes grow."""
        if self._mounted is None:
            for pid in pids:
                self._limit(pid)
            return
        with suppress(OSError), (self._mounted / "filler").open("ab", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4_096)

    def make_room(self) -> None:
        """Take away what fills it."""
        if self._mounted is not None:
            (self._mounted / "filler").unlink(missing_ok=True)
        for pid, limit in self._limited.items():
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)
        self._limited.clear()

    def _limit(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (_LIMIT, before[1]))
            self._limited.setdefault(pid, before)


@contextmanager
def small_disk(folder: Path, *, commands: int) -> Iterator[Disk]:
    """Mount a small file system on `folder`, or do without."""
    folder.mkdir()
    size = 16 + commands * _BYTES_A_COMMAND // _MEBIBYTE
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        yield Disk(None)
        return
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
