"""Taking the steps of a journal, one change of the disk each, and taking them back.

Both ways may be broken off at any moment and begun again: whether a step has been taken is seen from the staging folder,
out of which new content has gone, or into which old content has come, in the very moment of the step.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from nodesmith.errors import ConflictError, Finding
from nodesmith.generation.transaction.journal import DropFolder, MoveFolder, PutFile, TakeFile, old
from nodesmith.generation.transaction.places import Kind, exists, look, make_parents, names_in, parent_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nodesmith.generation.transaction.journal import Step

KEPT = ".orig"


def forward(root: int, staging: int, steps: Sequence[Step], on_step: Callable[[str], None]) -> None:
    """Take the steps that have not been taken yet; raises ConflictError where a place has changed meanwhile."""
    for index, step in enumerate(steps):
        match step:
            case MoveFolder() | PutFile() if exists(str(index), dir_fd=staging):
                _put(root, staging, index, step, on_step)
            case TakeFile() if not exists(old(index), dir_fd=staging):
                _take(root, staging, index, step, on_step)
            case DropFolder():
                _remove_if_empty(root, step.path, on_step)
            case _:
                pass


def _put(
    root: int, staging: int, index: int, step: MoveFolder | PutFile, on_step: Callable[[str], None]
) -> None:
    found = look(root, step.path)
    expected = (None,) if isinstance(step, MoveFolder) else (step.before, step.after)
    if not any(found.holds(sha) for sha in expected):
        raise _changed(step.path, found.kind)
    on_step(f"move {step.path} in")
    with parent_of(root, step.path) as (parent, name):
        os.rename(str(index), name, src_dir_fd=staging, dst_dir_fd=parent)


def _take(root: int, staging: int, index: int, step: TakeFile, on_step: Callable[[str], None]) -> None:
    found = look(root, step.path)
    if found.kind is Kind.NOTHING:
        return
    if not found.holds(step.before):
        raise _changed(step.path, found.kind)
    on_step(f"move {step.path} away")
    with parent_of(root, step.path) as (parent, name):
        os.rename(name, old(index), src_dir_fd=parent, dst_dir_fd=staging)


def _remove_if_empty(root: int, path: str, on_step: Callable[[str], None]) -> None:
    # An empty folder that cannot be removed does no harm: nothing is taken back for its sake.
    with suppress(OSError), parent_of(root, f"{path}/.") as (folder, _):
        if names_in(folder):
            return
        with parent_of(root, path) as (parent, name):
            on_step(f"remove the folder {path}")
            os.rmdir(name, dir_fd=parent)


def _changed(path: str, kind: Kind) -> ConflictError:
    return ConflictError(
        f"{path} {kind.value}; nothing was written",
        findings=(Finding(rule="changed", message=kind.value, file=path),),
        fix="run this again: the changes are then planned from what is there now",
    )


def backward(
    root: int, staging: int, steps: Sequence[Step], on_step: Callable[[str], None]
) -> tuple[tuple[str, ...], tuple[OSError, ...]]:
    """Take back the steps that have been taken, the last one first.

    Returns the places that hold something else than the step has put there, which are left alone (where old content has
    no place any more for that reason, it is kept beside, as `<path>.orig`), and what could not be taken back at all.
    """
    left: list[str] = []
    failed: list[OSError] = []
    for index, step in reversed(tuple(enumerate(steps))):
        try:
            match step:
                case DropFolder():
                    _bring_folder_back(root, staging, index, step, on_step)
                case MoveFolder() if not exists(str(index), dir_fd=staging):
                    left.extend(_empty_folder(root, step, on_step))
                case PutFile() if not exists(str(index), dir_fd=staging):
                    left.extend(_take_back(root, staging, index, step, on_step))
                case TakeFile() if exists(old(index), dir_fd=staging):
                    left.extend(_bring_back(root, staging, index, step.path, step.before, on_step))
                case _:
                    pass
        except OSError as error:
            failed.append(error)
    return tuple(left), tuple(failed)


def _bring_folder_back(
    root: int, staging: int, index: int, step: DropFolder, on_step: Callable[[str], None]
) -> None:
    if look(root, step.path).kind is not Kind.NOTHING:
        return
    if not exists(old(index), dir_fd=staging):
        on_step(f"make the folder {step.path} again")
        os.mkdir(old(index), dir_fd=staging)
    made = os.stat(old(index), dir_fd=staging, follow_symlinks=False)
    if stat.S_IMODE(made.st_mode) != step.mode:
        on_step(f"give the folder {step.path} its mode")
        os.chmod(old(index), step.mode, dir_fd=staging)
    _move_old_in(root, staging, index, step.path, on_step)


def _empty_folder(root: int, step: MoveFolder, on_step: Callable[[str], None]) -> list[str]:
    left: list[str] = []
    folders = {step.path}
    for path, sha in step.files.items():
        place = f"{step.path}/{path}"
        folders.update(_folders_between(step.path, place))
        found = look(root, place)
        if found.holds(sha):
            with parent_of(root, place) as (parent, name):
                on_step(f"remove {place} again")
                os.unlink(name, dir_fd=parent)
        elif found.kind is not Kind.NOTHING:
            left.append(place)
    for folder in sorted(folders, key=len, reverse=True):
        _remove_if_empty(root, folder, on_step)
    if not left and look(root, step.path).kind is not Kind.NOTHING:
        left.append(step.path)
    return left


def _folders_between(top: str, path: str) -> list[str]:
    folders = []
    folder = path.rpartition("/")[0]
    while folder != top:
        folders.append(folder)
        folder = folder.rpartition("/")[0]
    return folders


def _take_back(
    root: int, staging: int, index: int, step: PutFile, on_step: Callable[[str], None]
) -> list[str]:
    found = look(root, step.path)
    if step.before is None:
        if not found.holds(step.after):
            return [] if found.kind is Kind.NOTHING else [step.path]
        with parent_of(root, step.path) as (parent, name):
            on_step(f"move {step.path} out again")
            os.rename(name, str(index), src_dir_fd=parent, dst_dir_fd=staging)
        return []
    if not exists(old(index), dir_fd=staging):
        return []
    if found.holds(step.after):
        _move_old_in(root, staging, index, step.path, on_step)
        return []
    return _bring_back(root, staging, index, step.path, step.before, on_step)


def _bring_back(
    root: int, staging: int, index: int, path: str, before: str, on_step: Callable[[str], None]
) -> list[str]:
    found = look(root, path)
    if found.kind is Kind.NOTHING:
        _move_old_in(root, staging, index, path, on_step)
    if found.kind is Kind.NOTHING or found.holds(before):
        return []
    beside = path + KEPT
    while look(root, beside).kind is not Kind.NOTHING:
        beside += KEPT
    _move_old_in(root, staging, index, beside, on_step)
    return [path]


def _move_old_in(root: int, staging: int, index: int, path: str, on_step: Callable[[str], None]) -> None:
    make_parents(root, path, on_step)
    with parent_of(root, path) as (parent, name):
        on_step(f"move {path} back")
        os.rename(old(index), name, src_dir_fd=staging, dst_dir_fd=parent)
