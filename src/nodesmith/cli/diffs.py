"""What changes in files, as patches that `git apply` takes."""

from __future__ import annotations

from difflib import diff_bytes, unified_diff
from typing import TYPE_CHECKING

from nodesmith.generation.update.changes import WRITING, Action
from nodesmith.generation.update.merging import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.generation.update.changes import Change, Plan, UnitPlan

MODES = {False: "100644", True: "100755"}
_NO_END = b"\n\\ No newline at end of file\n"


def plan_diff(plan: Plan) -> bytes:
    """Return what a plan changes, as one patch to be applied in the target folder."""
    return b"".join(change_diff(unit, change) for unit, change in plan if change.action in WRITING)


def conflict_diff(plan: Plan) -> bytes:
    """Return what would change where a choice is missing: what `--conflict=markers` would write, or what is in the way."""
    return b"".join(change_diff(unit, change) for unit, change in plan.conflicts)


def change_diff(unit: UnitPlan, change: Change) -> bytes:
    """Return one file's patch, or nothing where nothing changes."""
    is_shown = change.action in WRITING or (change.action is Action.CONFLICT and change.after is not None)
    if not is_shown:
        return b""
    before = change.before or b""
    after = b"" if change.action is Action.REMOVE else change.after or b""
    facts = [line.encode(errors="surrogateescape") + b"\n" for line in _facts(unit, change)]
    if not facts and before == after:
        return b""
    old, new = _encoded(unit.place(change.moved_from or change.path)), _encoded(unit.place(change.path))
    header = b"".join([b"diff --git a/%s b/%s\n" % (old, new), *facts])
    if b"\0" in before + after:
        return header + (b"" if before == after else b"Binary files differ\n")
    hunks = diff_bytes(
        unified_diff, split_lines(before), split_lines(after),
        b"/dev/null" if change.before is None else b"a/" + old,
        b"/dev/null" if change.action is Action.REMOVE else b"b/" + new,
    )  # fmt: skip
    return header + b"".join(line if line.endswith(b"\n") else line + _NO_END for line in hunks)


def _facts(unit: UnitPlan, change: Change) -> Iterator[str]:
    """Yield what changes about a file beside its text, in git's words."""
    if change.before is None:
        yield f"new file mode {MODES[change.executable]}"
    elif change.action is Action.REMOVE:
        yield f"deleted file mode {MODES[change.was_executable]}"
    elif change.action is not Action.CONFLICT:
        if change.executable != change.was_executable:
            yield f"old mode {MODES[change.was_executable]}"
            yield f"new mode {MODES[change.executable]}"
        if change.moved_from:
            yield f"rename from {unit.place(change.moved_from)}"
            yield f"rename to {unit.place(change.path)}"


def _encoded(path: str) -> bytes:
    return path.encode(errors="surrogateescape")
