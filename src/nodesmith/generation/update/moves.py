"""Where a unit's files were before: under another version's folder, or where a template says that they were."""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import TYPE_CHECKING

from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nodesmith.generation.files import NodeFiles
    from nodesmith.generation.update.disk import Disk, Found
    from nodesmith.generation.update.lock import Entry

_VERSION_FOLDER = re.compile(r"(v\d+_\d+_\d+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """Where files go that have another place now.

    `origins` has the place each file comes from by the one it goes to; `own` are the person's files in the version's folder,
    which is called `new` and was called `old`.
    """

    origins: Mapping[str, str] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    old: str = ""
    new: str = ""

    def renamed(self, text: bytes) -> bytes:
        """Return a text of nodesmith's own with the version's folder as it is called now."""
        return text.replace(self.old.encode(), self.new.encode()) if self.old else text

    def still_names_old(self, text: bytes) -> bool:
        """Say whether a text speaks of the version's folder by its old name."""
        return bool(self.old) and self.old.encode() in text

    def moved(self, path: str) -> str:
        """Return where a path of the old version's folder goes."""
        below = self.old and path.startswith(f"{self.old}/")
        return f"{self.new}{path.removeprefix(self.old)}" if below else path


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file is now, and what is there; `copy` is one more of it at its old place, `obstacle` is in its new one."""

    origin: str
    found: Found
    copy: str = ""
    obstacle: str = ""


def locate(disk: Disk, moves: Moves, path: str) -> Place:
    """Return where the file that belongs at `path` is now: there, or in the place it comes from."""
    origin = moves.origins.get(path, path)
    found = disk.look(origin)
    if origin == path:
        return Place(origin=path, found=found)
    there = disk.look(path)
    if found.is_missing:  # moved by the person already, or deleted
        return Place(origin=path, found=there)
    if there.is_missing or path in moves.origins.values() or disk.is_same(origin, path):
        return Place(origin=origin, found=found)
    if there.data is not None and there.data == found.data:
        return Place(origin=path, found=there, copy=origin)
    return Place(
        origin=origin, found=found, obstacle=f"moves here from {origin}, but something else is here already"
    )


def find_moves(files: NodeFiles, locked: Mapping[str, Entry], disk: Disk) -> Moves:
    """Return where the files of a unit come from, a person's own files of an old version's folder included."""
    old, new = _version_folder(locked), _version_folder(files)
    moves = Moves(old=old, new=new) if old and new and old != new else Moves()
    own = tuple(path for path in disk.files(moves.old) if path not in locked) if moves.old else ()
    now = {moves.moved(path): path for path in locked}
    origins = {moves.moved(path): path for path in own if moves.moved(path) in files}
    for path, file in files.items():
        places = (path, *(place for place in file.moved_from if place not in files))
        source = next((now.pop(place) for place in places if place in now), path)
        if source != path:
            origins[path] = source
    taken = set(origins.values())
    return replace(moves, origins=origins, own=tuple(path for path in own if path not in taken))


def _version_folder(paths: Iterable[str]) -> str:
    """Return the one folder of a version among the paths, or nothing where there is none, or more than one."""
    folders = {match[1] for path in paths if (match := _VERSION_FOLDER.match(path))}
    return folders.pop() if len(folders) == 1 else ""
