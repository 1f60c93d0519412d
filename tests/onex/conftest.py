"""The ONEX environment, made once a session; where it cannot be, every test here is skipped with the reason."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from onex.environment import NoEnvironmentError, onex_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

INSIDE = Path(__file__).with_name("inside.py")


@pytest.fixture(scope="session")
def onex(request: pytest.FixtureRequest) -> Path:
    """Return the Python of the ONEX environment."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def announce(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\ntests/onex: {text}", flush=True)

    try:
        return onex_python(announce)
    except NoEnvironmentError as reason:
        pytest.skip(f"ONEX's own checks did NOT run: {reason}")


@pytest.fixture
def judge(onex: Path) -> Callable[[str, Iterable[Path]], dict[str, list[str]]]:
    """Return a function that has ONEX judge files of one kind, and returns what is wrong with each."""

    def run(kind: str, paths: Iterable[Path]) -> dict[str, list[str]]:
        command: list[str | Path] = [onex, INSIDE, kind, *paths]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return cast("dict[str, list[str]]", json.loads(done.stdout.splitlines()[-1]))

    return run
