"""Stage 6: put all files of all nodes on the disk, or none, without losing what a person made of them meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.errors import Finding
from nodesmith.generation.transaction import commit, interrupted, recover
from nodesmith.generation.update.changes import NO_CHOICES
from nodesmith.generation.update.conflicts import UnfinishedError, UnresolvedError
from nodesmith.generation.update.operations import operations
from nodesmith.generation.update.planning import plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from nodesmith.generation.files import NodeFiles
    from nodesmith.generation.transaction import Recovery
    from nodesmith.generation.update.changes import Choices, Plan


def preview(
    files: Mapping[str, NodeFiles], target: Path, choices: Choices = NO_CHOICES, *, templates: str
) -> Plan:
    """Return what `write` would do, conflicts included; changes nothing on the disk.

    Raises UnfinishedError where an interrupted run has left its work half-way: what is there is then not what will be.
    """
    if interrupted(target):
        raise UnfinishedError(
            f"an interrupted run has left {target} half-way, so that there is nothing true to be said about it",
            fix="generate without looking first: that finishes the work, or takes it back",
        )
    return plan(files, target, choices, templates=templates)


def write(
    files: Mapping[str, NodeFiles], target: Path, choices: Choices = NO_CHOICES, *, templates: str
) -> Plan:
    """Write each unit's files under `target` and return what became of them; after any failure the target is as it was.

    What an interrupted run has left is finished or taken back first. `templates` is the digest of those that made the
    files. Raises UnresolvedError where a choice is missing, ConflictError where a file changes meanwhile, GateError
    where the disk refuses.
    """
    recovered = _in_words(recover(target))
    planned = plan(files, target, choices, templates=templates, recovered=recovered)
    if planned.conflicts:
        raise unresolved(planned, target)
    commit(target, operations(planned))
    return planned


def unresolved(planned: Plan, target: Path) -> UnresolvedError:
    """Return the error that says of each file in conflict where it is and what to do."""
    conflicts = planned.conflicts
    findings = tuple(
        Finding(
            rule="conflict", message=change.detail, file=str(target / unit.place(change.path)), fix=change.fix
        )
        for unit, change in conflicts
    )
    choose = "choose with --conflict=markers, ours, theirs or reject" if _any_lacks_fix(findings) else ""
    do = "do what is said of each file" if any(finding.fix for finding in findings) else ""
    return UnresolvedError(
        f"{len(conflicts)} file{' is' if len(conflicts) == 1 else 's are'} in conflict under {target}; nothing was written",
        findings=findings,
        plan=planned,
        fix=", and for the others ".join(filter(None, (do, choose))),
    )


def _any_lacks_fix(findings: Iterable[Finding]) -> bool:
    return not all(finding.fix for finding in findings)


def _in_words(recovery: Recovery | None) -> str:
    if recovery is None:
        return ""
    left = f"; left as you changed them meanwhile: {', '.join(recovery.left)}" if recovery.left else ""
    return f"what an interrupted run had left was {recovery.outcome.value} first{left}"
