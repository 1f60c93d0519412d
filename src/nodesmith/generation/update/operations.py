"""The plan as the changes of the disk that carry it out: removals first, so that moved files find their places empty; locks last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.generation.transaction import FileRemoval, FileWrite, sha256
from nodesmith.generation.update.changes import WRITING, Action
from nodesmith.generation.update.lock import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.generation.transaction import Operation
    from nodesmith.generation.update.changes import Change, Plan, UnitPlan


def operations(plan: Plan) -> list[Operation]:
    """Return what is to be done, each with the SHA-256 of what must be there before."""
    todo = [
        (unit, change)
        for unit in plan.units
        for change in (*unit.changes, *unit.records)
        if change.action in WRITING
    ]
    removals = {path: sha for unit, change in todo for path, sha in _removed(unit, change)}
    writes: list[Operation] = []
    locks: list[Operation] = []
    for unit, change in todo:
        if change.after is not None:
            path = unit.place(change.path)
            # Another file may just have moved away from there.
            before = removals.pop(path, None) or _there_now(change)
            write = FileWrite(
                path=path, content=change.after, executable=change.executable, mode=change.mode, before=before
            )
            (locks if change.path == LOCK else writes).append(write)
    return [*(FileRemoval(path=path, before=sha) for path, sha in removals.items()), *writes, *locks]


def _removed(unit: UnitPlan, change: Change) -> Iterator[tuple[str, str]]:
    if change.before is not None and (change.moved_from or change.action is Action.REMOVE):
        yield unit.place(change.moved_from or change.path), sha256(change.before)


def _there_now(change: Change) -> str | None:
    return None if change.before is None or change.moved_from else sha256(change.before)
