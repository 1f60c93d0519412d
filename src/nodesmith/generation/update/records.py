"""What of a unit's own records changes: the texts that later merges start from, and the lock, which comes last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.errors import Finding
from nodesmith.generation.files import Owner
from nodesmith.generation.update.changes import Action, Change
from nodesmith.generation.update.lock import LOCK, LockUnreadableError, pristine_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nodesmith.generation.update.disk import Disk
    from nodesmith.generation.update.lock import Entry, Lock


def record_changes(
    disk: Disk, old: Lock | None, new: Lock, pristine: Mapping[str, bytes], origins: Mapping[str, str]
) -> Iterator[Change]:
    """Yield what has to change so that the records say `new`; nothing where they do.

    `pristine` has the texts of files whose record is new; the others keep the text that they had under their origin.
    """
    before, after = _kept_texts(old), _kept_texts(new)
    for path, sha in after.items():
        if before.get(path) != sha:
            text = pristine.get(path)
            if text is None:
                text = disk.look(pristine_path(origins.get(path, path))).data
            if text is not None:
                yield from _write(disk, pristine_path(path), text)
    for path in before.keys() - after.keys() if old else ():
        found = disk.look(pristine_path(path))
        if found.data is not None:
            yield Change(path=pristine_path(path), action=Action.REMOVE, before=found.data)
    if old != new:
        yield from _write(disk, LOCK, new.dump())


def _kept_texts(lock: Lock | None) -> dict[str, str]:
    entries: Mapping[str, Entry] = lock.files if lock else {}
    return {path: entry.sha for path, entry in entries.items() if entry.owner is not Owner.SEEDED}


def _write(disk: Disk, path: str, text: bytes) -> Iterator[Change]:
    found = disk.look(path)
    if found.obstacle:
        fix = "remove what stands in the way of nodesmith's own records"
        finding = Finding(rule="lock", message=found.obstacle, file=str(disk.root / path), fix=fix)
        raise LockUnreadableError(finding)
    if found.data != text:
        action = Action.CREATE if found.data is None else Action.UPDATE
        yield Change(
            path=path,
            action=action,
            before=found.data,
            after=text,
            mode=None if found.data is None else found.mode,
        )
