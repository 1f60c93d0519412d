"""What one incarnation of an instance has said so far; what of it counts does not depend on the order in which it came."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from nodesmith.registry.instance import NO_FIGURES, Instance, State
from nodesmith.runtime.sighting import DEFAULT_TTL_SECONDS, STOPPED, Introduction

if TYPE_CHECKING:
    from datetime import datetime

    from nodesmith.runtime.sighting import Heartbeat, Sighting

# Two heartbeats that are closer say too little about a rate.
LEAST_RATE_SECONDS = 0.5
READY: State = "ready"
ANOTHER = "another-identity"

Order = tuple[int, "datetime"]
Rank = tuple[float, float, str]


class Life:
    """The last introduction and the last heartbeat of an incarnation, and when it was heard, by the registry's clock."""

    __slots__ = (
        "beat",
        "beat_at",
        "due",
        "first_at",
        "incarnation",
        "introduction",
        "last_at",
        "node_id",
        "rate",
        "rated",
        "shown",
    )

    def __init__(self, node_id: str, incarnation: str, now: float) -> None:
        self.node_id = node_id
        self.incarnation = incarnation
        self.introduction: Introduction | None = None
        self.beat: Heartbeat | None = None
        self.beat_at: float | None = None
        self.first_at = now
        self.last_at = now
        self.rate: float | None = None
        self.rated: Heartbeat | None = None
        # As it was last told of, and when it is to be looked at again.
        self.shown: Instance | None = None
        self.due: float | None = None

    def take(self, said: Sighting, at: float) -> str:
        """Take what was said `at` a moment; return why it counts for nothing, or an empty text."""
        problem = self._introduce(said) if isinstance(said, Introduction) else self._pulse(said, at)
        if not problem:
            self.last_at = max(self.last_at, at)
        if problem != ANOTHER:
            self.first_at = min(self.first_at, at)  # what is old still tells since when it has been there
        return problem

    def _introduce(self, said: Introduction) -> str:
        known = self.introduction
        if known is not None:
            if _order(said) <= _order(known):
                return _too_old(said, known)
            if _identity(said) != _identity(known):
                return ANOTHER  # no process becomes another node while it runs
        self.introduction = said
        return ""

    def _pulse(self, said: Heartbeat, at: float) -> str:
        known = self.beat
        if known is not None and _order(said) <= _order(known):
            return _too_old(said, known)
        self.beat = said
        self.beat_at = at if self.beat_at is None else max(self.beat_at, at)
        self._measure(said)
        return ""

    @property
    def rank(self) -> Rank:
        """Which of an instance's lives is the newer one: first by what the process says of its start."""
        started = self.introduction.started_at if self.introduction else None
        return (started.timestamp() if started else 0.0, self.first_at, self.incarnation)

    @property
    def said_state(self) -> State:
        """What it said last, whichever way; a node that never says how it is counts as ready."""
        told = [each for each in (self.introduction, self.beat) if each is not None and each.state]
        return cast("State", max(told, key=_order).state) if told else READY

    @property
    def said_goodbye(self) -> bool:
        """Whether the last it said was that it ends."""
        return self.said_state == STOPPED

    @property
    def ttl_seconds(self) -> float:
        """How long its last word holds."""
        introduction, beat = self.introduction, self.beat
        if beat is None or beat.ttl_seconds is None:
            return DEFAULT_TTL_SECONDS if introduction is None else introduction.ttl_seconds
        if introduction is None or _order(beat) >= _order(introduction):
            return beat.ttl_seconds
        return introduction.ttl_seconds

    def instance(self, *, state: State, conflict: str) -> Instance:
        """Return it as it is shown."""
        said, beat = self.introduction, self.beat
        assert said is not None, "who has not introduced itself is not shown"
        return Instance(
            node_id=self.node_id,
            incarnation=self.incarnation,
            name=said.name,
            domain=said.domain,
            archetype=said.archetype,
            version=said.version,
            description=said.description,
            instance_id=said.instance_id,
            operations=said.operations,
            capabilities=said.capabilities,
            endpoints=said.endpoints,
            subscribes=said.subscribes,
            publishes=said.publishes,
            waits_for=said.waits_for,
            contract_digest=said.contract_digest,
            started_at=said.started_at,
            state=state,
            ttl_seconds=self.ttl_seconds,
            first_seen=self.first_at,
            last_seen=self.last_at,
            in_flight=None if beat is None else beat.in_flight,
            outbox=None if beat is None else beat.outbox,
            uptime_seconds=None if beat is None else beat.uptime_seconds,
            figures=NO_FIGURES if beat is None else beat.figures,
            rate_per_second=self.rate,
            conflict=conflict,
        )

    def _measure(self, beat: Heartbeat) -> None:
        """Work out the rate since the heartbeat before, by the node's own count of seconds: no delay falsifies that."""
        before = self.rated
        if before is None or before.figures.requests is None or beat.figures.requests is None:
            self.rated = beat
            return
        seconds = beat.uptime_seconds - before.uptime_seconds
        if seconds >= LEAST_RATE_SECONDS:
            self.rate = max(0.0, (beat.figures.requests - before.figures.requests) / seconds)
            self.rated = beat


def _order(said: Sighting) -> Order:
    """Its place among all that one incarnation says; a node that does not count is ordered by its own clock."""
    return said.sequence, said.said_at


def _identity(said: Introduction) -> tuple[str, ...]:
    return said.name, said.domain, said.archetype, said.instance_id


def _too_old(said: Sighting, known: Sighting) -> str:
    return "repeated" if _order(said) == _order(known) else "older-sequence"
