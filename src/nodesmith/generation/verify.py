"""Stage 7: prove the written nodes in fresh processes: import, type check, their own tests, start and stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from nodesmith.errors import Finding, GateError
from nodesmith.generation.interrupts import interrupts_held

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.contract.node_contract import NodeContract

STAGE = "7"
SECONDS = 300.0
TELLING_LINES = 25

IMPORT_ALL = """\
import importlib, pathlib, sys
package, folder = sys.argv[1:]
for path in sorted(pathlib.Path(folder).rglob("*.py")):
    if "tests" not in path.parts:
        parts = path.relative_to(folder).with_suffix("").parts
        importlib.import_module(".".join([package, *(part for part in parts if part != "__init__")]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    node: str
    name: str
    arguments: tuple[str, ...]


def verify(contracts: Sequence[NodeContract], target: Path) -> None:
    """Raise GateError, with what the checks printed, where one of the nodes under `target` does not hold.

    The checks run at the same time and leave nothing behind in the nodes' folders.
    """
    with ExitStack() as stack:
        with interrupts_held():
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nodesmith-")))
        checks = tuple(_checks(contracts, target.absolute(), scratch))
        findings = _carry_out(checks, target.absolute(), scratch)
    if findings:
        failed = ", ".join(sorted({finding.rule for finding in findings}))
        raise GateError(
            f"verification failed ({failed}); the files are written and stay under {target}",
            stage=STAGE,
            findings=tuple(findings),
            fix="mend what the findings show, or report it where nothing was changed by hand",
        )


def _checks(contracts: Sequence[NodeContract], target: Path, scratch: Path) -> Iterator[_Check]:
    for contract in contracts:
        folder = contract.folder
        place = target / folder
        version = place / contract.version_folder
        python = ("-c", IMPORT_ALL, contract.package, str(version))
        yield _Check(node=folder, name="import", arguments=python)
        cache = ("--cache-dir", str(scratch / "mypy" / folder))
        settings = ("--config-file", str(place / "pyproject.toml"))
        yield _Check(
            node=folder, name="types", arguments=("-m", "mypy", "--strict", *cache, *settings, folder)
        )
        yield _Check(
            node=folder, name="tests", arguments=("-m", "pytest", "-q", "-p", "no:cacheprovider", str(place))
        )
        if (version / "start_node.py").is_file():
            module = "nodesmith.generation.start_and_stop"
            yield _Check(
                node=folder, name="start-and-stop", arguments=("-m", module, str(version / "start_node.py"))
            )


def _carry_out(checks: tuple[_Check, ...], target: Path, scratch: Path) -> list[Finding]:
    """Run all checks at the same time; when interrupted, end them all."""
    with ExitStack() as stack:
        running = []
        for number, check in enumerate(checks):
            output = stack.enter_context((scratch / f"output-{number}").open("w+b"))
            process = _start(check, target, output, scratch)
            stack.callback(_end, process)
            running.append((check, process, output))
        deadline = time.monotonic() + SECONDS
        return [
            finding for run in running if (finding := _finding(*run, seconds=deadline - time.monotonic()))
        ]


def _start(check: _Check, target: Path, output: IO[bytes], scratch: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # What they leave behind when they are ended goes with the scratch folder.
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(scratch)}
    return subprocess.Popen(
        [sys.executable, *check.arguments],
        cwd=target,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        # A group of its own, so that whatever it starts ends with it.
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _finding(
    check: _Check, process: subprocess.Popen[bytes], output: IO[bytes], *, seconds: float
) -> Finding | None:
    try:
        if process.wait(timeout=max(seconds, 0.0)) == 0:
            return None
        why = f"exit status {process.returncode}"
    except subprocess.TimeoutExpired:
        why = f"not done after {SECONDS:g} s"
    output.seek(0)
    lines = output.read().decode(errors="replace").rstrip().splitlines()
    return Finding(rule=check.name, message="\n".join([why, *lines[-TELLING_LINES:]]), file=check.node)
