"""Files that are there but are not made any more, and a person's own files in a version's folder that moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.generation.files import Owner
from nodesmith.generation.transaction import sha256
from nodesmith.generation.update.changes import Action, Change
from nodesmith.generation.update.line_ends import read_style

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from nodesmith.generation.update.disk import Disk
    from nodesmith.generation.update.lock import Entry
    from nodesmith.generation.update.moves import Moves

ONE_PLACE = "keep one of the two files, under either path, and generate again"
NO_LONGER_MADE = "is not made any more; remove it where nothing needs it"
OPERATION_GONE = (
    "is not made any more, nor are the models it may import; take from it what you need and remove it"
)


def decide_gone(disk: Disk, moves: Moves, path: str, entry: Entry, *, taken: Container[str]) -> Change | None:
    """Return what becomes of a file that nodesmith wrote once: it goes where nobody touched it, and stays otherwise."""
    found = disk.look(path)
    if found.is_missing:
        return None
    if found.data is None:
        detail = f"{NO_LONGER_MADE}: {found.obstacle}"
        return Change(path=path, action=Action.LEFT, owner=entry.owner, detail=detail)
    is_untouched = sha256(found.data) == entry.sha or sha256(read_style(found.data, made=b"")[1]) == entry.sha
    if is_untouched and entry.owner is not Owner.SEEDED:
        return Change(
            path=path,
            action=Action.REMOVE,
            owner=entry.owner,
            before=found.data,
            was_executable=found.is_executable,
        )
    detail = OPERATION_GONE if entry.owner is Owner.SEEDED else NO_LONGER_MADE
    if moves.moved(path) == path:
        return Change(path=path, action=Action.LEFT, owner=entry.owner, detail=detail)
    return move_along(disk, moves, path, taken=taken, owner=entry.owner, detail=detail)


def move_along(
    disk: Disk,
    moves: Moves,
    path: str,
    *,
    taken: Container[str],
    owner: Owner = Owner.SEEDED,
    detail: str = "",
) -> Change:
    """Return how a file of the person's goes to the new folder of its version, byte for byte."""
    found, place = disk.look(path), moves.moved(path)
    there = disk.look(place)
    if found.data is None or not _is_encodable(path):
        reason = found.obstacle or "has a name that is no Unicode text"
        detail = f"cannot be moved to {place}: {reason}"
        fix = "move it there yourself, or away, and generate again"
        return Change(path=path, action=Action.CONFLICT, owner=owner, detail=detail, fix=fix)
    if there.data == found.data and place not in taken:
        return Change(
            path=path,
            action=Action.REMOVE,
            owner=owner,
            before=found.data,
            was_executable=found.is_executable,
            detail=f"is {place} already",
        )
    if not there.is_missing or place in taken:
        detail = f"moves here from {path}, but something else is here already"
        return Change(path=place, action=Action.CONFLICT, owner=owner, detail=detail, fix=ONE_PLACE)
    names = f"still names {moves.old}" if moves.still_names_old(found.data) else ""
    return Change(
        path=place, action=Action.MOVE, owner=owner, before=found.data, after=found.data,
        was_executable=found.is_executable, executable=found.is_executable, mode=found.mode, moved_from=path, detail=detail or names,
    )  # fmt: skip


def caches_left_behind(disk: Disk, moves: Moves) -> Iterator[Change]:
    """Yield the removal of what Python cached of modules that move, so that the old folder does not stay for it."""
    if not moves.old:
        return
    for path in disk.caches(moves.old):
        found = disk.look(path)
        if found.data is not None:
            yield Change(path=path, action=Action.REMOVE, before=found.data)


def _is_encodable(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
