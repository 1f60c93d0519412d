"""What a transaction is about to do, put down so that a later run can finish it or take it back.

The journal lies in the transaction's own folder in the target, the staging folder, beside the new content of step n
(`n`, a file or a whole folder) and the old content (`n.old`). Its name is the direction: `forward.json` once all is
ready, `backward.json` from the moment on that everything is taken back. Where there is neither, nothing was changed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from nodesmith.generation.transaction.operations import leaves_the_target
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT = 1
FORWARD = "forward.json"
BACKWARD = "backward.json"
UNFINISHED = "unfinished.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFolder:
    """Move a new folder to its place, where nothing is; `files` are the checksums by the paths in it."""

    path: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PutFile:
    """Put a file into its place, over the one with the checksum `before`, or where nothing is."""

    path: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFile:
    """Take a file away from its place."""

    path: str
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFolder:
    """Remove a folder, should it be empty; `mode` is what it gets where it has to come back."""

    path: str
    mode: int


Step: TypeAlias = MoveFolder | PutFile | TakeFile | DropFolder


class NewerFormatError(Exception):
    """A journal is of a format that this version does not know."""


def old(index: int) -> str:
    """Return the name under which the old content of a step is kept in the staging folder."""
    return f"{index}.old"


def may_lose(steps: Sequence[Step]) -> bool:
    """Tell whether bytes that were there before are replaced or removed, so that a power cut must not tear this apart.

    Where everything is new, the worst that a power cut leaves is what can be generated again.
    """
    return any(
        isinstance(step, TakeFile) or (isinstance(step, PutFile) and step.before is not None)
        for step in steps
    )


def dump(steps: Sequence[Step]) -> bytes:
    """Return the journal's text."""
    return json.dumps({"format": FORMAT, "steps": [_as_json(step) for step in steps]}).encode()


def load(text: bytes) -> tuple[Step, ...] | None:
    """Return a journal's steps, None where it is torn; raises NewerFormatError."""
    try:
        document = json.loads(text)
        if document["format"] > FORMAT:
            raise NewerFormatError
        steps = tuple(_step(item) for item in document["steps"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return None if any(leaves_the_target(path) for step in steps for path in _paths(step)) else steps


def _paths(step: Step) -> list[str]:
    below = [f"{step.path}/{path}" for path in step.files] if isinstance(step, MoveFolder) else []
    return [step.path, *below]


def _as_json(step: Step) -> dict[str, Any]:
    match step:
        case MoveFolder():
            return {"do": "move", "path": step.path, "files": dict(step.files)}
        case PutFile():
            return {"do": "put", "path": step.path, "before": step.before, "after": step.after}
        case TakeFile():
            return {"do": "take", "path": step.path, "before": step.before}
        case DropFolder():
            return {"do": "drop", "path": step.path, "mode": step.mode}


def _step(item: dict[str, Any]) -> Step:
    match item:
        case {"do": "move", "path": str(path), "files": dict(files)}:
            return MoveFolder(path=path, files={str(place): str(sha) for place, sha in files.items()})
        case {"do": "put", "path": str(path), "before": str() | None as before, "after": str(after)}:
            return PutFile(path=path, before=before, after=after)
        case {"do": "take", "path": str(path), "before": str(before)}:
            return TakeFile(path=path, before=before)
        case {"do": "drop", "path": str(path), "mode": int(mode)}:
            return DropFolder(path=path, mode=mode)
        case _:
            raise ValueError(item)
