"""Circuit breakers: while what handlers depend on is down, commands wait for it instead of failing one by one.

A breaker opens after a number of temporary failures in a row. From then on the operations that have failed on that
dependency wait, and one command at a time tries whether it works again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.runtime.settings import read_count, read_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from nodesmith.errors import TemporaryError
    from nodesmith.runtime.turn import Turn

logger = logging.getLogger("nodesmith.runtime.breaker")

# What a temporary failure is ascribed to where the handler names nothing.
DEFAULT_DEPENDENCY = "resources"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """Open after `failures` in a row; try again after `pause_seconds`, twice as long each time, up to `cap_seconds`."""

    failures: int = 5
    pause_seconds: float = 1.0
    cap_seconds: float = 30.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> BreakerPolicy:
        """Return what BREAKER_FAILURES, BREAKER_PAUSE_SECONDS and BREAKER_CAP_SECONDS say; raise InputError for nonsense."""
        default = cls()
        return cls(
            failures=read_count(environment, "BREAKER_FAILURES", default.failures),
            pause_seconds=read_seconds(
                environment, "BREAKER_PAUSE_SECONDS", default.pause_seconds, least=0.01
            ),
            cap_seconds=read_seconds(environment, "BREAKER_CAP_SECONDS", default.cap_seconds, least=0.01),
        )

    def pause(self, probes: int, chance: Callable[[], float]) -> float:
        """Return how long to wait after so many probes that failed: between half of the bound and all of it.

        Not anything from 0 on: a probe is sent where it is known that much has failed just now.
        """
        bound = min(self.cap_seconds, self.pause_seconds * 2.0 ** min(probes, 60))
        return bound * (0.5 + chance() / 2)


class Breaker:
    """What is known of one dependency: closed while it works, else open, with commands waiting in order."""

    def __init__(self, name: str, *, policy: BreakerPolicy, chance: Callable[[], float]) -> None:
        self.name = name
        self.operations: set[str] = set()
        self.open = False
        self.failures = 0
        self._policy = policy
        self._chance = chance
        self._last_error = ""
        self._probes = 0
        self._probing = False
        self._probe_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        # Each is told True to be the one that tries, False when the dependency works again.
        self._waiting: deque[asyncio.Future[bool]] = deque()

    @property
    def problem(self) -> str:
        """Why commands wait, in words; empty while it is closed."""
        if not self.open:
            return ""
        if self._probing:
            then = "a command tries it now"
        else:
            left = max(0.0, self._probe_at - asyncio.get_running_loop().time())
            then = f"tried again in {left:.1f} s" if left else "the next command tries it"
        return f"'{self.name}' failed {self.failures} times in a row ({self._last_error}); commands that need it wait, {then}"

    async def admit(self, turn: Turn) -> bool:
        """Return when a command may try: True where it is the one that probes. Raises HandedBackError."""
        if not self.open:
            return False
        place: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self._let_one_try()
        if place.done():
            return place.result()
        try:
            return await turn.rest(place)
        except BaseException:
            if place.done() and not place.cancelled() and place.result():
                self.inconclusive()
            raise

    def succeeded(self, *, probe: bool) -> None:
        """Take note that a command worked; one that began before the breaker opened says nothing about now."""
        if self.open and not probe:
            return
        if self.open:
            logger.info("'%s' works again", self.name)
        self.open, self._probing, self.failures, self._probes = False, False, 0, 0
        while self._waiting:
            _tell(self._waiting.popleft(), probe=False)

    def failed(self, error: TemporaryError, *, operation: str, probe: bool) -> None:
        """Take note that a command failed on this dependency."""
        self.operations.add(operation)
        self.failures += 1
        self._last_error = error.message
        if probe:
            self._probing = False
            self._probes += 1
            self._pause(error.retry_after)
        elif not self.open and self.failures >= self._policy.failures:
            self.open = True
            self._pause(error.retry_after)
            logger.warning(
                "'%s' failed %s times in a row; commands wait until it works: %s",
                self.name,
                self.failures,
                error.message,
            )

    def inconclusive(self) -> None:
        """Let another command try: the one that should has not found out whether the dependency works."""
        self._probing = False
        self._let_one_try()

    def _pause(self, retry_after: float | None) -> None:
        loop = asyncio.get_running_loop()
        seconds = max(self._policy.pause(self._probes, self._chance), retry_after or 0.0)
        self._probe_at = loop.time() + seconds
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(self._probe_at, self._let_one_try)

    def _let_one_try(self) -> None:
        # A timer may be early by the clock's own coarseness: it is due all the same.
        due = asyncio.get_running_loop().time() >= self._probe_at - 0.001
        while self.open and due and not self._probing and self._waiting:
            self._probing = _tell(self._waiting.popleft(), probe=True)


class Breakers:
    """The breakers of a node, by dependency; made when a dependency first fails."""

    def __init__(self, *, policy: BreakerPolicy, chance: Callable[[], float] = random.random) -> None:
        self._policy = policy
        self._chance = chance
        self._breakers: dict[str, Breaker] = {}

    @property
    def problems(self) -> list[str]:
        """Why commands wait, a reason for each open breaker."""
        return [breaker.problem for breaker in self._breakers.values() if breaker.open]

    def states(self) -> dict[str, bool]:
        """Return of each dependency that has ever failed whether its breaker is open."""
        return {name: breaker.open for name, breaker in self._breakers.items()}

    async def admit(self, operation: str, turn: Turn) -> Admission:
        """Return when a command of `operation` may be tried; raises HandedBackError where its record is wanted back."""
        if not self._breakers:
            return Admission(breakers=self, operation=operation, probed=())
        probed: list[Breaker] = []
        try:
            # In one order for everybody: two that wait for each other's probe would wait for ever.
            for breaker in sorted(self._of(operation), key=lambda breaker: breaker.name):
                if await breaker.admit(turn):
                    probed.append(breaker)  # noqa: PERF401 - given back below if a later one fails
        except BaseException:
            for breaker in probed:
                breaker.inconclusive()
            raise
        return Admission(breakers=self, operation=operation, probed=tuple(probed))

    def named(self, name: str) -> Breaker:
        """Return the breaker of a dependency."""
        if name not in self._breakers:
            self._breakers[name] = Breaker(name, policy=self._policy, chance=self._chance)
        return self._breakers[name]

    def _of(self, operation: str) -> list[Breaker]:
        return [breaker for breaker in self._breakers.values() if operation in breaker.operations]

    def succeeded(self, admission: Admission) -> None:
        """Take note that the admitted command worked."""
        for breaker in self._of(admission.operation):
            breaker.succeeded(probe=breaker in admission.probed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A command's leave to be tried once; what came of it must be told exactly once."""

    breakers: Breakers
    operation: str
    probed: tuple[Breaker, ...]

    def succeeded(self) -> None:
        """Tell that the command worked."""
        self.breakers.succeeded(self)

    def failed(self, error: TemporaryError) -> bool:
        """Tell that the command failed on a dependency; return whether it was a probe, which costs no attempt."""
        breaker = self.breakers.named(error.dependency or DEFAULT_DEPENDENCY)
        probe = breaker in self.probed
        breaker.failed(error, operation=self.operation, probe=probe)
        self._nothing_learnt_of(other for other in self.probed if other is not breaker)
        return probe

    def inconclusive(self) -> None:
        """Tell that the command ended in a way that says nothing about what it depends on."""
        self._nothing_learnt_of(self.probed)

    @staticmethod
    def _nothing_learnt_of(probed: Iterable[Breaker]) -> None:
        for breaker in probed:
            breaker.inconclusive()


def _tell(place: asyncio.Future[bool], *, probe: bool) -> bool:
    """Tell a command that waits, and return whether it was there to hear it."""
    if place.done():
        return False
    place.set_result(probe)
    return True
