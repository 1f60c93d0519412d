"""Formatting and linting, by ruff, as each node's own configuration has it: all nodes at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import Finding
from nodesmith.generation.gates.beside import beside
from nodesmith.generation.gates.scratch import scratch_folder
from nodesmith.generation.interrupts import interrupts_held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from nodesmith.generation.files import NodeFiles
    from nodesmith.generation.gates.scratch import Scratch

# Which import or exported name comes first depends on names, so templates leave their order to ruff. Everything else is a finding.
FIXED = "I001,RUF022,FURB157"

BLOCK = 4096

Tidied = tuple[dict[str, "NodeFiles"], list[Finding]]


@contextmanager
def ruff_at_work(nodes: Mapping[str, NodeFiles]) -> Iterator[Callable[[], Tidied]]:
    """Let ruff check all nodes' files while the block runs; what is given, called, returns them formatted and what it found.

    A finding's file begins with its node's folder. Interrupts wait until the scratch folder is gone.
    """
    with interrupts_held(), scratch_folder(_room_for(nodes)) as scratch:
        _lay_out(nodes, scratch)
        with beside(lambda: _tidy(scratch)) as finish:
            yield lambda: _finish(nodes, scratch, finish())


def _room_for(nodes: Mapping[str, NodeFiles]) -> int:
    """Return how many bytes the files take at most: each begins a block of its own."""
    return sum(len(file.text) + BLOCK for files in nodes.values() for file in files.values())


def _lay_out(nodes: Mapping[str, NodeFiles], scratch: Scratch) -> None:
    # At the top, it keeps ruff from looking for a person's own further up.
    scratch.write("ruff.toml", b"")
    for folder, files in nodes.items():
        for path in ["pyproject.toml", *_python(files)]:
            scratch.write(f"{folder}/{path}", files[path].text.encode())
            if files[path].executable:
                scratch.make_executable(f"{folder}/{path}")


def _python(files: NodeFiles) -> list[str]:
    return [path for path in files if path.endswith(".py")]


def _tidy(scratch: Scratch) -> list[Finding]:
    """Check, then format, since a check that changes imports may leave them longer than a line."""
    with _ruff(["check", "--fix", "--fixable", FIXED, "--output-format", "json"], scratch) as checking:
        findings = _read_findings(checking, scratch)
    with _ruff(["format", "--quiet"], scratch) as formatting:
        return findings + _failure(formatting, *formatting.communicate())


def _finish(nodes: Mapping[str, NodeFiles], scratch: Scratch, findings: list[Finding]) -> Tidied:
    return {folder: _read_back(files, folder, scratch) for folder, files in nodes.items()}, findings


def _read_back(files: NodeFiles, folder: str, scratch: Scratch) -> NodeFiles:
    tidied = dict(files)
    for path in _python(files):
        text = scratch.read(f"{folder}/{path}").decode()
        if text != files[path].text:
            tidied[path] = replace(files[path], text=text)
    return tidied


def _ruff(arguments: Sequence[str], scratch: Scratch) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [_ruff_binary(), *arguments, "--no-cache", scratch.root],
        cwd=scratch.root,
        # A person's RUFF_OUTPUT_FILE or RUFF_CONFIG is not meant for this.
        env={name: value for name, value in os.environ.items() if not name.startswith("RUFF_")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def _ruff_binary() -> str:
    """Return the ruff of this environment: beside Python as a rule, which is quicker to see than to ask ruff."""
    if sys.executable and (beside := Path(sys.executable).with_name("ruff")).is_file():
        return str(beside)
    from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]  # ruff ships no types

    return str(find_ruff_bin())


def _read_findings(checking: subprocess.Popen[str], scratch: Scratch) -> list[Finding]:
    output, errors = checking.communicate()
    if checking.returncode not in (0, 1):
        return _failure(checking, output, errors)
    root = Path(scratch.root).resolve()
    return [
        Finding(
            rule=str(item["code"]),
            message=str(item["message"]),
            file=Path(item["filename"]).resolve().relative_to(root).as_posix(),
            line=item["location"]["row"],
            column=item["location"]["column"],
        )
        for item in json.loads(output)
    ]


def _failure(run: subprocess.Popen[str], output: str, errors: str) -> list[Finding]:
    return [Finding(rule="ruff", message=errors.strip() or output.strip())] if run.returncode else []
