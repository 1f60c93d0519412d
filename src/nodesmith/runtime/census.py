"""What nodes said of themselves, put together for one who asks and goes again: who is alive, and how it is.

Who stays keeps them in the registry's fleet, which lets time pass as well.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from nodesmith.errors import RefusedSightingError
from nodesmith.naming import event_domain, kebab
from nodesmith.runtime.sighting import (
    FROM_THE_FUTURE,
    MOST_AHEAD,
    STOPPED,
    Figures,
    Heartbeat,
    Introduction,
    read_sighting,
)

if TYPE_CHECKING:
    from uuid import UUID

    from nodesmith.runtime.records import IncomingRecord
    from nodesmith.runtime.sighting import Sighting

# What answers our own question is of now, whatever the clock of who answers says.
_ANY_TIME = datetime.max.replace(tzinfo=UTC) - MOST_AHEAD
NO_FIGURES = Figures()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenNode:
    """One instance of a node: what it said of itself and, where one was seen, its last heartbeat.

    `answered` is whether it answered the question just asked, `last_seen` when it was heard of by our clock or, where that
    was before we listened, by its own.
    """

    said: Introduction
    last_seen: datetime
    answered: bool = False
    beat: Heartbeat | None = None

    @property
    def node_id(self) -> str:
        """The id of the instance."""
        return self.said.node_id

    @property
    def name(self) -> str:
        """The node's name."""
        return self.said.name

    @property
    def domain(self) -> str:
        """The node's domain; `general` where it has none."""
        return self.said.domain

    @property
    def node_type(self) -> str:
        """The node's archetype."""
        return self.said.archetype

    @property
    def version(self) -> str:
        """The node's version."""
        return self.said.version

    @property
    def instance_id(self) -> str:
        """What the instance is called."""
        return self.said.instance_id

    @property
    def incarnation(self) -> str:
        """Which of its lives this is."""
        return self.said.incarnation

    @property
    def operations(self) -> tuple[str, ...]:
        """What the node can be asked to do."""
        return self.said.operations

    @property
    def health(self) -> str:
        """Where its health is served; empty where it is not."""
        return self.said.endpoints.get("health", "")

    @property
    def state(self) -> str:
        """How it is, by its newest word; empty where it never says."""
        if self.beat is None or self.said.state == STOPPED or not _is_newer(self.beat, self.said):
            return self.said.state
        return self.beat.state or self.said.state

    @property
    def ttl_seconds(self) -> float:
        """How long its word holds."""
        return (self.beat and self.beat.ttl_seconds) or self.said.ttl_seconds

    @property
    def in_flight(self) -> int | None:
        """What it works on, by its last heartbeat; None where none was seen."""
        return None if self.beat is None else self.beat.in_flight

    @property
    def figures(self) -> Figures:
        """What it has counted, by its last heartbeat."""
        return NO_FIGURES if self.beat is None else self.beat.figures

    @property
    def uptime_seconds(self) -> float | None:
        """How long it was up when it last said something; None where it does not say."""
        last_said = self.said.said_at if self.beat is None else max(self.said.said_at, self.beat.said_at)
        if self.beat is not None:
            return self.beat.uptime_seconds + (last_said - self.beat.said_at).total_seconds()
        started_at = self.said.started_at
        return None if started_at is None else max(0.0, (last_said - started_at).total_seconds())

    @property
    def full_name(self) -> str:
        """`crm/customer_writer`: what `nodesmith call` takes."""
        return self.said.full_name

    def is_called(self, name: str, *, domain: str = "") -> bool:
        """Return whether `name`, in any form, is its name, and its domain is `domain` where one is given."""
        same_domain = not domain or event_domain(domain) == event_domain(self.domain)
        return kebab(name) == kebab(self.name) and same_domain

    def alive(self, now: datetime) -> bool:
        """Return whether it has neither said goodbye nor been silent for longer than it said it would be."""
        return self.state != STOPPED and now - self.last_seen <= timedelta(seconds=self.ttl_seconds)


@dataclass(frozen=True, slots=True)
class _Beat:
    heartbeat: Heartbeat
    seen: datetime


@dataclass(slots=True, kw_only=True)
class Census:
    """Takes introspections and heartbeats in any order; `question` is the correlation id that answers to us carry.

    `refused` counts what was not to be believed, by its reason: anybody may write to the discovery topics.
    """

    question: UUID
    refused: Counter[str] = field(default_factory=Counter)
    _nodes: dict[str, SeenNode] = field(default_factory=dict)
    _beats: dict[tuple[str, str], _Beat] = field(default_factory=dict)

    def take(self, record: IncomingRecord, *, now: datetime, was_there: bool = False) -> bool:
        """Take note of a record and return whether it is a node's first answer to our question.

        A record that `was_there` before we listened was said when its sender's clock says, any other one now.
        """
        try:
            said = read_sighting(record, now=_ANY_TIME)
        except RefusedSightingError as refused:
            self.refused[refused.reason] += 1
            return False
        is_answer = isinstance(said, Introduction) and said.answers == self.question
        if not is_answer and said.said_at > now + MOST_AHEAD:
            self.refused[FROM_THE_FUTURE] += 1
            return False
        if isinstance(said, Heartbeat):
            self._heartbeat(said, min(said.said_at, now) if was_there else now)
            return False
        return self._introduction(said, now if is_answer else min(said.said_at, now), is_answer=is_answer)

    def alive(self, now: datetime) -> list[SeenNode]:
        """Return the nodes that are alive, each with its last heartbeat."""
        nodes = [self._with_heartbeat(node) for node in self._nodes.values()]
        return [node for node in nodes if node.alive(now)]

    def _introduction(self, said: Introduction, seen: datetime, *, is_answer: bool) -> bool:
        known = self._nodes.get(said.node_id)
        same_life = known is not None and known.said.incarnation == said.incarnation
        if known is not None and not same_life and said.state == STOPPED:
            return False  # the goodbye of an earlier life, come after the first word of the next
        before = same_life and known is not None and known.answered
        if known is None or (_is_newer(said, known.said) if same_life else seen >= known.last_seen):
            last_seen = max(seen, known.last_seen) if known is not None and same_life else seen
            self._nodes[said.node_id] = SeenNode(said=said, last_seen=last_seen, answered=is_answer or before)
        return is_answer and not before

    def _heartbeat(self, heartbeat: Heartbeat, seen: datetime) -> None:
        life = heartbeat.node_id, heartbeat.incarnation
        known = self._beats.get(life)
        if known is None or _is_newer(heartbeat, known.heartbeat):
            self._beats[life] = _Beat(heartbeat, seen)

    def _with_heartbeat(self, node: SeenNode) -> SeenNode:
        beat = self._beats.get((node.node_id, node.said.incarnation))
        if beat is None:
            return node
        return replace(node, beat=beat.heartbeat, last_seen=max(node.last_seen, beat.seen))


def _is_newer(one: Sighting, other: Sighting) -> bool:
    """Return whether one word of a life came no earlier than another, by their sequence or, without one, by the node's clock."""
    if one.sequence and other.sequence:
        return one.sequence >= other.sequence
    return one.said_at >= other.said_at
