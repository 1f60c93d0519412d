"""Every command and snippet of README and docs, run as a reader would run it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.documents import blocks, write_shown_files

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]
# `make test` is what runs this test, `make demo` has a test of its own, and the tests' Python is activated already.
RUN_ELSEWHERE = ("make ", "source ")


def environment(folder: Path, **more: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "XDG_STATE_HOME": str(folder / "state"), **more}


def bash(script: str, folder: Path, **more: str) -> None:
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"


@contextmanager
def left_running(command: str, folder: Path) -> Iterator[str]:
    """Run a command that goes on, on a port that is free here, and yield the servers it says it has."""
    process = subprocess.Popen(
        [*command.split(), "--port", "0", "--json"],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["kafka_servers"]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def commands(document: Path) -> list[str]:
    scripts = []
    for block in blocks(document):
        if block.language == "bash":
            lines = [line for line in block.text.splitlines() if not line.startswith(RUN_ELSEWHERE)]
            scripts.append("\n".join(lines))
    return [script for script in scripts if script.strip()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_spec_that_a_document_shows_is_valid_and_generates(document: Path, tmp_path: Path) -> None:
    for path in write_shown_files(document, tmp_path):
        bash(f"nodesmith validate {path.name}", tmp_path)
        bash(f"nodesmith generate {path.name} -o made", tmp_path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_a_document_does_its_work(document: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    write_shown_files(document, tmp_path)
    scripts = commands(document)
    while scripts:
        script = scripts.pop(0)
        if script.startswith("nodesmith up"):
            with left_running(script.strip(), tmp_path) as servers:
                bash(scripts.pop(0), tmp_path, KAFKA_BOOTSTRAP_SERVERS=servers)
        else:
            bash(script, tmp_path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_of_a_document_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []
