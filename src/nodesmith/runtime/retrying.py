"""Attempts at a command: again and again while what went wrong may pass, with pauses that grow and are left to chance.

Only what a handler declares to be temporary is tried again (TemporaryError, or a TimeoutError whose `retryable` is set to
True): of everything else nobody knows what was done before it happened. An operation's own timeout is not declared, since
a handler in a thread still runs to its end when its time has passed.
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from nodesmith.errors import StateUnavailableError, TemporaryError
from nodesmith.runtime.settings import read_count, read_seconds
from nodesmith.runtime.turn import HandedBackError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from nodesmith.runtime.breaker import Admission, Breakers
    from nodesmith.runtime.turn import Turn

T = TypeVar("T")

logger = logging.getLogger("nodesmith.runtime.retrying")

# What has to wait longer is no retry any more: the attempts are used up first, and the dead letters can wait.
LONGEST_RETRY_AFTER_SECONDS = 300.0
_STATE_AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and when: `attempts` in all, the pause after the first anything up to `base_seconds`.

    The bound doubles with every attempt, up to `cap_seconds`; where in it a pause ends is left to chance (full jitter), so
    that commands which failed together do not come back together.
    """

    attempts: int = 5
    base_seconds: float = 0.1
    cap_seconds: float = 10.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> RetryPolicy:
        """Return what RETRY_ATTEMPTS, RETRY_BASE_SECONDS and RETRY_CAP_SECONDS say; raise InputError for nonsense."""
        default = cls()
        return cls(
            attempts=read_count(environment, "RETRY_ATTEMPTS", default.attempts),
            base_seconds=read_seconds(environment, "RETRY_BASE_SECONDS", default.base_seconds, least=0.0),
            cap_seconds=read_seconds(environment, "RETRY_CAP_SECONDS", default.cap_seconds, least=0.0),
        )

    def bound(self, attempt: int) -> float:
        """Return the longest pause after the attempt of that number, which counts from 1."""
        return min(self.cap_seconds, self.base_seconds * 2.0 ** min(attempt - 1, 60))

    def pause(self, attempt: int, chance: Callable[[], float], *, retry_after: float | None = None) -> float:
        """Return how long to wait after an attempt; `chance` gives a number from 0 to 1.

        Where the dependency itself says when to come back it is not asked earlier, and not by everybody at once.
        """
        asked = min(max(retry_after or 0.0, 0.0), LONGEST_RETRY_AFTER_SECONDS)
        return asked + self.bound(attempt) * chance()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How the attempts at a command ended. `used_up`: with an error that may pass, after the last attempt there was."""

    error: Exception
    attempts: int
    first_at: datetime
    last_at: datetime
    used_up: bool


class FailedError(Exception):
    """A command failed for good; the facts are in `failure`."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure.error))
        self.failure = failure


def may_pass(error: Exception) -> bool:
    """Return whether the handler declared that the same command may work later."""
    return isinstance(error, TemporaryError) or (
        isinstance(error, TimeoutError) and getattr(error, "retryable", False) is True
    )


class Retrying:
    """Carries out commands under one policy; `retried` is called with operation and error before each pause."""

    def __init__(
        self,
        *,
        policy: RetryPolicy,
        breakers: Breakers,
        retried: Callable[[str, Exception], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.breakers = breakers
        self._policy = policy
        self._retried = retried
        self._chance = chance

    async def carry_out(self, attempt: Callable[[int], Awaitable[T]], *, operation: str, turn: Turn) -> T:
        """Call `attempt` with its number, from 1 on, until it returns, and return that.

        Raises FailedError where it fails for good, and HandedBackError where the record is wanted back between two
        attempts. An attempt that only probes an open breaker's dependency and fails is not counted.
        """
        number, first_at = 1, None
        while True:
            admission = await self.breakers.admit(operation, turn)
            try:
                result = await attempt(number)
            except BaseException as error:
                counts = _tell(admission, error)
                if isinstance(error, StateUnavailableError):
                    await turn.rest(asyncio.sleep(_STATE_AGAIN_SECONDS))
                    continue
                if isinstance(error, HandedBackError) or not isinstance(error, Exception):
                    raise
                now = datetime.now(UTC)
                first_at = first_at or now
                passing = may_pass(error)
                if not passing or (counts and number >= self._policy.attempts):
                    failure = Failure(
                        error=error, attempts=number, first_at=first_at, last_at=now, used_up=passing
                    )
                    raise FailedError(failure) from error
                await self._pause(number, error, turn, operation=operation)
                number += counts
            else:
                admission.succeeded()
                return result

    async def _pause(self, number: int, error: Exception, turn: Turn, *, operation: str) -> None:
        self._retried(operation, error)
        retry_after = error.retry_after if isinstance(error, TemporaryError) else None
        seconds = self._policy.pause(number, self._chance, retry_after=retry_after)
        logger.info("%s: attempt %s failed, again in %.2f s: %s", operation, number, seconds, error)
        await turn.rest(asyncio.sleep(seconds))


def _tell(admission: Admission, error: BaseException) -> bool:
    """Tell the breakers how an attempt ended, and return whether it counts as one."""
    if isinstance(error, TemporaryError):
        return not admission.failed(error)
    admission.inconclusive()
    return True
