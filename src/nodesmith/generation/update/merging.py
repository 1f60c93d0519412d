"""Merge what a person and nodesmith made of the same text: by git where it is installed, else by our own `diff3`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.generation.update.changes import Resolution
from nodesmith.generation.update.diff3 import diff3, two_way
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nodesmith.generation.update.diff3 import Hunk

YOURS, BEFORE, NODESMITH = "yours", "before", "nodesmith"
_OPENED = re.compile(rb"^<{7} ", re.MULTILINE)
_CLOSED = re.compile(rb"^>{7} ", re.MULTILINE)
# `git merge-file` exits with the number of conflicts up to here, and above with an error.
_MOST_CONFLICTS = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What came of a merge, with markers around what conflicts."""

    text: bytes
    conflicts: int


def holds_markers(text: bytes) -> bool:
    """Say whether a text holds the markers of an earlier merge."""
    return bool(_OPENED.search(text) and _CLOSED.search(text))


def can_be_merged(*texts: bytes) -> bool:
    """Say whether these are texts at all, whose lines can be told apart."""
    return not any(b"\0" in text for text in texts)


def merge(base: bytes, ours: bytes, theirs: bytes, favour: Resolution | None = None) -> Merged:
    """Return `ours` with the changes that lead from `base` to `theirs`; `favour` decides each conflict for one side."""
    if git := shutil.which("git"):
        merged = _merge_by_git(git, base, ours, theirs, favour)
        if merged is not None:
            return merged
    return merge_by_lines(base, ours, theirs, favour)


def merge_by_lines(base: bytes, ours: bytes, theirs: bytes, favour: Resolution | None = None) -> Merged:
    """Merge without git."""
    return _joined(diff3(split_lines(base), split_lines(ours), split_lines(theirs)), favour)


def merge_without_base(ours: bytes, theirs: bytes) -> Merged:
    """Return both texts as one, with markers around each difference."""
    return _joined(two_way(split_lines(ours), split_lines(theirs)), None)


def split_lines(text: bytes) -> list[bytes]:
    """Return a text's lines with their ends; only a line feed ends one."""
    return re.findall(rb"[^\n]*\n|[^\n]+", text)


def _merge_by_git(
    git: str, base: bytes, ours: bytes, theirs: bytes, favour: Resolution | None
) -> Merged | None:
    """Return what git made of it, or None where it could not."""
    with tempfile.TemporaryDirectory(prefix="nodesmith-") as name:
        places = [Path(name, label) for label in (YOURS, BEFORE, NODESMITH)]
        for place, text in zip(places, (ours, base, theirs), strict=True):
            place.write_bytes(text)
        labels = chain.from_iterable(("-L", place.name) for place in places)
        style = [f"--{favour.value}"] if favour else ["--diff3"]
        try:
            run = subprocess.run(
                [git, "merge-file", "-p", *style, *labels, *(place.name for place in places)],
                cwd=name, env=_git_environment(name), capture_output=True, check=False,
            )  # fmt: skip
        except OSError:
            return None
    if not 0 <= run.returncode <= _MOST_CONFLICTS:
        return None
    return Merged(text=run.stdout, conflicts=run.returncode)


def _git_environment(folder: str) -> dict[str, str]:
    """Keep git to the files it is given: no repository around them and no settings of a person's count."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    own = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CEILING_DIRECTORIES": folder}
    return {**others, **own, "LC_ALL": "C"}


def _joined(hunks: Iterable[Hunk], favour: Resolution | None) -> Merged:
    lines: list[bytes] = []
    conflicts = 0
    for hunk in hunks:
        if not hunk.conflict:
            lines += hunk.merged
        elif favour:
            lines += hunk.ours if favour is Resolution.OURS else hunk.theirs
        else:
            conflicts += 1
            lines += _marked(hunk)
    # A line that came into the middle needs its end, which the last line of a side may lack.
    ended = [line if line.endswith(b"\n") else line + b"\n" for line in lines[:-1]]
    return Merged(text=b"".join([*ended, *lines[-1:]]), conflicts=conflicts)


def _marked(hunk: Hunk) -> Iterator[bytes]:
    yield f"<<<<<<< {YOURS}\n".encode()
    yield from hunk.ours
    if hunk.base:
        yield f"||||||| {BEFORE}\n".encode()
        yield from hunk.base
    yield b"=======\n"
    yield from hunk.theirs
    yield f">>>>>>> {NODESMITH}\n".encode()
