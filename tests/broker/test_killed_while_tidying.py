"""Killed at each step of what changes files, a broker finds every record it must have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killed_while_tidying.py")


@pytest.mark.parametrize("what", ["retention", "deletion", "adoption", "compaction", "merging"])
def test_no_kill_loses_anything(tmp_path: Path, what: str) -> None:
    """In a process of its own: only one without threads may be copied to be killed."""
    done = subprocess.run(
        [sys.executable, SCRIPT, what, tmp_path], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 3, "it was killed at several steps"
