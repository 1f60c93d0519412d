"""What a node's handlers need, opened before they work: a database that is away stops no node, it is tried again."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

logger = logging.getLogger("nodesmith.runtime.resources")

_OPEN_SECONDS = 15.0
_CLOSE_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0


class Dependencies:
    """Opens `resources`, again and again until that works; meanwhile the node is not ready and says why.

    Not ready rather than dead: whatever restarts dead processes would only do the same, with less to read for a person.
    """

    def __init__(self, resources: AbstractAsyncContextManager[Any] | None) -> None:
        self.opened = asyncio.Event()
        self.problem = ""
        self._resources = resources
        self._trying: asyncio.Task[None] | None = None
        if resources is None:
            self.opened.set()

    async def open(self) -> None:
        """Try to open; where that fails, return all the same and go on trying."""
        await self._try()
        if not self.opened.is_set():
            self._trying = asyncio.create_task(self._try_again(), name="nodesmith resources")

    async def close(self) -> None:
        """Stop trying, and close what is open within a deadline."""
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.wait([self._trying])
        if self._resources is None or not self.opened.is_set():
            return
        self.opened.clear()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._resources.__aexit__(None, None, None)
        except Exception as error:  # noqa: BLE001 - the node stops, whatever its resources say
            logger.warning("the resources did not close: %s: %s", type(error).__name__, error)

    async def _try(self) -> None:
        if self._resources is None or self.opened.is_set():
            return
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                await self._resources.__aenter__()
        except Exception as error:  # noqa: BLE001 - a person's code; whatever it is, the node must say so
            reason = str(error) or f"no answer within {_OPEN_SECONDS:g} s"
            self._tell(f"the resources did not open: {type(error).__name__}: {reason}")
        else:
            self.problem = ""
            self.opened.set()

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            logger.error("%s; trying again, and taking no commands until it works", problem)
        self.problem = problem

    async def _try_again(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self.opened.is_set():
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            await self._try()
        logger.info("the resources are open")
