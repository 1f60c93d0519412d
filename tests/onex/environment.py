"""A virtual environment with the real ONEX packages, beside the project: they need Python 3.12.

It stands in the user's cache under a name that follows from the pinned requirements, so it is made once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from support.cache import cached, cached_before

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
INSTALL_SECONDS = 600


class NoEnvironmentError(Exception):
    """The checks cannot run here; the text says why."""


def onex_python(announce: Callable[[str], None]) -> Path:
    """Return the interpreter of an environment with the ONEX packages, which is made if there is none yet."""
    base = find_python()

    def make(home: Path) -> None:
        announce(f"installing omnibase-core and omnibase-infra into {home} (once; a minute or two)")
        _make(base, home)

    return cached(_name(base), make) / "bin" / "python"


def made_before() -> Path:
    """Return the interpreter of that environment where it was made before; raise NoEnvironmentError otherwise."""
    home = cached_before(_name(find_python()))
    if home is None:
        raise NoEnvironmentError("its environment has not been made yet; running tests/onex makes it")
    return home / "bin" / "python"


def find_python() -> Path:
    """Return a Python 3.12 that runs; raise NoEnvironmentError where there is none."""
    found = [Path(path) for path in [shutil.which("python3.12")] if path]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found += sorted(pyenv.glob("versions/3.12*/bin/python"), reverse=True)
    for python in found:
        if _runs(python):
            return python
    raise NoEnvironmentError("no Python 3.12 found (neither python3.12 on the PATH nor a pyenv version)")


def _runs(python: Path) -> bool:
    # A pyenv shim is there for every version any other version has, and fails when it is run.
    code = "import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 12))"
    try:
        return (
            subprocess.run([python, "-c", code], capture_output=True, timeout=60, check=False).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def _name(base: Path) -> str:
    pinned = REQUIREMENTS.read_bytes() + str(base).encode()
    return f"onex-{hashlib.sha256(pinned).hexdigest()[:16]}"


def _make(base: Path, home: Path) -> None:
    pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "-r",
        str(REQUIREMENTS),
    ]
    commands: tuple[list[str | Path], ...] = ([base, "-m", "venv", home], [home / "bin" / "python", *pip])
    for command in commands:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise NoEnvironmentError(
                f"the ONEX packages were not installed within {INSTALL_SECONDS} s"
            ) from error
        if done.returncode:
            last = (done.stderr.strip() or "no reason given").splitlines()[-1]
            raise NoEnvironmentError(f"the ONEX packages cannot be installed: {last}")
