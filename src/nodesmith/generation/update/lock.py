"""The lock of a unit: what nodesmith wrote last, so that what a person changed since can be told from it.

It lies in the unit, with the text of each file as nodesmith wrote it beside it, as the base of later merges.
"""

from __future__ import annotations

import json
import re
from dataclasses import field
from typing import TYPE_CHECKING, Any

from nodesmith import __version__
from nodesmith.errors import Finding
from nodesmith.generation.files import Owner
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = ".nodesmith"
LOCK = f"{FOLDER}/lock.json"
FORMAT = 1
MODES = {False: "644", True: "755"}
_SHA = re.compile("[0-9a-f]{64}")
_MARKER = re.compile(r"^(<{7}|={7}|>{7})", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file as nodesmith wrote it: `sha` is the SHA-256 of that text."""

    owner: Owner
    executable: bool
    sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What a unit was made by, from what, and each file as it was made; a system's names its `nodes` by their folders."""

    nodesmith: str = __version__
    templates: str = ""
    spec: str = ""
    files: Mapping[str, Entry] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()

    def dump(self) -> bytes:
        """Return the lock's own text: sorted, and the same wherever and whenever it is written."""
        files = {
            path: {"mode": MODES[entry.executable], "owner": entry.owner.value, "sha256": entry.sha}
            for path, entry in self.files.items()
        }
        document = {
            "files": files, "format": FORMAT, "nodesmith": self.nodesmith, "spec": self.spec, "templates": self.templates,
            **({"nodes": self.nodes} if self.nodes else {}),
        }  # fmt: skip
        return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


class LockUnreadableError(ValueError):
    """A lock cannot be used; the finding says why and what to do."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def pristine_path(path: str) -> str:
    """Return where a file's text is kept; it ends so that no tool takes it for code."""
    return f"{FOLDER}/pristine/{path}.txt"


def load(data: bytes, *, file: str) -> Lock:
    """Return the lock that `file` holds; raises LockUnreadableError."""
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(text)
        if not isinstance(document, dict):
            raise TypeError  # noqa: TRY301 - the same end as any other wrong shape
        _check_age(document, file)
        files = {path: _entry(path, facts) for path, facts in document["files"].items()}
        made_by, spec, templates = (document[key] for key in ("nodesmith", "spec", "templates"))
        nodes = tuple(_folder(name) for name in document.get("nodes", ()))
    except LockUnreadableError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise LockUnreadableError(_broken(data, file)) from None
    return Lock(nodesmith=made_by, templates=templates, spec=spec, files=files, nodes=nodes)


def _folder(name: object) -> str:
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(name)
    return name


def _entry(path: str, facts: dict[str, Any]) -> Entry:
    # What is written there gets removed and replaced one day: a path must not lead out of the unit.
    parts = path.split("/")
    if {"", ".", ".."}.intersection(parts) or "\\" in path or "\0" in path or parts[0] == FOLDER:
        raise ValueError(path)
    if not _SHA.fullmatch(facts["sha256"]) or facts["mode"] not in MODES.values():
        raise ValueError(path)
    return Entry(owner=Owner(facts["owner"]), executable=facts["mode"] == MODES[True], sha=facts["sha256"])


def _check_age(document: dict[str, Any], file: str) -> None:
    made_by = str(document["nodesmith"])
    if document["format"] > FORMAT or _version(made_by) > _version(__version__):
        message = f"was made by nodesmith {made_by}, which is newer than this one ({__version__})"
        fix = f"install nodesmith {made_by} or later"
        raise LockUnreadableError(Finding(rule="newer-lock", message=message, file=file, fix=fix))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _broken(data: bytes, file: str) -> Finding:
    folder = file.rpartition("/")[0]
    if _MARKER.search(data.decode(errors="replace")):
        message = "holds the markers of a merge"
        fix = f"take one side of it, with what lies beside it: git checkout --ours -- {folder}; then generate again"
        return Finding(rule="merged-lock", message=message, file=file, fix=fix)
    message = "is not the lock that nodesmith wrote"
    fix = f"bring it back (git checkout -- {folder}), or remove {folder}: files that are as generated are then taken over"
    return Finding(rule="broken-lock", message=message, file=file, fix=fix)
