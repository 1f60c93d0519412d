"""What every command of `nodesmith` has in common."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from nodesmith.cli.application import COMMANDS
from nodesmith.errors import ExitCode


def nodesmith(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nodesmith", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    done = nodesmith(command, "--help")

    assert done.returncode == 0
    assert "Example" in done.stdout
    assert f"nodesmith {command}" in done.stdout.split("Example")[1]


@pytest.mark.parametrize("arguments", [["bogus"], ["generate"], ["call", "x", "--timeout", "soon"]])
def test_bad_usage_is_exit_2_and_says_why(arguments: list[str]) -> None:
    done = nodesmith(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_is_one_json_object_where_json_is_asked_for() -> None:
    done = nodesmith("new", "", "--print", "--json")

    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["type"] == "SentenceError"


def test_bad_usage_is_one_json_object_where_json_is_asked_for() -> None:
    done = nodesmith("nodes", "info", "--json")

    assert done.returncode == 2
    assert json.loads(done.stdout)["error"] == {
        "type": "UsageError",
        "message": "Missing argument 'WHOM'.",
        "fix": "",
        "findings": [],
    }


def test_every_exit_status_is_told() -> None:
    statuses = nodesmith("--help").stdout.split("Exit status:")[1].splitlines()

    assert [line.split()[0] for line in statuses if line.strip()] == [
        *(str(int(code)) for code in ExitCode),
        "130",
    ]


def test_the_version_is_told() -> None:
    assert nodesmith("--version").stdout.startswith("nodesmith ")
