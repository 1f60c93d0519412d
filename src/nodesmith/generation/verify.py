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
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING

from nodesmith.errors import Finding, GateError
from nodesmith.generation.interrupts import ended_by_signals, interrupts_held
from nodesmith.generation.post_check import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.contract.node_contract import NodeContract

STAGE = "7"
SECONDS = 300.0
TELLING_LINES = 25

IMPORT_ALL = """\
import importlib, os, pathlib, sys
sys.path.insert(0, os.getcwd())
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
    if missing := tuple(_missing_libraries(contracts)):
        raise _failure(
            "what the nodes need is not installed", target, missing, fix="install it and verify again"
        )
    try:
        findings = _check(contracts, target.absolute())
    except OSError as error:
        fix = "make room in the folder for temporary files"
        raise _failure(f"the checks could not be run: {error}", target, fix=fix) from error
    if findings:
        failed = ", ".join(sorted({finding.rule for finding in findings}))
        fix = "mend what the findings show, or report it where nothing was changed by hand"
        raise _failure(failed, target, tuple(findings), fix=fix)


def _failure(why: str, target: Path, findings: tuple[Finding, ...] = (), *, fix: str) -> GateError:
    message = f"verification failed ({why}); the files are written and stay under {target}"
    return GateError(message, stage=STAGE, findings=findings, fix=fix)


def _missing_libraries(contracts: Sequence[NodeContract]) -> Iterator[Finding]:
    for contract in contracts:
        for package in sorted(LIBRARIES.get(contract.adapter or "", ())):
            if find_spec(package) is None:
                message = f"the node needs {package}, which is not installed here"
                fix = f"pip install 'nodesmith[{contract.adapter}]'"
                yield Finding(rule="not-installed", message=message, fix=fix, file=contract.folder)


def _check(contracts: Sequence[NodeContract], target: Path) -> list[Finding]:
    with ended_by_signals(), ExitStack() as stack:
        with interrupts_held():
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nodesmith-")))
        return _carry_out(tuple(_checks(contracts, target, scratch)), target, scratch)


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
