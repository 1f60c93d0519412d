"""Finishing or taking back what a run left that was killed."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING

from nodesmith.errors import ConflictError, Finding, GateError
from nodesmith.generation.interrupts import interrupts_held
from nodesmith.generation.transaction.applying import ChangedError, backward, forward
from nodesmith.generation.transaction.journal import FORWARD, DropFolder, NewerFormatError, load
from nodesmith.generation.transaction.locking import PATIENCE_SECONDS, is_locked, locked
from nodesmith.generation.transaction.operations import STAGE
from nodesmith.generation.transaction.places import opened, read
from nodesmith.generation.transaction.staging import (
    count_no_more,
    holds_only_copies,
    journal_of,
    remove_staging,
    stagings,
    turn_back,
)
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from nodesmith.generation.transaction.journal import Step
    from nodesmith.generation.transaction.locking import Root


class Outcome(Enum):
    """What became of a run that was interrupted."""

    FORWARD = "finished"
    BACK = "taken back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What `recover` did: to which paths, and which of them were left as a person has made them meanwhile."""

    outcome: Outcome
    paths: tuple[str, ...]
    left: tuple[str, ...] = ()
    reason: str = ""


def interrupted(target: Path) -> bool:
    """Tell whether a run was killed while it changed files under `target`; changes nothing and waits for nobody."""
    if not target.is_dir():
        return False
    with explained(target):
        descriptor = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return any(journal_of(descriptor, name) for name in stagings(descriptor)) and not is_locked(
                target
            )
        finally:
            os.close(descriptor)


def recover(
    target: Path,
    *,
    on_step: Callable[[str], None] = lambda _: None,
    patience: float = PATIENCE_SECONDS,
) -> Recovery | None:
    """Finish what a killed run was doing under `target`, or take it back where a person has changed a place meanwhile.

    Returns None where nothing had been changed; what lies about of such a run is removed. Raises GateError where the
    disk refuses, ConflictError where another run holds the lock for `patience` seconds.
    """
    if not target.is_dir():
        return None
    with explained(target), locked(target, patience=patience) as root, interrupts_held():
        return recover_locked(root, on_step)


def recover_locked(root: Root, on_step: Callable[[str], None]) -> Recovery | None:
    """Do what `recover` does, under a lock that is held already."""
    recovery = None
    for name in stagings(root.descriptor):
        with opened(root.descriptor, name) as staging:
            recovery = _recover(root, name, staging, on_step) or recovery
    return recovery


def take_back(
    root: Root, name: str, staging: int, steps: Sequence[Step], on_step: Callable[[str], None]
) -> tuple[str, ...]:
    """Undo the steps that have been taken, and return the places that a person has changed; those are left alone."""
    failed: list[OSError] = []
    with _collected(failed):
        turn_back(staging, on_step)
    left, not_undone = backward(root.descriptor, staging, steps, on_step)
    failed.extend(not_undone)
    if not failed:
        with _collected(failed):
            count_no_more(root.descriptor, staging, steps, on_step)
    if failed:
        raise GateError(
            f"{len(failed)} of the changes under {root.path} could not be taken back",
            stage=STAGE,
            findings=tuple(
                Finding(rule="not-taken-back", message=error.strerror or str(error), file=str(error.filename))
                for error in failed
            ),
            fix="put right what is named here and run nodesmith again, which takes back the rest; "
            f"until then keep {root.path / name}, where the old files are",
        )
    remove_staging(root.descriptor, name, on_step)
    return left


@contextmanager
def _collected(failed: list[OSError]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        failed.append(error)


@contextmanager
def explained(target: Path) -> Iterator[None]:
    """Turn what has stopped the block, which has undone its changes, into one of our own errors."""
    try:
        yield
    except ChangedError as error:
        place = str(target / error.path)
        raise ConflictError(
            f"{place} {error.kind.value}; nothing was written",
            findings=(Finding(rule="changed", message=error.kind.value, file=place),),
            fix="run this again: the changes are then planned from what is there now",
        ) from error
    except OSError as error:
        raise GateError(
            f"the files could not be written: {error.strerror or error} ({_place(target, error)})",
            stage=STAGE,
            fix=f"{_remedy(target, error.errno)}; nothing was written",
        ) from error


def _remedy(target: Path, number: int | None) -> str:
    match number:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return "make room or choose another folder with -o"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "make the place writable for you, or choose another folder with -o"
        case errno.EXDEV | errno.EBUSY:
            return f"no part of {target} may be mounted from elsewhere: unmount it, or choose another folder with -o"
        case _:
            return "put that right or choose another folder with -o"


def _place(target: Path, error: OSError) -> Path:
    return target / error.filename if isinstance(error.filename, str) else target


def _recover(root: Root, name: str, staging: int, on_step: Callable[[str], None]) -> Recovery | None:
    journal = journal_of(root.descriptor, name)
    steps = _steps(root, name, staging, journal) if journal else None
    if steps is None:
        remove_staging(root.descriptor, name, on_step)
        return None
    paths = tuple(step.path for step in steps if not isinstance(step, DropFolder))
    reason = "it was being taken back already"
    if journal == FORWARD:
        try:
            forward(root.descriptor, staging, steps, on_step)
            count_no_more(root.descriptor, staging, steps, on_step)
        except (ChangedError, OSError) as error:
            reason = str(error)
        else:
            remove_staging(root.descriptor, name, on_step)
            return Recovery(outcome=Outcome.FORWARD, paths=paths)
    left = take_back(root, name, staging, steps, on_step)
    return Recovery(outcome=Outcome.BACK, paths=paths, left=left, reason=reason)


def _steps(root: Root, name: str, staging: int, journal: str) -> tuple[Step, ...] | None:
    try:
        steps = load(read(journal, dir_fd=staging))
    except NewerFormatError as error:
        raise GateError(
            f"a newer nodesmith was interrupted while it changed files under {root.path}",
            stage=STAGE,
            fix=f"run that version once more, it finishes or takes back what {root.path / name} holds",
        ) from error
    # A journal is whole before anything is done; should the disk have lost it since, old files must not go with it.
    if steps is None and holds_only_copies(staging):
        raise GateError(
            f"{root.path / name / journal} was to say where the old files in that folder belong, but cannot be read",
            stage=STAGE,
            fix="look through the folder's `.old` files, move what you need to its place, and remove the folder",
        )
    return steps
