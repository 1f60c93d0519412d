"""One table of what the environment may say, true to what the runtime reads, in the help and in the documentation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from nodesmith.runtime import security
from nodesmith.runtime.breaker import BreakerPolicy
from nodesmith.runtime.retrying import RetryPolicy
from nodesmith.runtime.settings import NodeSettings
from nodesmith.variables import VARIABLES

ROOT = Path(__file__).parents[2]
NAMES = {variable.name for variable in VARIABLES}
DEFAULTS = {variable.name: variable.default for variable in VARIABLES if variable.default}
# OpenTelemetry's and the system's own, documented by them, and beginnings of names.
OTHERS = re.compile(r"OTEL_\w+|XDG_STATE_HOME|\w+_")


def test_every_name_is_there_once() -> None:
    assert len(NAMES) == len(VARIABLES)


def test_what_the_runtime_reads_is_in_the_table() -> None:
    sources = [path.read_text() for path in (ROOT / "src/nodesmith/runtime").rglob("*.py")]
    quoted = {name for text in sources for name in re.findall(r'"([A-Z]+(?:_[A-Z]+)*_[A-Z]*)"', text)}
    starts = tuple(f"{name.partition('_')[0]}_" for name in NAMES)
    read = {name for name in quoted if name.startswith(starts) and not OTHERS.fullmatch(name)}
    assert read - NAMES == set()
    assert set(security.VARIABLES) <= NAMES


def test_the_defaults_are_those_of_the_runtime() -> None:
    assert NodeSettings.from_environment(DEFAULTS) == NodeSettings()
    assert RetryPolicy.from_environment(DEFAULTS) == RetryPolicy()
    assert BreakerPolicy.from_environment(DEFAULTS) == BreakerPolicy()


def test_the_documentation_has_the_table() -> None:
    page = (ROOT / "docs/running.md").read_text()
    rows = [line for line in page.splitlines() if re.match(r"\| `[A-Z]", line)]
    assert rows == [
        f"| `{name}` | {f'`{flag}`' if flag else ''} | {f'`{default}`' if default else ''} | {meaning} |"
        for name, default, meaning, flag, _ in VARIABLES
    ]


def test_the_help_of_a_node_has_the_table(start_greeter: Path) -> None:
    shown = subprocess.run(
        [sys.executable, str(start_greeter), "--help"], capture_output=True, text=True, check=True, timeout=20
    ).stdout
    for variable in VARIABLES:
        assert f"  {variable.name}" in shown
        assert variable.meaning in shown
        assert variable.flag in shown
