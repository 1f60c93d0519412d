"""Hold interrupts back while something must not be torn apart, and let them end what must be cleaned up after."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERRUPTS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def interrupts_held() -> Iterator[list[int]]:
    """Collect the interrupts that come while the block runs, and let the first one through at its end.

    Outside the main thread, which alone gets interrupts, the list stays empty.
    """
    held: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield held
        return
    before = {number: signal.getsignal(number) for number in INTERRUPTS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, lambda caught, _frame: held.append(caught))
    try:
        yield held
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if held:
            signal.raise_signal(held[0])


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the process as an exception that unwinds the block, where they would end it outright."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ending = [number for number in INTERRUPTS if signal.getsignal(number) is signal.SIG_DFL]
    for number in ending:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in ending:
            signal.signal(number, signal.SIG_DFL)


def _exit(caught: int, _frame: object) -> None:
    raise SystemExit(128 + caught)
