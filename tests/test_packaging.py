"""What generated nodes say about installing them, followed word for word in fresh virtual environments."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.ports import free_port
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
NODE = "node_orders_order_store_effect"
SCRIPT = NODE.replace("_", "-")


@pytest.fixture(scope="module", autouse=True)
def _package_registry(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip, with the reason, where pip cannot fetch what a node depends on."""
    command = ["-m", "pip", "download", "--quiet", "--no-deps", "hatchling"]
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path_factory.mktemp("probe"), capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("no package registry can be reached, and installing a node needs one")


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[str], None]:
    """Return a function that runs a shell line in `tmp_path`, in a fresh virtual environment."""
    venv.create(tmp_path / "venv", with_pip=True)
    environment = {"PATH": f"{tmp_path / 'venv' / 'bin'}:/usr/bin:/bin", **_pip_settings()}

    def run(line: str) -> None:
        done = subprocess.run(
            ["bash", "-euc", line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"

    return run


def _pip_settings() -> dict[str, str]:
    """Return how this machine's pip finds its registry: a fresh environment must find the same one."""
    kept = ("PIP_", "SSL_", "HTTP", "NO_PROXY", "REQUESTS_", "HOME")
    return {name: value for name, value in os.environ.items() if name.upper().startswith(kept)}


def started_and_stopped(command: list[str], folder: Path) -> int:
    """Start a node off the bus, wait until it is ready, and return how it exits on SIGTERM."""
    port = free_port()
    process = subprocess.Popen([*command, "--skip-event-bus", "--health-port", str(port)], cwd=folder)
    try:
        wait_until(lambda: is_ready(process, port), seconds=30, why="the node's readiness")
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()


def is_ready(process: subprocess.Popen[bytes], port: int) -> bool:
    assert process.poll() is None, "the node ended by itself"
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def generate(fresh: Callable[[str], None]) -> None:
    fresh(f"{sys.executable} -m nodesmith generate {ROOT / 'examples' / 'orders' / 'system.yaml'} -o .")


def test_a_node_installs_and_starts_as_its_readme_says(tmp_path: Path, fresh: Callable[[str], None]) -> None:
    generate(fresh)
    readme = (tmp_path / NODE / "README.md").read_text(encoding="utf-8")
    install = readme.split("## Install")[1].split("## ")[0]

    for line in re.findall(r"^    (pip install .*)$", install, re.MULTILINE):
        fresh(line.replace("/path/to/nodesmith", str(ROOT)))

    assert started_and_stopped([str(tmp_path / "venv" / "bin" / SCRIPT)], tmp_path) == 0


def test_a_node_installs_and_starts_as_its_dockerfile_does(
    tmp_path: Path, fresh: Callable[[str], None]
) -> None:
    generate(fresh)
    dockerfile = (tmp_path / NODE / "Dockerfile").read_text(encoding="utf-8")
    (make_wheel,) = re.findall(r"^#\s+(pip wheel .*)$", dockerfile, re.MULTILINE)
    fresh(make_wheel.replace("/path/to/nodesmith", str(ROOT)))

    for line in re.findall(r"^RUN (pip install .*)$", dockerfile, re.MULTILINE):
        fresh(line.replace("/wheels/", f"{NODE}/wheels/").replace("/app/", "./"))

    assert started_and_stopped([str(tmp_path / "venv" / "bin" / SCRIPT)], tmp_path) == 0
