"""Nodes that were in a system when it was made last: which have left it, and whether it was another system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.generation.update.changes import Action, Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from nodesmith.generation.update.disk import Disk
    from nodesmith.generation.update.lock import Lock

NO_LONGER_IN_IT = (
    "is not in the system any more; its folder stays, and `nodesmith up` starts it, until you remove it"
)
SYSTEM = "."
"""The unit of a system's own files: the target folder itself."""


def nodes_gone(disk: Disk, lock: Lock | None, nodes: Sequence[str]) -> tuple[str, ...]:
    """Return the folders that are still there of nodes that are no longer in the system."""
    known = lock.nodes if lock else ()
    return tuple(node for node in known if node not in nodes and (disk.root / node).is_dir())


def is_another_system(lock: Lock | None, gone: Sequence[str]) -> bool:
    """Say whether none of the nodes the system's files were made for is among those to be made now."""
    return bool(gone) and lock is not None and len(gone) == len(lock.nodes)


def of_another_system(paths: Iterable[str], gone: Sequence[str]) -> Iterator[Change]:
    """Yield a conflict for each file, which no choice resolves: two systems in one folder would take turns with it."""
    for path in sorted(paths):
        detail = f"belongs to another system, of {_listed(gone)}"
        fix = "choose another folder with -o, or remove theirs first"
        yield Change(path=path, action=Action.CONFLICT, detail=detail, fix=fix)


def left_by_system(node: str) -> Change:
    """Return what is said of a node that has left the system: nothing is removed for it."""
    return Change(path=node, action=Action.LEFT, detail=NO_LONGER_IN_IT)


def _listed(nodes: Sequence[str]) -> str:
    shown = ", ".join(nodes[:3])
    return f"{shown} and {len(nodes) - 3} more" if len(nodes) > len(nodes[:3]) else shown
