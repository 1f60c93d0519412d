"""What a person's choice makes of a file that both they and nodesmith changed, or that nodesmith never wrote."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from nodesmith.errors import ConflictError
from nodesmith.generation.files import GeneratedFile
from nodesmith.generation.gates.syntax import parse_node
from nodesmith.generation.update.changes import Action, Resolution
from nodesmith.generation.update.merging import can_be_merged, merge, merge_without_base
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from nodesmith.errors import Finding
    from nodesmith.generation.update.changes import Plan


class UnresolvedError(ConflictError):
    """Files cannot be written before a person chooses; `plan` is what would be done otherwise."""

    def __init__(self, message: str, *, plan: Plan, findings: tuple[Finding, ...], fix: str) -> None:
        super().__init__(message, findings=findings, fix=fix)
        self.plan = plan


class UnfinishedError(ConflictError):
    """An interrupted run left the target half-way, so that nothing true can be said about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do with a file: its new text (None: the one it has), and a text that is put beside it (`rejected`)."""

    action: Action
    text: bytes | None = None
    detail: str = ""
    rejected: bytes | None = None


def decide_merge(path: str, base: bytes, ours: bytes, theirs: bytes, choice: Resolution | None) -> Decision:
    """Merge what both changed, and resolve what conflicts as the person chose."""
    if not can_be_merged(base, ours, theirs):
        return decide_without_base(ours, theirs, choice, reason="is no text that could be merged")
    merged = merge(base, ours, theirs)
    problem = "" if merged.conflicts else _problem(path, merged.text)
    if not merged.conflicts and not problem:
        return _merged(merged.text, ours, theirs)
    reason = problem or f"{_places(merged.conflicts)} that you and nodesmith both changed"
    match choice:
        case None:
            return Decision(action=Action.CONFLICT, text=merged.text, detail=reason)
        case Resolution.REJECT:
            return _rejected(theirs)
        case Resolution.MARKERS:
            return Decision(action=Action.MERGE, text=merged.text, detail=reason)
    resolved = merge(base, ours, theirs, choice).text if merged.conflicts else merged.text
    return _checked(path, resolved, ours, theirs, choice)


def _checked(path: str, resolved: bytes, ours: bytes, theirs: bytes, choice: Resolution) -> Decision:
    """Take a text resolved for one side, unless it makes no sense: then all of the person's text, or a conflict again."""
    problem = _problem(path, resolved)
    if not problem:
        return _merged(resolved, ours, theirs)
    if choice is Resolution.OURS:
        return Decision(action=Action.KEEP)
    return Decision(action=Action.CONFLICT, text=resolved, detail=problem)


def decide_without_base(ours: bytes, theirs: bytes, choice: Resolution | None, *, reason: str) -> Decision:
    """Resolve a difference of which nobody knows who made it."""
    if choice is Resolution.OURS:
        return Decision(action=Action.KEEP)
    if choice is Resolution.THEIRS:
        return Decision(action=Action.UPDATE, text=theirs)
    if choice is Resolution.REJECT:
        return _rejected(theirs)
    if choice is Resolution.MARKERS and can_be_merged(ours, theirs):
        merged = merge_without_base(ours, theirs)
        return Decision(
            action=Action.MERGE, text=merged.text, detail=f"{_places(merged.conflicts)} that differ"
        )
    return Decision(action=Action.CONFLICT, text=theirs, detail=reason)


def _merged(text: bytes, ours: bytes, theirs: bytes) -> Decision:
    if text == ours:
        return Decision(action=Action.KEEP)
    return Decision(action=Action.UPDATE if text == theirs else Action.MERGE, text=text)


def _rejected(theirs: bytes) -> Decision:
    return Decision(action=Action.KEEP, rejected=theirs, detail="what nodesmith makes is beside it, in .rej")


def _places(count: int) -> str:
    return f"{count} place{'s' if count != 1 else ''}"


def _problem(path: str, text: bytes) -> str:
    """Return why a merged text cannot be what was meant, or nothing where it reads as its language has it."""
    try:
        files = {path: GeneratedFile(text=text.decode())}
    except UnicodeDecodeError:
        return "would be merged, but is no UTF-8 text"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        _, findings = parse_node(files)
    if not findings:
        return ""
    line = f"line {findings[0].line}: " if findings[0].line else ""
    return f"would be merged, but no longer parses then: {line}{findings[0].message}"
