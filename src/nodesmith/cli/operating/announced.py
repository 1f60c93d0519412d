"""A process that says where it listens, as one line of JSON, and the address that this is of."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from nodesmith.errors import SystemFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodesmith.cli.operating.children import Child


class Announced:
    """Takes a process' lines: the first one of JSON that has `field` is what `wait()` returns of it, all others are shown."""

    def __init__(self, field: str, *, show: Callable[[Child, str], None]) -> None:
        self._field = field
        self._show = show
        self._said: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    def on_line(self, child: Child, line: str) -> None:
        """Take a line."""
        if not self._said.done() and line.startswith("{"):
            try:
                self._said.set_result(json.loads(line)[self._field])
            except (ValueError, KeyError):
                pass
            else:
                return
        self._show(child, line)

    async def wait(self, who: str, *, seconds: float) -> object:
        """Return the field's value when it was said; raise SystemFailedError where that takes longer than `seconds`."""
        try:
            return await asyncio.wait_for(asyncio.shield(self._said), seconds)
        except TimeoutError:
            raise SystemFailedError(f"the {who} did not listen within {seconds:g} s") from None
