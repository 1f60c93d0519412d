"""Stage 7, and what it does where it cannot do its work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support.waiting import wait_until

SOURCE = Path(__file__).parents[2] / "src"
SPEC = (
    "node: {archetype}\nname: keeper\n{more}operations: {{keep: {{input: {{a: str}}, output: {{b: str}}}}}}\n"
)


def spec(folder: Path, *, archetype: str = "effect", more: str = "") -> Path:
    file = folder / "keeper.node.yaml"
    file.write_text(SPEC.format(archetype=archetype, more=more))
    return file


def test_a_library_that_is_not_installed_is_named_with_its_extra(tmp_path: Path) -> None:
    """Everything is installed but the database's client."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for place in Path(sysconfig.get_path("purelib")).iterdir():
        if "psycopg" not in place.name:
            (packages / place.name).symlink_to(place)
    (packages / "bin").symlink_to(Path(sys.executable).parent)
    file = spec(tmp_path, more="adapter: postgresql\n")

    done = subprocess.run(
        [sys.executable, "-S", "-m", "nodesmith", "generate", file, "-o", tmp_path / "out", "--verify", "--json"],
        env={**os.environ, "PYTHONPATH": f"{SOURCE}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 4, done.stderr
    told = json.loads(done.stdout)
    assert told["nodes"][0]["stages"][-1]["status"] == "failed"
    findings = told["error"]["findings"]
    assert {finding["rule"] for finding in findings} == {"not-installed"}
    assert {finding["fix"] for finding in findings} == {"pip install 'nodesmith[postgresql]'"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_checks_and_leaves_no_scratch_folder(
    tmp_path: Path, number: signal.Signals
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "nodesmith",
        "generate",
        spec(tmp_path),
        "-o",
        tmp_path,
        "--verify",
    ]
    process = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(scratch)}, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: any(scratch.glob("nodesmith-*/mypy")), seconds=60, why="the checks run")
        process.send_signal(number)
        status = process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()

    assert status == 128 + number
    assert list(scratch.iterdir()) == []


def test_nothing_of_the_environment_changes_what_is_checked(tmp_path: Path) -> None:
    """Python need not have the folder on its path, and a person's own settings are not meant for these checks."""
    settings = {
        "PYTHONSAFEPATH": "1",
        "PYTEST_ADDOPTS": "--no-such-option",
        "RUFF_OUTPUT_FILE": str(tmp_path / "ruff.txt"),
        "RUFF_CONFIG": "/no/such/file",
    }
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "nodesmith",
        "generate",
        spec(tmp_path, archetype="compute"),
        "--verify",
    ]

    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ruff.txt").exists()
