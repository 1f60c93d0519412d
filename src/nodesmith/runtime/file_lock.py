"""A file that is locked as long as a process lives: whatever ends the process, the system lets go of the lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class FileLock:
    """An exclusive lock on `path`, which is made where it is missing and removed when the lock is given back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Take the lock and return whether it is ours; never waits."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        if not self._is_current(descriptor):  # somebody removed the file between opening and locking it
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def give_back(self) -> None:
        """Remove the file and let go; does nothing where the lock is not ours."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self._path.unlink(missing_ok=True)  # while it is locked: nobody else can have this file
            os.close(descriptor)

    def held_by_somebody(self) -> bool:
        """Return whether some process holds the lock; the file of one that died is removed."""
        if self._descriptor is not None:
            return True
        if not self._path.exists():
            return False
        if not self.take():
            return True
        self.give_back()
        return False

    def _is_current(self, descriptor: int) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        return False
