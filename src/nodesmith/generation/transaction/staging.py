"""The folder in the target in which a transaction gets everything ready, and what is left of one."""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from nodesmith.generation.transaction.journal import (
    BACKWARD,
    FORWARD,
    UNFINISHED,
    MoveFolder,
    PutFile,
    dump,
    may_lose,
    old,
)
from nodesmith.generation.transaction.operations import STAGING_NAME, STAGING_PREFIX
from nodesmith.generation.transaction.places import (
    Kind,
    exists,
    flush,
    look_at,
    named,
    names_in,
    opened,
    parent_of,
    read,
    sync,
    write_new,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nodesmith.generation.transaction.journal import Step
    from nodesmith.generation.transaction.operations import FileWrite
    from nodesmith.generation.transaction.preparing import Prepared

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_OURS = re.compile(r"\d+(\.old)?|" + "|".join(re.escape(name) for name in (FORWARD, BACKWARD, UNFINISHED)))
# From this many on, one wait for everything costs less than one a file.
MANY = 64


def make_staging(root: int, on_step: Callable[[str], None]) -> str:
    """Make an empty folder that nobody else reads, and return its name."""
    name = STAGING_PREFIX + "".join(LETTERS[byte % len(LETTERS)] for byte in os.urandom(8))
    on_step("make the staging folder")
    os.mkdir(name, 0o700, dir_fd=root)
    return name


def stagings(root: int) -> list[str]:
    """Return the names of the staging folders in the target: a person's folder is not one by its name alone."""
    return [name for name in names_in(root) if STAGING_NAME.fullmatch(name) and _is_ours(root, name)]


def _is_ours(root: int, name: str) -> bool:
    try:
        with opened(root, name) as staging:
            return all(_OURS.fullmatch(entry) for entry in names_in(staging))
    except (NotADirectoryError, FileNotFoundError):
        return False


def journal_of(root: int, name: str) -> str:
    """Return the name of the journal that counts in a staging folder, or nothing."""
    try:
        with opened(root, name) as staging:
            return next((journal for journal in (FORWARD, BACKWARD) if exists(journal, dir_fd=staging)), "")
    except FileNotFoundError:  # of a run that is just done
        return ""


def holds_only_copies(staging: int) -> bool:
    """Tell whether old content is kept here that is nowhere else any more."""
    names = [name for name in names_in(staging) if name.endswith(".old")]
    return any(os.stat(name, dir_fd=staging, follow_symlinks=False).st_nlink == 1 for name in names)


def fill(root: int, staging: int, work: Sequence[Prepared], on_step: Callable[[str], None]) -> None:
    """Get the new content of each step ready, and keep the old one."""
    for index, prepared in enumerate(work):
        path = prepared.step.path
        if isinstance(prepared.step, PutFile):
            with named(path):
                _stage_file(staging, str(index), prepared.writes[0], prepared.replaced, on_step)
            if prepared.replaced:
                _keep(root, staging, old(index), path, on_step)
        elif prepared.writes:
            with named(path):
                _stage_folder(staging, str(index), prepared, on_step)


def _stage_folder(staging: int, top: str, prepared: Prepared, on_step: Callable[[str], None]) -> None:
    made: set[str] = set()
    for write in prepared.writes:
        name = top + write.path[len(prepared.step.path) :]
        _make_folders(staging, name, made, on_step)
        _stage_file(staging, name, write, None, on_step)


def _make_folders(staging: int, name: str, made: set[str], on_step: Callable[[str], None]) -> None:
    folder = name.rpartition("/")[0]
    if not folder or folder in made:
        return
    _make_folders(staging, folder, made, on_step)
    on_step(f"stage {folder}")
    os.mkdir(folder, dir_fd=staging)
    made.add(folder)


def _stage_file(
    staging: int, name: str, write: FileWrite, replaced: os.stat_result | None, on_step: Callable[[str], None]
) -> None:
    on_step(f"stage {write.path}")
    mode = stat.S_IMODE(replaced.st_mode) if replaced and write.mode is None else write.mode
    write_new(name, write.content, dir_fd=staging, executable=write.executable, mode=mode, like=replaced)


def _keep(root: int, staging: int, name: str, path: str, on_step: Callable[[str], None]) -> None:
    """Give the old content a second name, or where the file system has no such thing, copy it."""
    on_step(f"keep {path}")
    with parent_of(root, path) as (parent, last):
        try:
            os.link(last, name, src_dir_fd=parent, dst_dir_fd=staging, follow_symlinks=False)
        except OSError:
            status = os.stat(last, dir_fd=parent, follow_symlinks=False)
            content = read(last, dir_fd=parent)
            write_new(name, content, dir_fd=staging, mode=stat.S_IMODE(status.st_mode), like=status)


def write_journal(staging: int, steps: Sequence[Step], on_step: Callable[[str], None]) -> None:
    """Put down what is to be done, where it does not count yet."""
    on_step("write the journal")
    with named(None):
        write_new(UNFINISHED, dump(steps), dir_fd=staging)
    if may_lose(steps):
        count = sum(len(step.files) if isinstance(step, MoveFolder) else 1 for step in steps)
        if count <= MANY or not _flushed_at_once():
            _flush_all(staging)


def let_count(root: int, staging: int, steps: Sequence[Step], on_step: Callable[[str], None]) -> None:
    """From this moment on a later run finishes what this one may not."""
    on_step("let the journal count")
    os.rename(UNFINISHED, FORWARD, src_dir_fd=staging, dst_dir_fd=staging)
    if may_lose(steps):
        sync(staging)
        sync(root)


def turn_back(staging: int, on_step: Callable[[str], None]) -> None:
    """From this moment on a later run takes back what this one has done."""
    if exists(FORWARD, dir_fd=staging):
        on_step("turn back")
        os.rename(FORWARD, BACKWARD, src_dir_fd=staging, dst_dir_fd=staging)


def count_no_more(root: int, staging: int, steps: Sequence[Step], on_step: Callable[[str], None]) -> None:
    """Let all be done: from this moment on the journal counts no more, and the staging folder is to be removed."""
    if may_lose(steps):
        _flush_folders(root, {step.path.rpartition("/")[0] for step in steps})
    for journal in (FORWARD, BACKWARD):
        if exists(journal, dir_fd=staging):
            on_step("let the journal count no more")
            os.unlink(journal, dir_fd=staging)


def remove_staging(root: int, name: str, on_step: Callable[[str], None]) -> None:
    """Remove a staging folder whose journal counts no more; what cannot be removed is left for the next run."""
    with suppress(OSError):
        _remove(root, name, on_step)


def _remove(parent: int, name: str, on_step: Callable[[str], None]) -> None:
    with opened(parent, name) as folder:
        for entry in names_in(folder):
            if look_at(folder, entry) is Kind.FOLDER:
                _remove(folder, entry, on_step)
            else:
                on_step(f"clean up {entry}")
                os.unlink(entry, dir_fd=folder)
    on_step(f"clean up {name}")
    os.rmdir(name, dir_fd=parent)


def _flush_all(folder: int) -> None:
    """Wait until all that is below an open folder is on the disk itself."""
    for name in names_in(folder):
        if look_at(folder, name) is Kind.FOLDER:
            with opened(folder, name) as below:
                _flush_all(below)
        else:
            flush(name, dir_fd=folder)
    sync(folder)


def _flush_folders(root: int, folders: set[str]) -> None:
    if len(folders) > MANY and _flushed_at_once():
        return
    for folder in folders:
        with (
            suppress(FileNotFoundError, NotADirectoryError),
            parent_of(root, f"{folder}/." if folder else ".") as (
                parent,
                _,
            ),
        ):
            sync(parent)


def _flushed_at_once() -> bool:
    if sys.platform != "linux":
        return False  # elsewhere `sync` may return before anything is written
    os.sync()
    return True
