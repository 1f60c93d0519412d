"""How far the effects are, and the longest time in which nothing happened."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.sink import Counted

_LOOK_SECONDS = 0.05


class Watch:
    """Looks at the sink while somebody waits for something."""

    def __init__(self, sink: Counted) -> None:
        self.rows = 0
        self.longest_gap = 0.0
        self._sink = sink
        self._since = time.monotonic()

    def look(self) -> None:
        """Count again, and take note of the time."""
        rows, now = self._sink.rows(), time.monotonic()
        if rows > self.rows:
            if self.rows:
                self.longest_gap = max(self.longest_gap, now - self._since)
            self.rows, self._since = rows, now

    def has(self, rows: int) -> bool:
        """Whether there were so many effects when it was last looked."""
        return self.rows >= rows

    def wait(self, condition: Callable[[], bool], *, seconds: float) -> bool:
        """Return whether `condition` came true within `seconds`."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() >= deadline:
                return False
            self.look()
            time.sleep(_LOOK_SECONDS)
        self.look()
        return True
