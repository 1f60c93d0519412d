"""Whether a broker can be reached: found out by asking, told once when it changes, with the reason where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from nodesmith.errors import BusUnavailableError
from nodesmith.runtime.diagnosis import Obstacle
from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodesmith.runtime.trouble import Trouble

logger = logging.getLogger("nodesmith.runtime.bus")

_LOOK_AGAIN_SECONDS = 0.5
_CHECK_SECONDS = 5.0
_LEAST_PAUSE_SECONDS = 0.2
_LOOK_PAUSE_SECONDS = 1.0
_FAILURES_BEFORE_TELLING_LITTLE = 6
_ANY_FIX = "start one (`nodesmith broker`), or set KAFKA_BOOTSTRAP_SERVERS to where one is"


class Connection:
    """Asks the broker now and then, and at once when a client complains.

    `probe` blocks until the broker answered, and raises where it did not; what is in the way then is for `trouble` to
    find. One line is logged when the bus is lost and one when it is joined, however many errors the clients report in
    between, and one more where the reason turns out to be another.
    """

    def __init__(self, *, servers: str, probe: Callable[[], None], trouble: Trouble) -> None:
        self.servers = servers
        self.trouble = trouble
        self.obstacle: Obstacle | None = None
        self._probe = probe
        self._up = asyncio.Event()
        self._lost = asyncio.Event()
        self._doubt = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._look_again_at = 0.0
        self._failures = 0
        self._vain_looks = 0
        self._told: set[str] = set()
        # Set when a broker has denied a client something, which it may have been allowed before.
        self.denied = asyncio.Event()

    @property
    def up(self) -> bool:
        """Whether the broker answered when it was last asked."""
        return self._up.is_set()

    @property
    def last_error(self) -> str:
        """Why no broker can be used; empty where one can, or where that is not known yet."""
        return self.obstacle.what if self.obstacle else ""

    async def wait_up(self) -> asyncio.Event:
        """Return when the broker can be reached, with what is set when that is over, however shortly it lasts."""
        await self._up.wait()
        return self._lost

    def error(self) -> BusUnavailableError:
        """Return the error that says which servers cannot be reached, why, and what to do."""
        return BusUnavailableError(
            f"no broker can be reached at {self.servers}: {self.last_error or 'none has answered yet'}",
            fix=(self.obstacle.fix if self.obstacle else "") or _ANY_FIX,
        )

    def watch(self) -> None:
        """Begin to ask."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="nodesmith bus connection")

    async def stop(self) -> None:
        """Ask no more."""
        tasks = [task for task in (self._watching, self._looking) if task is not None]
        self._watching = self._looking = None
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def doubt(self) -> None:
        """Take note that a client has complained: ask at once whether the bus is still up; if it is not, look why."""
        if self.up:
            self._doubt.set()
        else:
            self._begin_look()

    async def _watch(self) -> None:
        while True:
            self._doubt.clear()
            try:
                await in_thread(self._probe)
            except Exception as error:  # noqa: BLE001 - whatever the client raises, the answer is no
                self._lose(self.trouble.in_words(error))
            else:
                self._join()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_SECONDS if self.up else _LOOK_AGAIN_SECONDS):
                    await self._doubt.wait()
                    await asyncio.sleep(_LEAST_PAUSE_SECONDS)  # however often clients complain

    def _join(self) -> None:
        if self.up:
            return
        self._lost = asyncio.Event()
        self._up.set()
        self.obstacle = None  # the next outage has a reason of its own
        self.trouble.forget()
        self._failures = 0
        self._vain_looks = 0
        self._told.clear()
        logger.info("bus joined at %s", self.servers)

    def _lose(self, reason: str) -> None:
        self._up.clear()
        self._lost.set()
        self._failures += 1
        # A client may take a moment to say more than that there was no answer, and so may a look.
        if self.obstacle is None and (
            self._vain_looks > 1 or self._failures >= _FAILURES_BEFORE_TELLING_LITTLE
        ):
            self.obstacle = Obstacle(what=reason)
        self._begin_look()
        self._tell()

    def _begin_look(self) -> None:
        """Look why there is no broker: one look at a time, since at a silent one it takes longer than to ask it."""
        now = asyncio.get_running_loop().time()
        if (self._looking is None or self._looking.done()) and now >= self._look_again_at:
            self._look_again_at = now + _LOOK_PAUSE_SECONDS
            self._looking = asyncio.create_task(self._look(), name="nodesmith look at the bus")

    async def _look(self) -> None:
        found = await in_thread(self.trouble.find)
        if self.up:
            return
        if found is None:
            self._vain_looks += 1
        else:
            self.obstacle = found
            self._tell()

    def _tell(self) -> None:
        """Log a reason that was not told of this outage yet, once the broker was asked and did not answer."""
        if not self._failures or self.obstacle is None or self.last_error in self._told:
            return
        still = "still " if self._told else ""
        self._told.add(self.last_error)
        logger.warning(
            "bus %saway at %s (%s); it is looked for all the time", still, self.servers, self.last_error
        )
