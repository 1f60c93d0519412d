from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from generation.transaction.killing import TESTS
from generation.transaction.trees import change, files, new, put, read

from nodesmith.errors import ConflictError
from nodesmith.generation.transaction import commit, interrupted, recover

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITES = """
import sys
from pathlib import Path
from generation.transaction.trees import change, new
from nodesmith.generation.transaction import commit
def on_step(name):
    if name == sys.argv[2]:
        print(name, flush=True)
        input()
commit(Path(sys.argv[1]), [new("node_a/node.yaml", b"a"), change("count", b"0", b"1")], on_step=on_step)
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return put(tmp_path, files({"count": b"0"}))


@pytest.fixture
def writer(target: Path) -> Iterator[subprocess.Popen[str]]:
    """Give a process in the middle of its changes, which goes on at the next line of its input."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(target), "move count in"],
        cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout
        assert process.stdout.readline() == "move count in\n"
        yield process


def test_the_second_of_two_runs_waits_for_the_first(target: Path, writer: subprocess.Popen[str]) -> None:
    second = subprocess.Popen(
        [sys.executable, "-c", WRITES.replace("node_a", "node_b").replace('b"0", b"1"', 'b"1", b"2"'), str(target), ""],
        cwd=TESTS,
    )  # fmt: skip
    writer.communicate("\n")

    assert writer.returncode == 0
    assert second.wait(timeout=30) == 0
    assert read(target) == files({"count": b"2", "node_a/node.yaml": b"a"}) | files(
        {"node_b/node.yaml": b"a"}
    )


def test_who_waits_too_long_is_told_for_whom(target: Path, writer: subprocess.Popen[str]) -> None:
    with pytest.raises(ConflictError, match=f"holds the lock on {target}.*; nothing was written") as raised:
        commit(target, [new("node_b/node.yaml", b"")], patience=0.1)

    if sys.platform == "linux":
        assert f"process {writer.pid} (python" in raised.value.message
    assert "wait until" in raised.value.fix
    writer.communicate("\n")
    assert read(target) == files({"count": b"1", "node_a/node.yaml": b"a"})


def test_a_run_at_work_is_no_interrupted_one(target: Path, writer: subprocess.Popen[str]) -> None:
    assert not interrupted(target)
    with pytest.raises(ConflictError):
        recover(target, patience=0.1)

    writer.kill()
    writer.wait()

    assert interrupted(target)
    assert recover(target)
    assert read(target) == files({"count": b"1", "node_a/node.yaml": b"a"})


def test_a_look_changes_nothing(target: Path, writer: subprocess.Popen[str]) -> None:
    writer.kill()
    writer.wait()
    before = read(target)

    assert interrupted(target)

    assert read(target) == before


@pytest.mark.skipif(not shutil.which("flock"), reason="there is no flock command")
def test_under_flock_on_the_same_folder_nobody_waits_for_himself(target: Path) -> None:
    command = ["flock", str(target), sys.executable, "-c", WRITES, str(target), ""]

    subprocess.run(command, cwd=TESTS, check=True, timeout=20)

    assert (target / "count").read_bytes() == b"1"


def test_a_lock_of_another_part_of_the_same_process_is_respected(target: Path) -> None:
    descriptor = os.open(target, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        with pytest.raises(ConflictError):
            commit(target, [change("count", b"0", b"1")], patience=0.1)
    finally:
        os.close(descriptor)

    commit(target, [change("count", b"0", b"1")], patience=0.1)


def test_a_folder_that_goes_away_while_one_waits_for_it_is_made_again(tmp_path: Path) -> None:
    target = tmp_path / "target"
    gone: list[str] = []

    def on_step(name: str) -> None:
        if not gone and name.startswith("make the folder"):
            gone.append(name)
            target.mkdir()  # by another run, which then fails

    commit(target, [new("node_a/node.yaml", b"a")], on_step=on_step)

    assert read(target) == files({"node_a/node.yaml": b"a"})
