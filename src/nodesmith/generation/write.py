"""Stage 6: put all files of all nodes on the disk, or none.

Everything is decided before anything is written, written beside its place, and then moved in. A file that is there
already is never overwritten: it is the same, or it is the person's, or nothing at all is written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.errors import ConflictError, Finding, GateError
from nodesmith.generation.files import Owner
from nodesmith.generation.interrupts import interrupts_held
from nodesmith.generation.staging import remove_leftovers, staging_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from nodesmith.generation.files import GeneratedFile, NodeFiles

STAGE = "6"
EXECUTABLE = 0o111


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenNode:
    """What became of one node's files, each list in the order of its paths."""

    folder: str
    created: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def write(nodes: Mapping[str, NodeFiles], target: Path) -> tuple[WrittenNode, ...]:
    """Write each node's files to its folder under `target`; after any failure the target is as it was.

    Raises ConflictError where something else is in the way, GateError where the disk refuses. An interrupt is held
    back until everything is in place or undone; a run that is killed may leave some nodes, each of them whole, and a
    folder that the next run removes.
    """
    with interrupts_held() as interrupts:
        plans = plan(nodes, target)
        with _undo_on_failure() as undo:
            try:
                _carry_out(nodes, plans, target, undo)
            except OSError as error:
                raise GateError(
                    f"the files could not be written: {error.strerror or error} ({error.filename or target})",
                    stage=STAGE,
                    fix="make room or choose another folder with -o; nothing was written",
                ) from error
            if interrupts:
                raise KeyboardInterrupt
    return plans


def plan(nodes: Mapping[str, NodeFiles], target: Path) -> tuple[WrittenNode, ...]:
    """Return what `write` would do; raises ConflictError, with every file that is in the way."""
    findings: list[Finding] = []
    plans = tuple(_plan_node(target, folder, files, findings) for folder, files in nodes.items())
    if findings:
        raise ConflictError(
            f"{len(findings)} file{'s are' if len(findings) > 1 else ' is'} in the way under {target}; nothing was written",
            findings=tuple(findings),
            fix="choose another folder with -o, or move your changes away and generate again",
        )
    return plans


def _plan_node(target: Path, folder: str, files: NodeFiles, findings: list[Finding]) -> WrittenNode:
    created, unchanged, kept = [], [], []
    for path, file in files.items():
        place = target / folder / path
        if obstacle := _obstacle(target, place):
            findings.append(Finding(rule="in-the-way", message=obstacle, file=str(place)))
        elif not os.path.lexists(place):
            created.append(path)
        elif file.owner is Owner.SEEDED:
            kept.append(path)
        elif _holds(place, file):
            unchanged.append(path)
        else:
            findings.append(Finding(rule="changed", message="has other content", file=str(place)))
    return WrittenNode(folder=folder, created=tuple(created), unchanged=tuple(unchanged), kept=tuple(kept))


def _obstacle(target: Path, place: Path) -> str:
    for parent in reversed(place.relative_to(target).parents[:-1]):
        above = target / parent
        if above.is_symlink():
            return f"{above} is a symbolic link, which is not followed"
        if os.path.lexists(above) and not above.is_dir():
            return f"{above} is no folder"
    return ""


def _holds(place: Path, file: GeneratedFile) -> bool:
    if place.is_symlink() or not place.is_file():
        return False
    try:
        return place.read_bytes() == file.text.encode()
    except OSError:
        return False


def _carry_out(
    nodes: Mapping[str, NodeFiles], plans: tuple[WrittenNode, ...], target: Path, undo: contextlib.ExitStack
) -> None:
    if not any(written.created for written in plans):
        remove_leftovers(target)
        return
    _make_folders(target, undo)
    with staging_folder(target) as staging:
        for written in plans:
            for path in written.created:
                _stage(staging / written.folder / path, nodes[written.folder][path])
        for written in plans:
            _move_in(staging / written.folder, target / written.folder, written.created, undo)


def _stage(place: Path, file: GeneratedFile) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb") as stream:
        stream.write(file.text.encode())
    if file.executable:
        mode = place.stat().st_mode
        # Whoever may read it may run it, as `chmod +x` under the present umask would have it.
        place.chmod(mode | (mode >> 2) & EXECUTABLE)


def _move_in(staged: Path, folder: Path, created: tuple[str, ...], undo: contextlib.ExitStack) -> None:
    """Move staged files to their places: a new node in one step, new files of an old one each by itself."""
    if not created:
        return
    if not os.path.lexists(folder):
        staged.rename(folder)
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        return
    for path in created:
        place = folder / path
        _make_folders(place.parent, undo)
        if os.path.lexists(place):
            raise FileExistsError(errno.EEXIST, "it has just come in the way", str(place))
        (staged / path).rename(place)
        undo.callback(_try, place.unlink)


def _make_folders(folder: Path, undo: contextlib.ExitStack) -> None:
    missing = [folder, *folder.parents]
    for place in reversed(missing[: next(i for i, above in enumerate(missing) if above.exists())]):
        place.mkdir()
        undo.callback(_try, place.rmdir)


@contextlib.contextmanager
def _undo_on_failure() -> Iterator[contextlib.ExitStack]:
    """Give a stack of steps that are taken, the last one first, only where the block fails."""
    with contextlib.ExitStack() as undo:
        yield undo
        undo.pop_all()


def _try(step: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        step()
