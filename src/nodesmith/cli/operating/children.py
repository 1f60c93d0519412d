"""Processes that `nodesmith up` starts: their output line by line, and an end that is asked for before it is forced."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections import deque
from dataclasses import field
from typing import TYPE_CHECKING

from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

KEPT_LINES = 15
LONGEST_LINE_BYTES = 1024 * 1024
PR_SET_PDEATHSIG = 1


@dataclass(slots=True, kw_only=True, eq=False)
class Child:
    """A process of ours. `last_lines` are what it said last, for a report when it dies."""

    label: str
    process: asyncio.subprocess.Process
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    reading: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    async def ended(self) -> int:
        """Return the exit status when the process has ended and its output is read."""
        status = await self.process.wait()
        if self.reading is not None:
            # A grandchild may hold the pipe open; what it says does not matter here.
            await asyncio.wait({self.reading}, timeout=1)
        return status


async def start_child(
    label: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    on_line: Callable[[Child, str], None],
) -> Child:
    """Start a process in a session of its own, so that Ctrl-C in a terminal reaches only us.

    On Linux it is told to end (SIGTERM) when we die, however that happens.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_die_with_parent(),
        limit=LONGEST_LINE_BYTES,
    )
    child = Child(label=label, process=process)
    child.reading = asyncio.create_task(_read_lines(child, on_line), name=f"output of {label}")
    return child


def _die_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(
        None, use_errno=True
    ).prctl  # loaded here: a forked child must not import or load anything
    parent = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # we died between the fork and the call
            os._exit(1)

    return ask


async def _read_lines(child: Child, on_line: Callable[[Child, str], None]) -> None:
    output = child.process.stdout
    assert output is not None, "its output is piped"
    while True:
        try:
            line = await output.readline()
        except ValueError:  # a line beyond the limit; the reader has dropped it
            line = b"(a line too long to show)\n"
        if not line:
            return
        text = line.decode(errors="replace").rstrip("\r\n")
        child.last_lines.append(text)
        on_line(child, text)


async def stop_children(
    children: Sequence[Child], *, seconds: float, hurry: asyncio.Event
) -> dict[Child, int]:
    """Ask all to end at once, and return every exit status; those still there after `seconds`, or on `hurry`, are killed."""
    if not children:
        return {}
    for child in children:
        _signal(child, signal.SIGTERM)
    endings = {child: asyncio.create_task(child.ended()) for child in children}
    all_ended = asyncio.create_task(asyncio.wait(endings.values()))
    hurried = asyncio.create_task(hurry.wait())
    await asyncio.wait((all_ended, hurried), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    for child, ending in endings.items():
        if not ending.done():
            _signal(child, signal.SIGKILL)
    return {child: await ending for child, ending in endings.items()}


def _signal(child: Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.process.send_signal(number)


def exit_words(status: int) -> str:
    """Return what an exit status means: `exit status 1`, `killed by SIGKILL`."""
    return f"exit status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"
