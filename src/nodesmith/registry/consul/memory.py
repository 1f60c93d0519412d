"""What is known of one agent: what it has, what it was told, what keeps it from being told. No clock, no I/O."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nodesmith.registry.consul.plan import MAINTENANCE, Action, Registered, foreign, plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nodesmith.registry.consul.projection import Service

# A check is fed so many times within its time to live.
FEEDS_A_TTL = 3
# Who is silent for longer than the longest time to live is nobody.
LEAST_ORPHAN_SECONDS, MOST_ORPHAN_SECONDS = 1.0, 3600.0
LEAST_PROBLEM_SECONDS, MOST_PROBLEM_SECONDS = 1.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What keeps a service from being shown as it should; it is tried again at `retry_at`, after longer and longer pauses."""

    text: str
    is_refusal: bool = False
    pause: float = LEAST_PROBLEM_SECONDS
    retry_at: float


@dataclass(slots=True)
class AgentMemory:
    """Which services are to be where, and what is left to do for it; times are seconds of the caller's clock."""

    fleet: str
    desired: Mapping[str, Service] = field(default_factory=dict)
    actual: dict[str, Registered] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    fed: dict[str, tuple[str, str]] = field(default_factory=dict)
    feed_at: dict[str, float] = field(default_factory=dict)
    orphan_since: dict[str, float] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()

    def read(self, actual: dict[str, Registered]) -> None:
        """Take what the agent has."""
        self.actual = actual

    def lose(self) -> None:
        """Take note that the agent was away: how its checks are is not known any more."""
        self.feed_at = dict.fromkeys(self.feed_at, 0.0)

    def to_do(self, desired: Mapping[str, Service], now: float, *, may_clean: bool) -> list[Action]:
        """Return what is to be done so that the agent has what is desired, the most urgent first.

        With `may_clean`, services of this fleet are removed that nobody was known to be behind for as long as a node may be silent.
        """
        self.desired = desired
        self.foreign = frozenset(foreign(desired, self.actual, fleet=self.fleet))
        orphans = self._orphans(now, may_clean=may_clean)
        actions = plan(desired, self.actual, fleet=self.fleet, said=self.said, fed=self.fed, orphans=orphans)
        self._forget(action.id for action in actions)
        return [action for action in actions if self._may_be_tried(action.id, now)]

    def to_feed(self, now: float) -> list[Action]:
        """Return the checks whose turn has come; only who lives is fed."""
        due = [each for each, at in self.feed_at.items() if at <= now and self._may_be_tried(each, now)]
        actions = []
        for each in due:
            service = self.desired.get(each)
            if service is None or service.presence != "present" or each not in self.actual:
                del self.feed_at[each]
            else:
                actions.append(Action(kind="feed", id=each, service=service))
        return actions

    def done(self, action: Action, now: float) -> None:
        """Take note that an action was carried out."""
        self.problems.pop(action.id, None)
        known, service = self.actual.get(action.id), action.service
        if action.kind == "deregister":
            self._drop(action.id)
        elif action.kind == "register" and service is not None:
            self.actual[service.id] = _as_registered(service, known)
            self.said[service.id] = service.definition
            if known is None:  # its check begins as it is
                self._note_fed(service, now)
        elif action.kind == "feed" and service is not None:
            self._note_fed(service, now)
        elif known is not None:
            reason = MAINTENANCE if action.kind == "enter maintenance" else None
            self.actual[action.id] = _as_registered(known, known, maintenance=reason)

    def not_there(self, action: Action) -> None:
        """Take note that the agent knows nothing of it."""
        self._drop(action.id)

    def failed(self, action: Action, now: float, *, text: str, is_refusal: bool) -> None:
        """Take note that the agent did not take it."""
        before = self.problems.get(action.id)
        pause = min(2 * before.pause, MOST_PROBLEM_SECONDS) if before else LEAST_PROBLEM_SECONDS
        self.problems[action.id] = Problem(
            text=text, is_refusal=is_refusal, pause=pause, retry_at=now + pause
        )

    def next_at(self) -> float:
        """Return when there is something to do again, should nothing change."""
        feeds = min(self.feed_at.values(), default=float("inf"))
        tries = min((problem.retry_at for problem in self.problems.values()), default=float("inf"))
        return min(feeds, tries)

    def retries(self, now: float) -> bool:
        """Return whether something that failed is to be tried again."""
        return any(problem.retry_at <= now for problem in self.problems.values())

    def trouble(self) -> Problem | None:
        """Return what is in the way of one of the services, a refusal before others; None where nothing is."""
        worst = max(self.problems.values(), key=lambda problem: problem.is_refusal, default=None)
        if worst is not None or not self.foreign:
            return worst
        text = f"somebody else has registered a service with the id {min(self.foreign)}"
        return Problem(text=text, retry_at=float("inf"))

    def services(self) -> int:
        """Return how many services of this fleet the agent has."""
        return sum(known.is_of(self.fleet) for known in self.actual.values())

    def _orphans(self, now: float, *, may_clean: bool) -> list[str]:
        if not may_clean:
            self.orphan_since.clear()
            return []
        alone = [
            each
            for each, known in self.actual.items()
            if each not in self.desired and known.is_of(self.fleet)
        ]
        self.orphan_since = {each: self.orphan_since.get(each, now) for each in alone}
        return [each for each in alone if now - self.orphan_since[each] >= _silence(self.actual[each])]

    def _may_be_tried(self, each: str, now: float) -> bool:
        problem = self.problems.get(each)
        return problem is None or problem.retry_at <= now

    def _forget(self, planned: Iterable[str]) -> None:
        """Drop what is not needed any more, so that nothing grows with the nodes that come and go."""
        wanted = {*self.desired, *self.actual}
        open_ids = set(planned) | self.feed_at.keys()
        for kept in (self.said, self.fed, self.feed_at):
            for each in [each for each in kept if each not in wanted]:
                del kept[each]
        for each in [each for each in self.problems if each not in open_ids]:
            del self.problems[each]

    def _drop(self, each: str) -> None:
        for known in (self.actual, self.fed, self.feed_at, self.orphan_since):
            known.pop(each, None)

    def _note_fed(self, service: Service, now: float) -> None:
        self.fed[service.id] = (service.health, service.note)
        if service.presence == "present":
            # Not all at once, although they may have begun at once.
            pause = service.ttl_seconds / FEEDS_A_TTL * random.uniform(0.8, 1.0)  # noqa: S311
            self.feed_at[service.id] = now + pause
        else:
            self.feed_at.pop(service.id, None)


def _silence(known: Registered) -> float:
    """Return how long the node behind it may be silent, as its registration says."""
    try:
        seconds = float(known.meta.get("ttl-seconds", ""))
    except ValueError:
        return MOST_ORPHAN_SECONDS
    return min(max(seconds, LEAST_ORPHAN_SECONDS), MOST_ORPHAN_SECONDS)


def _as_registered(
    source: Service | Registered, known: Registered | None, *, maintenance: str | None = None
) -> Registered:
    if isinstance(source, Registered):
        meta, reason = source.meta, maintenance
    else:
        meta, reason = registered_meta(source), known.maintenance if known else None
    return Registered(
        id=source.id,
        name=source.name,
        address=source.address,
        port=source.port,
        meta=meta,
        maintenance=reason,
    )


def registered_meta(service: Service) -> dict[str, str]:
    """Return the meta that a service is registered with: its own, and what tells later what was registered."""
    checks = "ttl http" if service.health_url else "ttl"
    return {**service.meta, "definition": service.definition, "checks": checks}
