"""Formatting and linting, by ruff, as the node's own configuration has it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import Finding
from nodesmith.generation.files import NodeFiles
from nodesmith.generation.interrupts import interrupts_held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# Which import or exported name comes first depends on names, so templates leave their order to ruff. Everything else is a finding.
FIXED = "I001,RUF022,FURB157"


Tidied = tuple[NodeFiles, list[Finding]]


@contextmanager
def ruff_at_work(files: NodeFiles, *, folder: str) -> Iterator[Callable[[], Tidied]]:
    """Let ruff check the files while the block runs; what is given, called, returns them formatted and what it found.

    Interrupts wait until its scratch folder is gone.
    """
    with interrupts_held(), tempfile.TemporaryDirectory(prefix="nodesmith-") as name:
        root = Path(name) / folder
        python = [path for path in files if path.endswith(".py")]
        for path in ["pyproject.toml", *python]:
            place = root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(files[path].text.encode())
            if files[path].executable:
                place.chmod(0o755)
        with _ruff(["check", "--fix", "--fixable", FIXED, "--output-format", "json"], root) as checking:
            yield lambda: _finish(checking, files, root)


def _finish(checking: subprocess.Popen[str], files: NodeFiles, root: Path) -> Tidied:
    findings = _read_findings(checking, root)
    with _ruff(["format", "--quiet"], root) as formatting:
        findings += _failure(formatting, *formatting.communicate())
    texts = {path: (root / path).read_bytes().decode() for path in files if path.endswith(".py")}
    return {path: replace(file, text=texts.get(path, file.text)) for path, file in files.items()}, findings


def _ruff(arguments: Sequence[str], root: Path) -> subprocess.Popen[str]:
    from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]  # ruff ships no types

    return subprocess.Popen(
        [find_ruff_bin(), *arguments, "--no-cache", str(root)],
        cwd=root,
        # A person's RUFF_OUTPUT_FILE or RUFF_CONFIG is not meant for this.
        env={name: value for name, value in os.environ.items() if not name.startswith("RUFF_")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def _read_findings(checking: subprocess.Popen[str], root: Path) -> list[Finding]:
    output, errors = checking.communicate()
    if checking.returncode not in (0, 1):
        return _failure(checking, output, errors)
    return [
        Finding(
            rule=str(item["code"]),
            message=str(item["message"]),
            file=Path(item["filename"]).resolve().relative_to(root.resolve()).as_posix(),
            line=item["location"]["row"],
            column=item["location"]["column"],
        )
        for item in json.loads(output)
    ]


def _failure(run: subprocess.Popen[str], output: str, errors: str) -> list[Finding]:
    return [Finding(rule="ruff", message=errors.strip() or output.strip())] if run.returncode else []
