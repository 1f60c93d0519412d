"""Making all the changes, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.generation.interrupts import interrupts_held
from nodesmith.generation.transaction.applying import forward
from nodesmith.generation.transaction.locking import PATIENCE_SECONDS, locked
from nodesmith.generation.transaction.operations import check_paths
from nodesmith.generation.transaction.preparing import prepare
from nodesmith.generation.transaction.recovery import (
    disk_errors_explained,
    recover,
    recover_locked,
    take_back,
)
from nodesmith.generation.transaction.staging import (
    end,
    fill,
    let_count,
    make_staging,
    opened,
    remove_staging,
    write_journal,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from nodesmith.generation.transaction.locking import Root
    from nodesmith.generation.transaction.operations import Operation
    from nodesmith.generation.transaction.preparing import Prepared


def commit(
    target: Path,
    operations: Sequence[Operation],
    *,
    on_step: Callable[[str], None] = lambda _: None,
    patience: float = PATIENCE_SECONDS,
) -> None:
    """Carry out all operations under `target` in their order; after any failure the folder is as it was.

    `on_step` is called before every single change of the disk. An interrupt is held back until everything is in place
    or undone; what a killed run leaves is finished or taken back first, here or by `recover`.

    Raises ConflictError where a place does not hold what it should, or where another run holds the lock on the folder
    for `patience` seconds; GateError where the disk refuses, or where a path would leave the folder.
    """
    check_paths(target, operations)
    if not operations:
        recover(target, on_step=on_step, patience=patience)
        return
    # The lock first: whoever waits for it may be interrupted at once.
    with (
        disk_errors_explained(target),
        locked(target, patience=patience, make=on_step) as root,
        interrupts_held() as interrupts,
    ):

        def step(name: str) -> None:
            if interrupts:
                raise KeyboardInterrupt
            on_step(name)

        recover_locked(root, on_step)
        _carry_out(root, prepare(root, operations), step, on_step)


def _carry_out(
    root: Root,
    work: Sequence[Prepared],
    on_step: Callable[[str], None],
    on_last_step: Callable[[str], None],
) -> None:
    """Take all steps; the last ones, which make them count or undo them, are beyond interrupting."""
    steps = tuple(prepared.step for prepared in work)
    name = make_staging(root.descriptor, on_step)
    with opened(root.descriptor, name) as staging:
        try:
            fill(root.descriptor, staging, work, on_step)
            write_journal(staging, steps, on_step)
        except BaseException:
            remove_staging(root.descriptor, name, on_last_step)
            raise
        try:
            let_count(root.descriptor, staging, steps, on_step)
            forward(root.descriptor, staging, steps, on_step)
            end(root.descriptor, name, staging, steps, on_last_step)
        except BaseException:
            take_back(root, name, staging, steps, on_last_step)
            raise
