"""One instance of a node as the registry knows it, and what can happen to one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from nodesmith.runtime.sighting import Figures

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

State = Literal["starting", "ready", "degraded", "draining", "stopped", "lost"]
ChangeKind = Literal["appeared", "changed", "left", "lost", "returned", "forgotten", "conflict"]

# From the best to the worst: a node is as its worst living instance.
LIVE_STATES: tuple[State, ...] = ("ready", "starting", "draining", "degraded")
ENDED_STATES: tuple[State, ...] = ("stopped", "lost")

Key = tuple[str, str]

NO_FIGURES = Figures()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One life of one instance of a node: who it said it is, how it is, and since when that is known.

    `first_seen` and `last_seen` are seconds of the registry's own clock. `state` is what it said last, `ready` where it
    never says how it is, and `lost` when it was silent for longer than it said it would be. `conflict` says why it may
    not be who it says: another process beats under its id. `rate_per_second` is commands between its last heartbeats, None where unknown.
    """

    node_id: str
    incarnation: str
    name: str
    domain: str
    archetype: str
    version: str
    description: str = ""
    instance_id: str = ""
    operations: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    subscribes: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    contract_digest: str = ""
    started_at: datetime | None = None
    state: State = "ready"
    ttl_seconds: float
    first_seen: float
    last_seen: float
    in_flight: int | None = None
    outbox: int | None = None
    uptime_seconds: float | None = None
    figures: Figures = NO_FIGURES
    rate_per_second: float | None = None
    conflict: str = ""

    @property
    def key(self) -> Key:
        """What tells it from every other: its id, and which of its lives this is."""
        return self.node_id, self.incarnation

    @property
    def full_name(self) -> str:
        """`crm/customer_writer`."""
        return f"{self.domain}/{self.name}"

    @property
    def alive(self) -> bool:
        """Whether it has neither said goodbye nor been silent for too long."""
        return self.state not in ENDED_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that happened to an instance; `before` is None when it appeared.

    With `only_figures` nothing but its numbers is new: what counts by the second, and matters to who looks.
    """

    kind: ChangeKind
    instance: Instance
    before: Instance | None = None
    only_figures: bool = False
