"""What is there for who installed nodesmith without the extra that a command needs."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"


def nodesmith(*arguments: str, packages: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line with nothing installed but what `packages` holds."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "nodesmith", *arguments],
        env={"PYTHONPATH": f"{SOURCE}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def lend(package: str, folder: Path) -> None:
    """Make an installed package one that is found in `folder`."""
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    (folder / package).symlink_to(Path(found.origin).parent)


@pytest.mark.parametrize("arguments", [["--help"], ["generate", "x.yaml"], ["new", "An effect"]])
def test_without_the_extra_cli_the_command_line_says_how_to_install_it(
    tmp_path: Path, arguments: list[str]
) -> None:
    done = nodesmith(*arguments, packages=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: the package click is not installed, and this command needs it\n"
        "  fix: pip install 'nodesmith[cli]'\n"
    )


def test_a_package_that_only_one_command_needs_is_missed_by_that_command(tmp_path: Path) -> None:
    lend("click", tmp_path)

    explained = nodesmith("--help", packages=tmp_path)
    validated = nodesmith("validate", str(tmp_path), packages=tmp_path)

    assert explained.returncode == 0
    assert validated.returncode == 2
    assert "pip install 'nodesmith[cli]'" in validated.stderr
    assert "Traceback" not in validated.stderr


def test_the_version_needs_nothing(tmp_path: Path) -> None:
    assert nodesmith("--version", packages=tmp_path).stdout.startswith("nodesmith ")
