"""A run says at its end what it did not test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import which

ROOT = Path(__file__).parents[1]
WITH_KAFKA = "tests/runtime/test_bus.py::test_publish_returns_when_the_broker_has_the_record"
WITH_CONSUL = "tests/registry/test_consul.py::test_a_node_is_a_service_that_users_of_consul_are_sent_to"


def test_without_java_a_run_says_how_many_tests_were_not_made_on_apache_kafka(tmp_path: Path) -> None:
    for program in ("python3", "env"):
        (tmp_path / program).symlink_to(which(program) or "")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", WITH_KAFKA]

    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "NOT TESTED HERE" in done.stdout
    assert "1 skipped: NOT TESTED ON APACHE KAFKA: Apache Kafka needs java" in done.stdout
    assert "1 passed, 1 skipped" in done.stdout


def test_without_go_a_run_says_how_many_tests_were_not_made_on_consul(tmp_path: Path) -> None:
    for program in ("python3", "env"):
        (tmp_path / program).symlink_to(which(program) or "")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", WITH_CONSUL]

    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "1 skipped: NOT TESTED ON CONSUL: building it needs go, which is not installed" in done.stdout
