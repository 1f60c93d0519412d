"""A folder for the time of a check, and files in it.

Without `tempfile` and `pathlib`: importing the one, or making a path of the other for each file, takes as long as the
writing itself.
"""
# ruff: noqa: PTH100, PTH101, PTH102, PTH112, PTH123

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING

from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

TRIES = 100


@dataclass(frozen=True, slots=True)
class Scratch:
    """A folder that is this user's alone; `made` are the folders that are there."""

    root: str
    made: set[str] = field(default_factory=set)

    def write(self, path: str, content: bytes) -> None:
        """Write a new file, with the folders above it."""
        self._make(path.rpartition("/")[0])
        with open(f"{self.root}/{path}", "xb") as file:
            file.write(content)

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        with open(f"{self.root}/{path}", "rb") as file:
            return file.read()

    def make_executable(self, path: str) -> None:
        """Let this user run a file."""
        os.chmod(f"{self.root}/{path}", 0o700)

    def _make(self, folder: str) -> None:
        if folder and folder not in self.made:
            self._make(folder.rpartition("/")[0])
            os.mkdir(f"{self.root}/{folder}")
            self.made.add(folder)


@contextmanager
def scratch_folder() -> Iterator[Scratch]:
    """Give an empty folder while the block runs; raises OSError where there is no room for one."""
    root = _made(_temporary_folder())
    try:
        yield Scratch(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _temporary_folder() -> str:
    """Return where `tempfile` would put it, by the same variables."""
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    places = [place for place in (*named, "/tmp", "/var/tmp") if place]  # noqa: S108 - what is made there is unguessable
    usable = (place for place in places if os.access(place, os.W_OK | os.X_OK) and os.path.isdir(place))
    return os.path.abspath(next(usable, os.curdir))


def _made(above: str) -> str:
    for _ in range(TRIES):
        root = f"{above}/nodesmith-{os.urandom(6).hex()}"
        try:
            os.mkdir(root, 0o700)
        except FileExistsError:
            continue
        return root
    raise FileExistsError(f"no free name for a folder under {above}")
