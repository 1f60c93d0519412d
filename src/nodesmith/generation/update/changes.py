"""What is to become of each file, as plain data: `--dry-run`, `--diff`, `--check` and the writing all read the same."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from nodesmith.generation.files import Owner
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator


class Action(StrEnum):
    """What becomes of one file."""

    CREATE = "create"
    UPDATE = "update"
    MERGE = "merge"
    MOVE = "move"
    RESTORE = "restore"
    REMOVE = "remove"
    KEEP = "keep"
    LEFT = "left"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"


WRITING = frozenset({Action.CREATE, Action.UPDATE, Action.MERGE, Action.MOVE, Action.RESTORE, Action.REMOVE})
"""The actions that change something on the disk."""


class Resolution(StrEnum):
    """What a person chose for places that both they and nodesmith changed."""

    MARKERS = "markers"
    OURS = "ours"
    THEIRS = "theirs"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a person asked for; `restore` are paths of deleted files, and with `preview` nothing at all is written."""

    conflict: Resolution | None = None
    restore: tuple[str, ...] = ()
    preview: bool = False


NO_CHOICES = Choices()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file: what is there, at `moved_from` where that is given, and what will be there.

    `before` and `after` are empty (None) where there is no file, and where nothing is written. `mode` are the permission
    bits the file has and keeps; `detail` says what a person should know.
    """

    path: str
    action: Action
    owner: Owner = Owner.GENERATED
    before: bytes | None = None
    after: bytes | None = None
    was_executable: bool = False
    executable: bool = False
    mode: int | None = None
    moved_from: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPlan:
    """One unit's files; `records` are those in its `.nodesmith` folder that change, its lock the last."""

    unit: str
    changes: tuple[Change, ...]
    records: tuple[Change, ...] = ()

    @property
    def present(self) -> frozenset[str]:
        """The paths of the files that are there once the plan is carried out."""
        absent = (Action.DELETED, Action.REMOVE, Action.CONFLICT)
        return frozenset(change.path for change in self.changes if change.action not in absent)

    def place(self, path: str) -> str:
        """Return a path of this unit relative to the target."""
        return path if self.unit == "." else f"{self.unit}/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All units' files; `recovered` says what an interrupted run had left, where there was one."""

    units: tuple[UnitPlan, ...]
    recovered: str = ""

    @property
    def conflicts(self) -> tuple[tuple[UnitPlan, Change], ...]:
        """Every file for which a choice is missing."""
        return tuple(found for found in self if found[1].action is Action.CONFLICT)

    @property
    def is_stale(self) -> bool:
        """Say whether anything is to be changed, conflicts included."""
        return any(unit.records for unit in self.units) or any(
            change.action in WRITING or change.action is Action.CONFLICT for _, change in self
        )

    def __iter__(self) -> Iterator[tuple[UnitPlan, Change]]:
        """Yield every file with its unit."""
        return ((unit, change) for unit in self.units for change in unit.changes)
