"""Looking at places below the target, and reaching them, without ever following a symbolic link."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from enum import Enum
from typing import TYPE_CHECKING

from nodesmith.generation.transaction.operations import sha256
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Not blocking: what has just turned into a pipe must not hold the run up.
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Kind(Enum):
    """What is in a place; the values end a sentence that begins with the path."""

    NOTHING = "is not there any more"
    FILE = "has other content than it had when the changes were planned"
    FOLDER = "is a folder"
    LINK = "is a symbolic link, which is not followed"
    OTHER = "is neither a file nor a folder"
    BLOCKED = "is below something that is no folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is in a place: the checksum is a file's, the status that of anything but NOTHING and BLOCKED."""

    kind: Kind
    sha: str = ""
    status: os.stat_result | None = None

    def holds(self, sha: str | None) -> bool:
        """Tell whether the file with this checksum is here, or, where it is None, nothing at all."""
        return self.kind is Kind.NOTHING if sha is None else self.kind is Kind.FILE and self.sha == sha


@contextmanager
def parent_of(root: int, path: str) -> Iterator[tuple[int, str]]:
    """Open the folder that holds `path`, name by name from the folder `root`; give it, and the last name.

    Since no name on the way is looked up twice, nobody can put a symbolic link in the way meanwhile. An OSError of the
    block gets the path for its file name.
    """
    *folders, name = path.split("/")
    descriptor = os.dup(root)
    try:
        for folder in folders:
            below = os.open(folder, FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor, name
    except OSError as error:
        error.filename, error.filename2 = path, None
        raise
    finally:
        os.close(descriptor)


def look(root: int, path: str) -> Found:
    """Return what is in a place now; a file is read for its checksum."""
    try:
        with parent_of(root, path) as (parent, name):
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
            kind = _kind(status)
            sha = sha256(read(name, dir_fd=parent)) if kind is Kind.FILE else ""
            return Found(kind=kind, sha=sha, status=status)
    except FileNotFoundError:
        return Found(kind=Kind.NOTHING)
    except NotADirectoryError:
        return Found(kind=Kind.BLOCKED)


def look_at(root: int, path: str) -> Kind:
    """Return what kind of thing is in a place, without reading it."""
    try:
        with parent_of(root, path) as (parent, name):
            return _kind(os.stat(name, dir_fd=parent, follow_symlinks=False))
    except FileNotFoundError:
        return Kind.NOTHING
    except NotADirectoryError:
        return Kind.BLOCKED


def _kind(status: os.stat_result) -> Kind:
    if stat.S_ISREG(status.st_mode):
        return Kind.FILE
    if stat.S_ISDIR(status.st_mode):
        return Kind.FOLDER
    return Kind.LINK if stat.S_ISLNK(status.st_mode) else Kind.OTHER


def read(name: str, *, dir_fd: int) -> bytes:
    """Read a file of an open folder."""
    with open(os.open(name, READ, dir_fd=dir_fd), "rb") as stream:  # noqa: PTH123 - a descriptor has no path
        return stream.read()


def names_in(folder: int) -> list[str]:
    """Return what is in an open folder, sorted."""
    return sorted(os.listdir(folder))


def exists(name: str, *, dir_fd: int) -> bool:
    """Tell whether anything is in an open folder under this name."""
    try:
        os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def make_parents(root: int, path: str, on_step: Callable[[str], None]) -> None:
    """Make the folders in which `path` is to be, where they are missing."""
    parts = path.split("/")
    for end in range(1, len(parts)):
        with parent_of(root, "/".join(parts[:end])) as (parent, name):
            if not exists(name, dir_fd=parent):
                on_step(f"make the folder {'/'.join(parts[:end])}")
                os.mkdir(name, dir_fd=parent)


def write_new(
    name: str,
    content: bytes,
    *,
    dir_fd: int,
    executable: bool = False,
    mode: int | None = None,
    like: os.stat_result | None = None,
) -> None:
    """Write a file that must not be there yet, with this mode or that of the umask, and with the owner of `like`."""
    created = 0o777 if executable else 0o666
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, created, dir_fd=dir_fd)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if like and (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(PermissionError):  # nobody but root gives files away
                os.fchown(descriptor, like.st_uid, like.st_gid)
        if mode is not None:
            os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def flush(name: str, *, dir_fd: int) -> None:
    """Wait until a file or folder is on the disk itself."""
    descriptor = os.open(name, READ, dir_fd=dir_fd)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
