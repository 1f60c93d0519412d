"""Every command and snippet of README and docs, followed in order as a reader would."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.consul import running_consul
from support.documents import Block, blocks, missing_lines, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").rglob("*.md"))]
# `make test` is what runs this test, `make demo` has a test of its own, and the tests' Python is activated already.
RUN_ELSEWHERE = ("make ", "source ")
# What goes on until it is stopped; the next commands talk to it.
GOES_ON = ("nodesmith up", "nodesmith broker", "nodesmith registry", "consul agent")
# Where they are, unless they were told another port.
KAFKA, REGISTRY, CONSUL = "localhost:9092", "http://127.0.0.1:8510", "http://127.0.0.1:8500"
SHOWN_ONLY = {"mermaid"}


def environment(folder: Path, **more: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "XDG_STATE_HOME": str(folder / "state"), **more}


def bash(script: str, folder: Path, **more: str) -> str:
    """Run a script to its end, which has to be a good one, and return what it printed."""
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env=environment(folder, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}"
    return done.stdout


@contextmanager
def left_running(command: str, folder: Path) -> Iterator[dict[str, str]]:
    """Run a command that goes on, on ports that are free here, and yield where each address that documents show is."""
    if command.startswith("consul"):
        with running_consul(folder / "consul") as consul:
            yield {CONSUL: consul.address}
            return
    ports = ["--port", "0", *(["--registry-port", "0"] if command.startswith("nodesmith up") else [])]
    process = subprocess.Popen(
        [*command.split(), *ports, "--json"],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        yield {
            KAFKA: said["kafka_servers"],
            REGISTRY: said.get("registry") or said.get("address") or REGISTRY,
        }
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def beside_what_goes_on(script: str, document: list[Block], folder: Path) -> str:
    """Start what goes on, and run the next commands that do not, which talk to it; return what these print."""
    places: dict[str, str] = {}
    with ExitStack() as running:
        while script.startswith(GOES_ON):
            places |= running.enter_context(left_running(put_in(places, script), folder))
            script = commands(document.pop(0))
        return bash(put_in(places, script), folder, KAFKA_BOOTSTRAP_SERVERS=places.get(KAFKA, KAFKA))


def put_in(places: Mapping[str, str], script: str) -> str:
    for shown, actual in places.items():
        script = script.replace(shown, actual)
    return script


def follow(document: list[Block], folder: Path) -> None:
    """Do what a document shows, block by block."""
    printed = ""
    while document:
        block = document.pop(0)
        script = commands(block)
        if script.startswith(GOES_ON):
            printed = beside_what_goes_on(script, document, folder)
        elif block.language == "bash":
            printed = bash(script, folder)
        elif block.language == "text":
            assert missing_lines(block.text, printed) == []
        elif block.is_part:
            assert missing_lines(block.text, (folder / block.file).read_text(encoding="utf-8")) == []
        elif block.file:
            write_file(block, folder)
        else:
            assert block.language in SHOWN_ONLY, f"nothing runs this block:\n{block.text}"


def commands(block: Block) -> str:
    """Return the lines of a block of commands that are run here."""
    lines = block.text.splitlines() if block.language == "bash" else []
    return "\n".join(line for line in lines if not line.startswith(RUN_ELSEWHERE)).strip()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_holds_when_it_is_followed_from_its_first_block_to_its_last(
    document: Path, tmp_path: Path
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")

    follow(blocks(document), tmp_path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_spec_that_a_document_shows_is_valid_and_generates(document: Path, tmp_path: Path) -> None:
    for block in blocks(document):
        if block.file.endswith((".node.yaml", "system.yaml")) and not block.is_part:
            write_file(block, tmp_path)
            bash(f"nodesmith validate {block.file}", tmp_path)
            bash(f"nodesmith generate {block.file} -o made-of-{Path(block.file).stem}", tmp_path)
            (tmp_path / block.file).unlink()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_of_a_document_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []
