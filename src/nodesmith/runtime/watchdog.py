"""Hear the signals that ask a process to stop, and see to it that it does: in a thread of its own.

An event loop hears a signal when it comes to it, and a handler that blocks the loop may never let it. So the system itself
writes every signal into a pipe, and a thread reads it there and keeps the time.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import select
import signal
import time
from dataclasses import dataclass
from enum import IntEnum
from threading import Lock, Thread, main_thread
from typing import TYPE_CHECKING

from nodesmith.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

logger = logging.getLogger("nodesmith.runtime.start")

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# A terminal's Ctrl-C reaches a whole process group, and whoever leads the group may pass it on: that is one press.
SAME_PRESS_SECONDS = 1.0
# After its drain deadline a process is gone within so many seconds, whatever the broker or a handler does.
CLOSE_SECONDS = 10.0
# So long after a second press.
HURRY_SECONDS = 2.0
# What is left to a process that has nothing more to do: threads of somebody's own may still hold it.
_EXIT_SECONDS = 1.0
_LAST_WORDS_SECONDS = 0.5
_LOOK_SECONDS = 0.05
_NUDGE = 0


class Press(IntEnum):
    """What a signal asks for, by how often that was asked."""

    DRAIN = 1
    HURRY = 2
    END = 3


@dataclass(slots=True)
class Presses:
    """Tells one press from the next: signals that come within SAME_PRESS_SECONDS of one that counts are the same."""

    _count: int = 0
    _last: float = float("-inf")

    def hear(self, *, now: float) -> Press | None:
        """Return what a signal that has come `now` asks for, None where it is part of the press before."""
        if now - self._last < SAME_PRESS_SECONDS:
            return None
        self._last = now
        self._count = min(self._count + 1, Press.END)
        return Press(self._count)


class Watchdog:
    """Tells of SIGTERM and SIGINT, and ends the process when its time has passed, with the count of what that cuts off.

    The first press gives it `drain_seconds` and CLOSE_SECONDS, a second one HURRY_SECONDS, a third one nothing.
    """

    def __init__(self, *, drain_seconds: float = 0.0) -> None:
        self.drain_seconds = drain_seconds
        self._presses = Presses()
        self._heard: Press | None = None
        self._tell: Callable[[Press], None] | None = None
        self._running: Callable[[], int] = int
        self._lock = Lock()
        self._end_by = float("inf")
        self._status = int(ExitCode.SYSTEM_FAILED)
        self._closed = False
        self._after_main_thread = False
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def listen(self) -> None:
        """Begin to hear; for the main thread. It never ends: a late signal must not change how a process exits."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._in_python)
        # When Python ends it gives signals back their default, by which a late one would kill the process; not so one that is ignored.
        atexit.register(_ignore_signals)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        Thread(target=self._watch, daemon=True, name="nodesmith signals").start()

    def attach(self, tell: Callable[[Press], None], *, running: Callable[[], int]) -> None:
        """Call `tell` with every press from now on, and with the one there was; `running` counts what an end would cut off.

        Both are called in the watchdog's thread.
        """
        with self._lock:
            self._tell, self._running = tell, running
            heard = self._heard
        if heard is not None:
            tell(heard)

    def expect_end(self) -> None:
        """Give the process the time that it has after a first press, where nothing has pressed."""
        self._end_by = min(self._end_by, time.monotonic() + self.drain_seconds + CLOSE_SECONDS)
        self._nudge(_NUDGE)

    def done(self, status: int) -> None:
        """All is closed: end the process with `status` where the event loop does not come to its end by itself."""
        self._status, self._closed = status, True
        self._end_by = time.monotonic() + _EXIT_SECONDS
        self._nudge(_NUDGE)

    def returned(self, status: int) -> None:
        """End the process where a thread still holds it when the main thread has ended; the event loop is gone."""
        self._status, self._closed = status, True
        self._end_by = float("inf")
        self._after_main_thread = True
        self._nudge(_NUDGE)

    def _in_python(self, number: int, _frame: FrameType | None) -> None:
        """Hear a signal whose byte went elsewhere: an event loop that takes signals itself puts its own pipe in place."""
        other = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        if other == self._write:
            return
        if other != -1:
            signal.set_wakeup_fd(other, warn_on_full_buffer=False)
        self._nudge(number)

    def _nudge(self, number: int) -> None:
        with contextlib.suppress(BlockingIOError):  # so many signals wait that one more changes nothing
            os.write(self._write, bytes([number]))

    # From here on: in the watchdog's own thread.

    def _watch(self) -> None:
        while True:
            for number in self._wait():
                if number in STOP_SIGNALS:
                    self._hear()
            if self._after_main_thread and not main_thread().is_alive():
                self._after_main_thread = False
                self._end_by = time.monotonic() + _EXIT_SECONDS
            if time.monotonic() >= self._end_by:
                self._end()

    def _wait(self) -> bytes:
        """Return what has come in, nothing where it is time to look at the clock."""
        left = _LOOK_SECONDS if self._after_main_thread else self._end_by - time.monotonic()
        # Never for ever: the clock of the wait is 32 bits wide.
        ready, _, _ = select.select([self._read], [], [], min(max(left, 0.0), 60.0))
        return os.read(self._read, 512) if ready else b""

    def _hear(self) -> None:
        now = time.monotonic()
        press = self._presses.hear(now=now)
        if press is None:
            return
        seconds = {
            Press.DRAIN: self.drain_seconds + CLOSE_SECONDS,
            Press.HURRY: HURRY_SECONDS,
            Press.END: 0.0,
        }
        self._end_by = min(self._end_by, now + seconds[press])
        with self._lock:
            self._heard, tell = press, self._tell
        if tell is not None:
            tell(press)

    def _end(self) -> None:
        """End the process, whatever holds it; not even a log that nobody reads may keep it."""
        words = Thread(target=self._say_last_words, daemon=True)
        with contextlib.suppress(RuntimeError):  # the interpreter is ending, and starts no threads any more
            words.start()
            words.join(_LAST_WORDS_SECONDS)
        os._exit(self._status)

    def _say_last_words(self) -> None:
        if not self._closed:
            logger.error(
                "ended before all was closed; %s commands were cut off, and were not committed",
                self._running(),
            )
        logging.shutdown()


def _ignore_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
