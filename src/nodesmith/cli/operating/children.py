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
from nodesmith.runtime.watchdog import HURRY_SECONDS, SAME_PRESS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

KEPT_LINES = 15
LONGEST_LINE_BYTES = 1024 * 1024
PR_SET_PDEATHSIG = 1
# Sooner than that a node takes a second signal for the first one.
SECOND_SIGNAL_SECONDS = SAME_PRESS_SECONDS + 0.1
# What a node takes to end when it is cut short, and a moment.
CUT_SHORT_SECONDS = HURRY_SECONDS + 1.0


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


@dataclass(slots=True, kw_only=True)
class Hurry:
    """What whoever waits for the end has asked for beside it: to cut short what runs, and to kill."""

    cut_short: asyncio.Event = field(default_factory=asyncio.Event)
    kill: asyncio.Event = field(default_factory=asyncio.Event)


async def stop_children(children: Sequence[Child], *, seconds: float, hurry: Hurry) -> dict[Child, int]:
    """Ask all to end at once, and return every exit status; those still there after `seconds` are killed.

    On `hurry.cut_short` they are asked again, which is how a node is told to drop what runs, and have CUT_SHORT_SECONDS.
    """
    if not children:
        return {}
    endings = {child: asyncio.create_task(child.ended()) for child in children}
    all_ended = asyncio.create_task(_all(endings.values()))
    for child in children:
        _signal(child, signal.SIGTERM)
    second_at = asyncio.get_running_loop().time() + SECOND_SIGNAL_SECONDS
    if await _comes_first(hurry.cut_short, all_ended, seconds=seconds):
        pause = second_at - asyncio.get_running_loop().time()
        if not await _comes_first(hurry.kill, all_ended, seconds=max(0.0, pause)):
            for child in _running(endings):
                _signal(child, signal.SIGTERM)
            await _comes_first(hurry.kill, all_ended, seconds=CUT_SHORT_SECONDS)
    for child in _running(endings):
        _signal(child, signal.SIGKILL)
    await all_ended
    return {child: ending.result() for child, ending in endings.items()}


async def _all(endings: Iterable[asyncio.Task[int]]) -> None:
    await asyncio.wait(endings)


async def _comes_first(event: asyncio.Event, all_ended: asyncio.Task[None], *, seconds: float) -> bool:
    """Wait until something is asked for, until all have ended or until time is up; return whether it is the first."""
    asked = asyncio.create_task(event.wait())
    await asyncio.wait({asked, all_ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    return event.is_set() and not all_ended.done()


def _running(endings: Mapping[Child, asyncio.Task[int]]) -> list[Child]:
    return [child for child, ending in endings.items() if not ending.done()]


def _signal(child: Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.process.send_signal(number)


def exit_words(status: int) -> str:
    """Return what an exit status means: `exit status 1`, `killed by SIGKILL`."""
    return f"exit status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"
