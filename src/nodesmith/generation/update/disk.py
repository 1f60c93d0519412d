"""What is in a unit's places now, read without following a symbolic link."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import field
from typing import TYPE_CHECKING

from nodesmith.generation.transaction.places import READ
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LINK = "is a symbolic link, which is not followed"
CACHES = frozenset({"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is in a file's place: its bytes and mode, nothing, or an `obstacle`, told in words."""

    data: bytes | None = None
    mode: int = 0
    obstacle: str = ""

    @property
    def is_missing(self) -> bool:
        """Say whether nothing at all is there."""
        return self.data is None and not self.obstacle

    @property
    def is_executable(self) -> bool:
        """Say whether the file's owner may run it."""
        return bool(self.mode & stat.S_IXUSR)


MISSING = Found()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Reads a unit's files; what it learned of the folders above them it keeps, since a plan is made at one moment."""

    target: Path
    unit: str
    _folders: dict[str, Found | None] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """Return the unit's folder."""
        return self.target / self.unit

    @property
    def is_blocked(self) -> bool:
        """Say whether something else than a folder is in the unit's place."""
        above = self._above("")
        return above is not None and not above.is_missing

    def look(self, path: str) -> Found:
        """Return what is in the place of a path of the unit."""
        above = self._above(path.rpartition("/")[0])
        return above or _read(f"{self.root}/{path}")

    def files(self, folder: str) -> Iterator[str]:
        """Yield the path of everything below a folder of the unit but folders, caches left out."""
        if self._above(folder) is not None:
            return
        for place, folders, names in os.walk(self.root / folder):
            here = os.path.relpath(place, self.root).replace(os.sep, "/")
            links = [name for name in folders if os.path.islink(f"{place}/{name}")]  # noqa: PTH114 - `place` is a text
            folders[:] = sorted(name for name in folders if name not in CACHES)
            yield from (f"{here}/{name}" for name in sorted({*names, *links}))

    def caches(self, folder: str) -> Iterator[str]:
        """Yield the path of every compiled module below a folder of the unit."""
        if self._above(folder) is None:
            places = sorted((self.root / folder).rglob("__pycache__/*.pyc"))
            yield from (place.relative_to(self.root).as_posix() for place in places)

    def is_same(self, path: str, other: str) -> bool:
        """Say whether two paths of the unit are one file, as they can be where case makes no difference."""
        try:
            one, two = (self.root / path).stat(), (self.root / other).stat()
        except OSError:
            return False
        return os.path.samestat(one, two) and path.casefold() == other.casefold()

    def _above(self, folder: str) -> Found | None:
        """Return what stands in the way of a folder's files, or that there are none; nothing where it can be gone into."""
        if folder not in self._folders:
            self._folders[folder] = self._look_at_folder(folder)
        return self._folders[folder]

    def _look_at_folder(self, folder: str) -> Found | None:
        if folder:
            above = self._above(folder.rpartition("/")[0])
            if above is not None:
                return above
        elif self.unit == ".":
            return None if self.target.is_dir() else MISSING
        place = self.root / folder
        try:
            mode = place.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):  # the latter where the target itself is below a file
            return MISSING
        except OSError as error:
            return Found(obstacle=f"{place} cannot be looked at: {error.strerror}")
        if stat.S_ISDIR(mode):
            return None
        return Found(obstacle=f"{place} {_LINK if stat.S_ISLNK(mode) else 'is no folder'}")


def _read(place: str) -> Found:
    try:
        descriptor = os.open(place, READ)
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        link = error.errno in (errno.ELOOP, errno.EMLINK)
        return Found(obstacle=_LINK if link else f"cannot be read: {error.strerror}")
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            return Found(obstacle="is a folder" if stat.S_ISDIR(mode) else "is no regular file")
        with open(descriptor, "rb", buffering=0, closefd=False) as stream:
            return Found(data=stream.readall(), mode=stat.S_IMODE(mode))
    except OSError as error:
        return Found(obstacle=f"cannot be read: {error.strerror}")
    finally:
        os.close(descriptor)
