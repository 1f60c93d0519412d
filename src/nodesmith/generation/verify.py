"""Stage 7: prove the written nodes in fresh processes: import, type check, their own tests, start and stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import field
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from threading import Event
from typing import IO, TYPE_CHECKING

from nodesmith.errors import Finding, GateError
from nodesmith.generation.interrupts import ended_by_signals, interrupts_held
from nodesmith.generation.post_check import LIBRARIES
from nodesmith.records import dataclass

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

    As many checks run at the same time as there are processors. They leave nothing behind in the nodes' folders.
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
        return _carry_out(_lanes(contracts, target, scratch), target, scratch)


def _lanes(contracts: Sequence[NodeContract], target: Path, scratch: Path) -> list[list[_Check]]:
    """Return the checks, in rows that are each done one after the other.

    The type checks are one row: with a cache in common the first takes seconds and each further one a moment.
    """
    lanes: list[list[_Check]] = [[_type_check(contract, target, scratch / "mypy") for contract in contracts]]
    for contract in contracts:
        version = target / contract.folder / contract.version_folder
        python = ("-c", IMPORT_ALL, contract.package, str(version))
        lanes.append([_Check(node=contract.folder, name="import", arguments=python)])
        tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider", str(target / contract.folder))
        lanes.append([_Check(node=contract.folder, name="tests", arguments=tests)])
        if (script := version / "start_node.py").is_file():
            start = ("-m", "nodesmith.generation.start_and_stop", str(script))
            lanes.append([_Check(node=contract.folder, name="start-and-stop", arguments=start)])
    return lanes


def _type_check(contract: NodeContract, target: Path, cache: Path) -> _Check:
    settings = ("--config-file", str(target / contract.folder / "pyproject.toml"), "--cache-dir", str(cache))
    arguments = ("-m", "mypy", "--strict", *settings, contract.folder)
    return _Check(node=contract.folder, name="types", arguments=arguments)


def _carry_out(lanes: list[list[_Check]], target: Path, scratch: Path) -> list[Finding]:
    """Run the rows of checks, several at a time; when interrupted, end what runs and start nothing more."""
    runner = _Runner(target=target, scratch=scratch)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        try:
            return list(chain.from_iterable(pool.map(runner.carry_out, lanes)))
        except BaseException:
            runner.end()
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runner:
    """Runs checks in the threads that call it, until it is ended from another one."""

    target: Path
    scratch: Path
    running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    ended: Event = field(default_factory=Event)

    def carry_out(self, lane: list[_Check]) -> list[Finding]:
        """Run checks one after the other, and return what they found."""
        results = (self._result(check) for check in lane if not self.ended.is_set())
        return [finding for finding in results if finding]

    def end(self) -> None:
        """End what runs; what is being started in this very moment ends itself."""
        self.ended.set()
        for process in tuple(self.running):
            _end(process)

    def _result(self, check: _Check) -> Finding | None:
        with tempfile.TemporaryFile(dir=self.scratch) as output:
            process = _start(check, self.target, output, self.scratch)
            self.running.add(process)
            try:
                return None if self.ended.is_set() else _finding(check, process, output)
            finally:
                _end(process)
                self.running.discard(process)


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


def _finding(check: _Check, process: subprocess.Popen[bytes], output: IO[bytes]) -> Finding | None:
    try:
        if process.wait(timeout=SECONDS) == 0:
            return None
        why = f"exit status {process.returncode}"
    except subprocess.TimeoutExpired:
        why = f"not done after {SECONDS:g} s"
    output.seek(0)
    lines = output.read().decode(errors="replace").rstrip().splitlines()
    return Finding(rule=check.name, message="\n".join([why, *lines[-TELLING_LINES:]]), file=check.node)
