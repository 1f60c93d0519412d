"""The process of a node's own in which its state is looked at and rebuilt: the node's handlers are a person's code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from nodesmith.cli.operating.children import exit_words
from nodesmith.cli.operating.find_nodes import find_nodes
from nodesmith.cli.operating.meter import Meter
from nodesmith.errors import ExitCode, InputError, SystemFailedError
from nodesmith.runtime.start import STATE_WORK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_LAST_LINES = 15
_END_SECONDS = 5.0


def work_on_state(
    folder: Path,
    asked: Mapping[str, object],
    *,
    data_dir: Path | None,
    agree: Callable[[dict[str, Any]], bool] = lambda _: False,
) -> dict[str, Any]:
    """Start the node under `folder` for what is asked of its state, and return what comes of it.

    `agree` is called with what a rebuild came to, and says whether it takes the place of the running state. Raises the
    error that the process tells of.
    """
    script = _only_node(folder)
    with (
        tempfile.TemporaryDirectory(prefix="nodesmith-state-") as scratch,
        (Path(scratch) / "errors").open("w+b") as errors,
    ):
        with _started(script, {**asked, "scratch": scratch}, data_dir, errors) as process:
            report = _follow(process, agree)
        return _result(report, process.returncode, script, errors)


def _only_node(folder: Path) -> Path:
    found = find_nodes(folder)
    if len(found) > 1:
        names = ", ".join(node.folder.name for node in found)
        raise InputError(f"more than one node is under {folder}: {names}", fix="name the folder of one")
    return found[0].start_script


@contextmanager
def _started(
    script: Path, asked: Mapping[str, object], data_dir: Path | None, errors: IO[bytes]
) -> Iterator[subprocess.Popen[str]]:
    environment = dict(os.environ)
    if data_dir is not None:
        environment["NODESMITH_DATA_DIR"] = str(data_dir.absolute())
    process = subprocess.Popen(
        [sys.executable, str(script), STATE_WORK, json.dumps(asked)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        start_new_session=True,  # Ctrl-C in a terminal is ours; it ends when we do
    )
    with process:
        try:
            yield process
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()


def _follow(process: subprocess.Popen[str], agree: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Read what the process tells until it is done, and answer what it asks."""
    assert process.stdout is not None
    assert process.stdin is not None
    meter: Meter | None = None
    for line in process.stdout:
        report: dict[str, Any] = json.loads(line)
        if progress := report.get("progress"):
            meter = meter or Meter("records read", total=progress[1])
            meter.tell(progress[0], total=progress[1])
            continue
        if meter is not None:
            meter.end()
        if "ask" not in report:
            return report
        process.stdin.write("yes\n" if agree(report["ask"]) else "no\n")
        process.stdin.flush()
    return {}


def _result(report: Mapping[str, Any], status: int, script: Path, errors: IO[bytes]) -> dict[str, Any]:
    if "done" in report:
        done: dict[str, Any] = report["done"]
        return done
    if error := report.get("error"):
        kind = InputError if error["status"] == ExitCode.BAD_INPUT else SystemFailedError
        raise kind(error["message"], fix=error["fix"])
    errors.seek(0)
    last = errors.read().decode(errors="replace").splitlines()[-_LAST_LINES:]
    raise SystemFailedError(
        f"{script} ended before it was done: {exit_words(status)}; it said last:"
        + "".join(f"\n    {line}" for line in last)
    )
