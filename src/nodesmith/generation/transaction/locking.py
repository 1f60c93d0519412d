"""The lock that lets one run at a time change what is under a target folder."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.02
# Some network and container file systems have no locks: better to go on without one than not at all.
UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
LOCKS = Path("/proc/locks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The target folder, opened and locked."""

    path: Path
    descriptor: int


@contextmanager
def locked(target: Path, *, patience: float, make: Callable[[str], None] | None = None) -> Iterator[Root]:
    """Hold the lock on `target` while the block runs.

    With `make`, which is called before each folder is made, `target` need not exist, and is gone again if the block
    fails. Raises ConflictError where the lock cannot be had for `patience` seconds.
    """
    deadline = time.monotonic() + patience
    made: list[Path] = []
    while True:
        if make:
            _make_folders(target, made, make)
        descriptor = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _wait_for_lock(target, descriptor, deadline)
            # Whoever had the lock may have made this folder, failed, and removed it again.
            if _is_at(target, descriptor):
                yield Root(path=target, descriptor=descriptor)
                return
        except BaseException:
            _remove_folders(made)
            raise
        finally:
            os.close(descriptor)


def is_locked(target: Path) -> bool:
    """Tell whether some run is changing `target` at this moment."""
    descriptor = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return not _lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _make_folders(target: Path, made: list[Path], on_step: Callable[[str], None]) -> None:
    try:
        for folder in reversed((target, *target.parents)):
            if not folder.is_dir():
                on_step(f"make the folder {folder}")
                with suppress(FileExistsError):
                    folder.mkdir()
                    made.append(folder)
    except BaseException:
        _remove_folders(made)
        raise


def _remove_folders(made: list[Path]) -> None:
    for folder in reversed(made):
        with suppress(OSError):
            folder.rmdir()


def _wait_for_lock(target: Path, descriptor: int, deadline: float) -> None:
    while not _lock(descriptor, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            raise ConflictError(
                f"another process holds the lock on {target}{_holder(descriptor)}; nothing was written",
                fix="wait until the other run of nodesmith is done, or end it if it hangs, and run this again; "
                "under `flock`, lock another file than this folder",
            )
        time.sleep(PAUSE_SECONDS)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
    return True


def _is_at(target: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(target.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _holder(descriptor: int) -> str:
    """Return who holds the lock, where the system tells (Linux)."""
    inode = str(os.fstat(descriptor).st_ino)
    with suppress(OSError):
        for line in LOCKS.read_text().splitlines():
            _, kind, _, _, process, place, *_ = [*line.replace("-> ", "").split(), *[""] * 6]
            if kind == "FLOCK" and place.split(":")[-1] == inode and int(process) > 0:
                command = Path(f"/proc/{process}/comm").read_text().strip()
                return f": process {process} ({command})"
    return ""
