"""What a transaction is asked to do, and which paths it refuses before it looks at the disk."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, TypeAlias

from nodesmith.errors import Finding, GateError
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STAGE = "6"
_DRIVE = re.compile("[A-Za-z]:")
# The transaction's own folder in the target: this beginning and eight more of these letters.
STAGING_PREFIX = ".nodesmith-writing-"
STAGING_NAME = re.compile(re.escape(STAGING_PREFIX) + "[a-z0-9_]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWrite:
    """A file to be written to `path`, relative to the target and with forward slashes.

    `before` is the sha256 (hex) of the bytes that must be there now, None where nothing may be there. A replaced file
    keeps its mode, a new one gets the umask's, with run bits where it is `executable`; `mode` overrides both.
    """

    path: str
    content: bytes
    executable: bool = False
    mode: int | None = None
    before: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRemoval:
    """A file to be removed, where it holds the bytes whose sha256 is `before`; folders left empty go with it."""

    path: str
    before: str


Operation: TypeAlias = FileWrite | FileRemoval


def sha256(content: bytes) -> str:
    """Return the checksum by which a transaction knows a file's bytes."""
    return hashlib.sha256(content).hexdigest()


def leaves_the_target(path: str) -> str:
    """Return why `path` is no plain path below the target, on any system; nothing where it is one."""
    parts = path.split("/")
    if path.startswith("/") or _DRIVE.match(path):
        return "is an absolute path"
    if ".." in parts:
        return "leads out of the target folder"
    if "\\" in path or "\0" in path or "" in parts or "." in parts:
        return "is no plain path of names and forward slashes"
    if STAGING_NAME.fullmatch(parts[0]):
        return "is a folder in which nodesmith keeps what it is about to write"
    try:
        path.encode()
    except UnicodeEncodeError:
        return "holds what is no character"
    return ""


def check_paths(target: Path, operations: Sequence[Operation]) -> None:
    """Raise GateError, with every path that would leave the target or that two operations would share."""
    findings = [
        Finding(rule="outside-the-target", message=reason, file=operation.path)
        for operation in operations
        if (reason := leaves_the_target(operation.path))
    ]
    findings.extend(_collisions(operations))
    if findings:
        raise GateError(
            f"{len(findings)} of the paths to be written under {target} cannot be used; nothing was written",
            stage=STAGE,
            findings=tuple(findings),
            fix="choose names that make plain paths which differ by more than case",
        )


def _collisions(operations: Sequence[Operation]) -> list[Finding]:
    """Find places that are asked for twice, also where a disk does not tell upper from lower case."""
    findings: list[Finding] = []
    asked_for: set[str] = set()
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for operation in operations:
        path = operation.path
        if path in asked_for:
            findings.append(Finding(rule="collision", message="is asked for twice", file=path))
        asked_for.add(path)
        if isinstance(operation, FileWrite):
            files.setdefault(_folded(path), path)
            if files[_folded(path)] != path:
                findings.append(_same_place(path, files[_folded(path)]))
            findings.extend(_folder_collisions(path, folders))
    findings.extend(
        Finding(rule="collision", message="would be a file and a folder", file=files[both])
        for both in files.keys() & folders.keys()
    )
    return findings


def _folder_collisions(path: str, folders: dict[str, str]) -> list[Finding]:
    findings = []
    folder, slash, _ = path.rpartition("/")
    while slash:
        known = folders.get(_folded(folder))
        if known == folder:
            break  # and so are the folders above it
        if known is None:
            folders[_folded(folder)] = folder
        else:
            findings.append(_same_place(folder, known))
        folder, slash, _ = folder.rpartition("/")
    return findings


def _same_place(path: str, other: str) -> Finding:
    return Finding(rule="collision", message=f"differs from {other} by case only", file=path)


def _folded(path: str) -> str:
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()
