"""Formatting and linting, by ruff, as the node's own configuration has it."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import Finding
from nodesmith.generation.interrupts import interrupts_held

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.generation.files import NodeFiles

# Which import comes first depends on names, so templates leave their order to ruff. Everything else is a finding.
FIXED = "I001,FURB157"


def tidy(files: NodeFiles, *, folder: str) -> tuple[NodeFiles, list[Finding]]:
    """Return the files as ruff formats them, and what it finds in them."""
    with interrupts_held(), tempfile.TemporaryDirectory(prefix="nodesmith-") as name:
        root = Path(name) / folder
        python = [path for path in files if path.endswith(".py")]
        for path in ["pyproject.toml", *python]:
            place = root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(files[path].text.encode())
            if files[path].executable:
                place.chmod(0o755)
        checked = _ruff(["check", "--fix", "--fixable", FIXED, "--output-format", "json"], root)
        formatted = _ruff(["format", "--quiet"], root)
        texts = {path: (root / path).read_bytes().decode() for path in python}
    findings = [*_read_findings(checked, root), *_failure(formatted)]
    return {path: replace(file, text=texts.get(path, file.text)) for path, file in files.items()}, findings


def _ruff(arguments: Sequence[str], root: Path) -> subprocess.CompletedProcess[str]:
    from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]  # ruff ships no types

    command = [find_ruff_bin(), *arguments, "--no-cache", str(root)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", check=False)


def _read_findings(checked: subprocess.CompletedProcess[str], root: Path) -> list[Finding]:
    if checked.returncode not in (0, 1):
        return _failure(checked)
    return [
        Finding(
            rule=str(item["code"]),
            message=str(item["message"]),
            file=Path(item["filename"]).resolve().relative_to(root.resolve()).as_posix(),
            line=item["location"]["row"],
            column=item["location"]["column"],
        )
        for item in json.loads(checked.stdout)
    ]


def _failure(run: subprocess.CompletedProcess[str]) -> list[Finding]:
    return [Finding(rule="ruff", message=run.stderr.strip() or run.stdout.strip())] if run.returncode else []
