"""A time by which all of something has to be done, which may be brought forward while it is waited for."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

logger = logging.getLogger("nodesmith.runtime.service")


class Deadline:
    """So many seconds from now on, for whatever is done within its limits; belongs to the event loop it is made in."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._when = self._loop.time() + seconds
        self._limits: set[asyncio.Timeout] = set()

    @property
    def left(self) -> float:
        """The seconds that are left, 0 where none are."""
        return max(0.0, self._when - self._loop.time())

    def bring_forward(self, seconds: float) -> None:
        """Leave no more than so many seconds, also to what is under way."""
        self._when = min(self._when, self._loop.time() + seconds)
        for limit in self._limits:
            when = limit.when()
            if not limit.expired() and (when is None or when > self._when):
                limit.reschedule(self._when)

    @asynccontextmanager
    async def limit(self, what: str = "", *, seconds: float = float("inf")) -> AsyncIterator[None]:
        """Cancel the block after `seconds`, and when the deadline has passed.

        A block that has a name is one of those that must not keep others from being done: whatever it raises is logged.
        Of one without a name TimeoutError is silent, and everything else is raised.
        """
        when = min(self._when, self._loop.time() + seconds)
        limit: asyncio.Timeout | None = None
        try:
            async with asyncio.timeout_at(when) as limit:
                self._limits.add(limit)
                yield
        except TimeoutError:
            if what:
                logger.warning("%s was not done in time", what)
        except Exception as error:
            if not what:
                raise
            logger.warning("%s failed: %s", what, str(error) or type(error).__name__)
        finally:
            if limit is not None:
                self._limits.discard(limit)
