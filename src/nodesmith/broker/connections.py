"""All connections together: how many there are, what is held for them, and who is cut off."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from nodesmith.broker.limits import HeldBytes, Since

if TYPE_CHECKING:
    from nodesmith.broker.connection import Connection
    from nodesmith.broker.limits import Limits

logger = logging.getLogger(__name__)

_LOOKS_A_LIMIT = 4
_LONGEST_PAUSE_SECONDS = 1.0
_TOLD_AGAIN_SECONDS = 10.0


class Connections:
    """The open connections, and those that are idle, in the middle of a request, or not reading their answer."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._idle: Since[Connection] = Since()
        self._receiving: Since[Connection] = Since()
        self._unread: Since[Connection] = Since()
        self._held: HeldBytes[Connection] = HeldBytes()
        self._told = float("-inf")

    def opened(self, connection: Connection) -> None:
        """Take a new one in; where there are too many, the one goes that has been idle the longest."""
        if len(self._open) >= self._limits.connections:
            idle = self._idle.first()
            self._tell_of_many()
            (idle or connection).cut()
            if idle is None:
                return
        self._open.add(connection)
        self._idle.begin(connection, self._loop.time())

    def closed(self, connection: Connection) -> None:
        """Forget one."""
        self._open.discard(connection)
        for state in (self._idle, self._receiving, self._unread):
            state.end(connection)
        self._held.release(connection)

    def works(self, connection: Connection) -> None:
        """Note that a request waits in the broker, so that its client need not say anything."""
        self._idle.end(connection)

    def rests(self, connection: Connection) -> None:
        """Note that a request was answered."""
        self._idle.begin(connection, self._loop.time())

    def receives(self, connection: Connection, *, is_in_part: bool) -> None:
        """Note whether the rest of a request is to come, or none is under way."""
        if not is_in_part:
            self._receiving.end(connection)
        elif connection not in self._receiving:
            self._receiving.begin(connection, self._loop.time())

    def stops_reading(self, connection: Connection) -> None:
        """Note that a client does not read its answer."""
        self._unread.begin(connection, self._loop.time())

    def reads(self, connection: Connection) -> None:
        """Note that it does read."""
        self._unread.end(connection)

    def holds(self, connection: Connection, size: int) -> None:
        """Note how many bytes wait for a client that has just come on; where all are too many, others go first."""
        self._held.hold(connection, size)
        while self._held.total > self._limits.held_bytes:
            stuck = self._held.first()
            assert stuck is not None
            stuck.cut()

    async def watch(self) -> None:
        """Cut off who is silent, slow or does not read for too long; never returns."""
        limits = self._limits
        watched = (
            (self._idle, limits.idle_seconds),
            (self._receiving, limits.request_seconds),
            (self._unread, limits.unread_seconds),
        )
        pause = min(_LONGEST_PAUSE_SECONDS, *(seconds / _LOOKS_A_LIMIT for _, seconds in watched))
        while True:
            await asyncio.sleep(pause)
            for state, seconds in watched:
                for connection in state.before(self._loop.time() - seconds):
                    connection.cut()

    async def close(self) -> None:
        """Cut off everybody, and wait until what waited for them has ended."""
        waiting = [connection.cut() for connection in list(self._open)]
        await asyncio.gather(*filter(None, waiting), return_exceptions=True)

    def _tell_of_many(self) -> None:
        if self._loop.time() - self._told > _TOLD_AGAIN_SECONDS:
            self._told = self._loop.time()
            logger.warning(
                "there are %d connections, and no more are kept: those that are idle the longest are closed",
                len(self._open),
            )
