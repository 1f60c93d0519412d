"""What became of each file, or would become of it, for a person and for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.generation.files import Owner
from nodesmith.generation.update.changes import Action

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nodesmith.generation.update.changes import Change, Plan, UnitPlan

WIDTH = max(len(action.value) for action in Action)
DELETED = "deleted by you; --restore writes it again"


def lines(plan: Plan, target: Path, *, planned: bool) -> Iterator[str]:
    """Yield a line for each file that changes or that a person should know of, and how many others there are.

    A node that is all new is one line, unless it is only `planned`.
    """
    for unit in plan.units:
        if not planned and all(change.action is Action.CREATE for change in unit.changes):
            yield f"{target / unit.unit} ({_files(len(unit.changes))})"
        else:
            yield from (_line(unit, change, target) for change in unit.changes if _is_told(change))
    unchanged = sum(change.action is Action.UNCHANGED for _, change in plan)
    yours = sum(change.action is Action.KEEP and not _is_told(change) for _, change in plan)
    if unchanged or yours:
        counts = [f"{_files(unchanged)} unchanged", f"{yours} kept as yours"]
        yield ", ".join(text for text, count in zip(counts, (unchanged, yours), strict=True) if count)


def document(plan: Plan, *, diff: bool = False) -> list[dict[str, object]]:
    """Return every file and what becomes of it as plain data, with its patch where that is asked for."""
    from nodesmith.cli.diffs import change_diff

    return [
        {
            "path": unit.place(change.path),
            "action": change.action.value,
            "owner": change.owner.value,
            "moved_from": unit.place(change.moved_from) if change.moved_from else "",
            "detail": change.detail,
            **({"diff": change_diff(unit, change).decode(errors="replace")} if diff else {}),
        }
        for unit, change in plan
    ]


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def _is_told(change: Change) -> bool:
    is_own_business = change.action is Action.KEEP and change.owner is Owner.SEEDED and not change.detail
    return change.action is not Action.UNCHANGED and not is_own_business


def _line(unit: UnitPlan, change: Change, target: Path) -> str:
    detail = change.detail or (DELETED if change.action is Action.DELETED else "")
    return "".join(
        (
            f"{change.action.value:{WIDTH}} {target / unit.place(change.path)}",
            f" (from {target / unit.place(change.moved_from)})" if change.moved_from else "",
            f": {detail}" if detail else "",
        )
    )
