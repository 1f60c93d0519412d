"""The folder in which files wait to be moved to their places, and what a killed run has left of one."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = ".nodesmith-writing-"
# `tempfile` ends its names with eight of these; a person's own folder is not one of ours by its beginning alone.
_OURS = re.compile(re.escape(PREFIX) + "[a-z0-9_]{8}")
PATIENCE_SECONDS = 1.0
PAUSE_SECONDS = 0.01


@contextmanager
def staging_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder in `target`, on the same file system, while the block runs."""
    with (
        _locked(target),
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=target, ignore_cleanup_errors=True) as name,
    ):
        yield Path(name)


def remove_leftovers(target: Path) -> None:
    """Remove the folders of runs that were killed, where no run is writing to `target`."""
    with _locked(target):
        pass


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Share a lock on `target` with other runs; where it can be had for oneself, whatever lies there is left over."""
    import fcntl

    try:
        descriptor = os.open(target, os.O_RDONLY)
    except OSError:  # a folder that may be written to, but not listed
        yield
        return
    try:
        if _lock(descriptor, fcntl.LOCK_EX):
            _remove_all(target)
        # The lock may be a person's own (`flock nodes nodesmith generate ...`): then nobody waits for it for long.
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _lock(descriptor, fcntl.LOCK_SH) and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> bool:
    import fcntl

    with suppress(OSError):
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        return True
    return False


def _remove_all(target: Path) -> None:
    for place in target.iterdir():
        if _OURS.fullmatch(place.name) and place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
