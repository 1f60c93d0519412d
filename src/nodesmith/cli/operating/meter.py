"""How far something long has come, on standard error, for who waits for it."""

from __future__ import annotations

import sys
import time

import click

_FIRST_SECONDS = 1.0
_ON_A_TERMINAL_SECONDS = 0.2
_IN_A_LOG_SECONDS = 5.0


class Meter:
    """Tells `12,000 of 50,000 WHAT` now and then; nothing of what is over in a moment."""

    def __init__(self, what: str, *, total: int) -> None:
        self._what = what
        self._total = total
        self._terminal = sys.stderr.isatty()
        self._next = time.monotonic() + _FIRST_SECONDS
        self._told = False

    def tell(self, done: int, *, total: int | None = None) -> None:
        """Take note of how much is done, and where that grows of how much, and tell it where that is due."""
        self._total = self._total if total is None else total
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (_ON_A_TERMINAL_SECONDS if self._terminal else _IN_A_LOG_SECONDS)
        self._told = True
        line = f"{done:,} of {self._total:,} {self._what}"
        click.echo(f"\r{line}" if self._terminal else line, err=True, nl=not self._terminal)

    def end(self) -> None:
        """Leave the line, where there is one."""
        if self._told and self._terminal:
            click.echo(err=True)
