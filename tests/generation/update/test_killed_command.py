"""The whole command killed while it updates a system: the next run ends what it began, and no edit is lost."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from generation.update.workshop import DROP, KEEP, contents, keeper
from support.waiting import wait_until

from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from pathlib import Path

GENERATE = [sys.executable, "-m", "nodesmith", "generate"]
NODES = [f"keeper_{number}" for number in range(4)]
KILLS = 12
MINE = "# mine\n"


def system(folder: Path, **more: object) -> Path:
    file = folder / "system.yaml"
    nodes = [keeper(name=name, **more) for name in NODES]
    file.write_text(to_yaml({"system": "shop", "nodes": nodes}), encoding="utf-8")
    return file


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """A system that was generated, and edited in files of every owner."""
    target = tmp_path / "edited"
    subprocess.run([*GENERATE, system(tmp_path), "-o", target], capture_output=True, check=True)
    for name in NODES:
        node = target / f"node_shop_{name}_effect"
        for path in ("pyproject.toml", "v1_0_0/node.py", "v1_0_0/handlers/handler_keep.py"):
            text = (node / path).read_text()
            (node / path).write_text(text + MINE)
        (node / "v1_0_0/own.py").write_text(MINE)
    return target


def kill_while_writing(command: list[str], target: Path, delay: float) -> bool:
    """Kill the command `delay` seconds after it has begun to write; say whether that was before its end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(
        lambda: process.poll() is not None or any(target.glob(".nodesmith-writing-*")),
        seconds=60,
        pause=0.0005,
        why="the command beginning to write",
    )
    deadline = time.perf_counter() + delay
    while process.poll() is None and time.perf_counter() < deadline:
        pass
    process.kill()
    return process.wait() == -signal.SIGKILL


def test_a_killed_update_is_ended_by_the_next_run(edited: Path, tmp_path: Path) -> None:
    spec = system(tmp_path, version="1.1.0", operations={"keep": KEEP, "find": DROP})
    whole = tmp_path / "whole"
    shutil.copytree(edited, whole)
    began = time.perf_counter()
    subprocess.run([*GENERATE, spec, "-o", whole], capture_output=True, check=True)
    longest = (time.perf_counter() - began) / 2
    moments = random.Random(4)
    half_way = 0

    for number in range(KILLS):
        target = tmp_path / str(number)
        shutil.copytree(edited, target)
        command = [*GENERATE, str(spec), "-o", str(target)]
        killed = kill_while_writing(command, target, longest * moments.random() ** 2)
        half_way += killed and contents(target) not in (contents(edited), contents(whole))

        subprocess.run(command, capture_output=True, check=True)

        assert contents(target) == contents(whole)
        shutil.rmtree(target)

    assert contents(whole)["node_shop_keeper_0_effect/v1_1_0/own.py"] == MINE.encode()
    assert sum(data.endswith(MINE.encode()) for data in contents(whole).values()) == 4 * len(NODES)
    assert half_way > KILLS / 4, "too few of the kills came while files were moved"
