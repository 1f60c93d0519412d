"""Whether a broker can be reached: found out by asking, told once when it changes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from nodesmith.errors import BusUnavailableError
from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("nodesmith.runtime.bus")

_LOOK_AGAIN_SECONDS = 0.5
_CHECK_SECONDS = 5.0


class Connection:
    """Asks the broker now and then, and at once when the client reports an error.

    `probe` blocks until the broker answered, and raises where it did not. One line is logged when the bus is lost and
    one when it is joined, however many errors the client reports in between.
    """

    def __init__(self, *, servers: str, probe: Callable[[], None]) -> None:
        self.servers = servers
        self.last_error = ""
        self._probe = probe
        self._up = asyncio.Event()
        self._lost = asyncio.Event()
        self._doubt = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._told_down = False

    @property
    def up(self) -> bool:
        """Whether the broker answered when it was last asked."""
        return self._up.is_set()

    async def wait_up(self) -> asyncio.Event:
        """Return when the broker can be reached, with what is set when that is over, however shortly it lasts."""
        await self._up.wait()
        return self._lost

    def error(self) -> BusUnavailableError:
        """Return the error that says which servers cannot be reached and why."""
        return BusUnavailableError(
            f"no broker can be reached at {self.servers}: {self.last_error or 'none has answered yet'}",
            fix="start one (`nodesmith broker`), or set KAFKA_BOOTSTRAP_SERVERS to where one is",
        )

    def watch(self) -> None:
        """Begin to ask."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="nodesmith bus connection")

    async def stop(self) -> None:
        """Ask no more."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    def doubt(self, reason: str) -> None:
        """Take note of a client's error: if the bus was up, ask at once whether it still is."""
        self.last_error = reason or self.last_error
        if self.up:
            self._doubt.set()

    async def _watch(self) -> None:
        while True:
            self._doubt.clear()
            try:
                await in_thread(self._probe)
            except Exception as error:  # noqa: BLE001 - whatever the client raises, the answer is no
                self._tell_down(str(error))
            else:
                self._tell_up()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_SECONDS if self.up else _LOOK_AGAIN_SECONDS):
                    await self._doubt.wait()

    def _tell_up(self) -> None:
        if self.up:
            return
        self._lost = asyncio.Event()
        self._up.set()
        self.last_error = ""  # the next outage has a reason of its own
        self._told_down = False
        logger.info("bus joined at %s", self.servers)

    def _tell_down(self, reason: str) -> None:
        self._up.clear()
        self._lost.set()
        self.last_error = self.last_error or reason
        if not self._told_down:
            self._told_down = True
            logger.warning(
                "bus away at %s (%s); it is looked for all the time", self.servers, self.last_error
            )
