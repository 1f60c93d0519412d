"""What a transaction's steps are, given what is there now; nothing is changed yet."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nodesmith.errors import ConflictError, Finding
from nodesmith.generation.transaction.journal import DropFolder, MoveFolder, PutFile, TakeFile
from nodesmith.generation.transaction.operations import FileRemoval, FileWrite, sha256
from nodesmith.generation.transaction.places import FOLDER, Kind, look, look_at, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.generation.transaction.journal import Step
    from nodesmith.generation.transaction.locking import Root
    from nodesmith.generation.transaction.operations import Operation
    from nodesmith.generation.transaction.places import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A step, the files that it needs in the staging folder, and the file that it replaces."""

    step: Step
    writes: tuple[FileWrite, ...] = ()
    replaced: os.stat_result | None = None


def prepare(root: Root, operations: Sequence[Operation]) -> tuple[Prepared, ...]:
    """Return the steps in the order of the operations; raises ConflictError, with every place that is not as expected.

    A folder that does not exist yet is one step with all that is to be in it, in the place of its last operation.
    Folders out of which files go are removed behind the last operation on anything below them, should they be empty.
    """
    work = _Work(root=root.descriptor)
    for operation in operations:
        work.add(operation)
    if work.findings:
        more = len(work.findings) > 1
        raise ConflictError(
            f"{len(work.findings)} file{'s are' if more else ' is'} in the way under {root.path}; nothing was written",
            findings=tuple(work.findings),
            fix="choose another folder with -o, or move your changes away and generate again",
        )
    return tuple(_with_dropped_folders(root.descriptor, work))


@dataclass(slots=True, kw_only=True)
class _Work:
    root: int
    steps: dict[str, Prepared] = field(default_factory=dict)
    new_folders: dict[str, list[FileWrite]] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    looked_at: dict[str, Kind] = field(default_factory=dict)

    def add(self, operation: Operation) -> None:
        path = operation.path
        if isinstance(operation, FileWrite) and operation.before is None and (top := self._new_folder(path)):
            self.new_folders.setdefault(top, []).append(operation)
            self.steps.pop(f"{top}/", None)  # so that it comes last
            self.steps[f"{top}/"] = Prepared(step=MoveFolder(path=top, files={}))
            return
        found = look(self.root, path)
        if not found.holds(operation.before) and not (
            operation.before is None and self._will_be_gone(path, found)
        ):
            self._refuse(path, found, operation.before)
        elif isinstance(operation, FileRemoval):
            self.removed.add(path)
            self.steps[path] = Prepared(step=TakeFile(path=path, before=operation.before))
        else:
            after = sha256(operation.content)
            step = PutFile(path=path, before=operation.before, after=after)
            replaced = None if operation.before is None else found.status
            self.steps[path] = Prepared(step=step, writes=(operation,), replaced=replaced)

    def _new_folder(self, path: str) -> str:
        """Return the uppermost folder of `path` that is not there, or will not be."""
        end = path.find("/")
        while end > 0:
            folder = path[:end]
            kind = self.looked_at.get(folder)
            if kind is None:
                kind = self.looked_at[folder] = look_at(self.root, folder)
            if kind is Kind.NOTHING or (kind is Kind.FILE and folder in self.removed):
                return folder
            if kind is not Kind.FOLDER:
                return ""
            end = path.find("/", end + 1)
        return ""

    def _will_be_gone(self, path: str, found: Found) -> bool:
        """Tell whether `path` is a folder of which the operations before leave nothing."""
        return found.kind is Kind.FOLDER and all(file in self.removed for file in _below(self.root, path))

    def _refuse(self, path: str, found: Found, before: str | None) -> None:
        rule = "in-the-way" if before is None or found.kind is not Kind.FILE else "changed"
        message = "is there already" if before is None and found.kind is Kind.FILE else found.kind.value
        self.findings.append(Finding(rule=rule, message=message, file=path))


def _below(root: int, folder: str) -> Iterator[str]:
    """Give the paths of all that is below a folder and is no folder itself."""
    descriptor = os.open(folder, FOLDER, dir_fd=root)
    try:
        names = names_in(descriptor)
    finally:
        os.close(descriptor)
    for name in names:
        place = f"{folder}/{name}"
        if look_at(root, place) is Kind.FOLDER:
            yield from _below(root, place)
        else:
            yield place


def _with_dropped_folders(root: int, work: _Work) -> Iterator[Prepared]:
    stays = {folder for path in work.steps if path not in work.removed for folder in _folders_above(path)}
    last = {folder: path for path in work.steps if path in work.removed for folder in _folders_above(path)}
    for path, prepared in work.steps.items():
        if isinstance(prepared.step, MoveFolder):
            yield _moved(prepared.step.path, work.new_folders[prepared.step.path])
        else:
            yield prepared
        for folder in _folders_above(path):
            if folder not in stays and last.get(folder) == path and (status := look(root, folder).status):
                yield Prepared(step=DropFolder(path=folder, mode=stat.S_IMODE(status.st_mode)))


def _moved(folder: str, writes: list[FileWrite]) -> Prepared:
    files = {write.path[len(folder) + 1 :]: sha256(write.content) for write in writes}
    return Prepared(step=MoveFolder(path=folder, files=files), writes=tuple(writes))


def _folders_above(path: str) -> list[str]:
    """Return the folders in which `path` is, the innermost first."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]
