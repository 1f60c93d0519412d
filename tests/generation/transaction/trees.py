"""A folder's content as plain data, and what a list of operations should make of it, worked out by other means."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from nodesmith.generation.transaction import FileRemoval, FileWrite, sha256

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from nodesmith.generation.transaction import Operation


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Folder:
    mode: int = 0o755


Tree: TypeAlias = dict[str, File | Folder]


def files(**contents: bytes) -> Tree:
    """Build a tree; a double underscore in a name stands for a slash."""
    return with_folders({name.replace("__", "/"): File(content) for name, content in contents.items()})


def with_folders(tree: Tree) -> Tree:
    above = {
        "/".join(path.split("/")[:end]): Folder() for path in tree for end in range(1, path.count("/") + 1)
    }
    return {**above, **tree}


def put(target: Path, tree: Tree) -> Path:
    """Write a tree to a folder, with its modes, and return the folder."""
    target.mkdir(parents=True, exist_ok=True)
    for path, item in sorted(tree.items()):
        place = target / path
        if isinstance(item, File):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(item.content)
        else:
            place.mkdir(parents=True, exist_ok=True)
        place.chmod(item.mode)
    return target


def read(target: Path) -> Tree:
    """Read everything under a folder, which holds no links."""
    tree: Tree = {}
    for place in target.rglob("*"):
        mode = stat.S_IMODE(place.stat().st_mode)
        path = place.relative_to(target).as_posix()
        tree[path] = Folder(mode) if place.is_dir() else File(place.read_bytes(), mode)
    return tree


def expected(before: Tree, operations: Iterable[Operation]) -> Tree:
    """Return what the operations make of a tree: those of its folders that lose files go when nothing is left in them."""
    after = dict(before)
    emptied: set[str] = set()
    for operation in operations:
        old = after.pop(operation.path, None)
        if isinstance(operation, FileRemoval):
            emptied.update(with_folders({operation.path: File(b"")}).keys() - {operation.path})
        else:
            kept = old.mode if isinstance(old, File) else 0o755 if operation.executable else 0o644
            after[operation.path] = File(operation.content, operation.mode or kept)
    for folder in sorted(emptied, key=len, reverse=True):
        if isinstance(after.get(folder), Folder) and not any(path.startswith(f"{folder}/") for path in after):
            del after[folder]
    return with_folders(after)


def new(path: str, content: bytes, *, executable: bool = False) -> FileWrite:
    return FileWrite(path=path, content=content, executable=executable, before=None)


def change(path: str, before: bytes, after: bytes) -> FileWrite:
    return FileWrite(path=path, content=after, before=sha256(before))


def remove(path: str, before: bytes) -> FileRemoval:
    return FileRemoval(path=path, before=sha256(before))
