"""What a node says of itself on the bus: introspection and heartbeat, as ONEX's models of today have them."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from nodesmith import naming
from nodesmith.runtime.describing import describe
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope
from nodesmith.runtime.sighting import LEAST_TTL_SECONDS, MOST_TTL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from nodesmith.runtime.definition import NodeDefinition
    from nodesmith.runtime.sighting import Figures

# A node that was not heard of for so many heartbeats is lost.
HEARTBEATS_TO_LIVE = 3

DETAILS, STATS = "details", "stats"

# What the question that is being answered asks for beyond an introspection; the node's own method has no word for it.
_wanted: ContextVar[Collection[str]] = ContextVar("nodesmith_wanted", default=())


@contextmanager
def answering(want: Collection[str]) -> Iterator[None]:
    """Have the introspection that is made meanwhile, by this task, carry what a question wants."""
    token = _wanted.set(want)
    try:
        yield
    finally:
        _wanted.reset(token)


def wanted() -> Collection[str]:
    """Return what the question that is being answered wants: `details`, `stats`."""
    return _wanted.get()


@dataclass(kw_only=True)
class Presence:
    """One life of one instance of a node, and what it has said of itself so far.

    `incarnation` is new at every start; `sequence` rises with every introspection and heartbeat of an incarnation.
    `contract` is the text of the node's contract, where it has one.
    """

    definition: NodeDefinition
    node_id: UUID
    instance_id: str
    heartbeat_seconds: float
    contract: str | None = None
    incarnation: UUID = field(default_factory=uuid4)
    sequence: int = 0
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _born: float = field(default_factory=monotonic)

    @cached_property
    def details(self) -> Mapping[str, Any]:
        """What this node tells to who asks for details; worked out once, when it first introduces itself."""
        return describe(self.definition, contract=self.contract)

    def introspection(
        self,
        *,
        reason: str,
        state: str,
        capabilities: Sequence[str],
        endpoints: Mapping[str, str],
        waits_for: Sequence[str] = (),
        stats: Mapping[str, object] | None = None,
        correlation_id: UUID | None = None,
    ) -> OutgoingRecord:
        """Return the record that says what this node is and does, and where it can be reached.

        `waits_for` are the dependencies that are down, for which commands wait; `stats` are for who asked for them. Details
        are in it where the question that is being answered wants them.
        """
        correlation_id = correlation_id or uuid4()
        more = {
            "waits_for": list(waits_for),
            "contract_digest": self.details["contract_digest"],
            "started_at": self.started_at.isoformat(),
            **({DETAILS: self.details} if DETAILS in wanted() else {}),
            **({STATS: stats} if stats is not None else {}),
        }
        payload = {
            **self._identity(correlation_id),
            "node_name": self.definition.identity.name,
            "declared_capabilities": {"capabilities": list(capabilities)},
            "discovered_capabilities": self._discovered(),
            "endpoints": dict(endpoints),
            "reason": reason,
            "metadata": {**self._metadata(state), **more},
            "event_bus": self._topics(),
        }
        return self._record(naming.INTROSPECTION_TOPIC, payload, correlation_id=correlation_id)

    def heartbeat(
        self, *, state: str, in_flight: int, outbox: int = 0, figures: Figures | None = None
    ) -> OutgoingRecord:
        """Return the record that says this node is alive; what ONEX has no field for is in its headers."""
        correlation_id = uuid4()
        payload = {
            **self._identity(correlation_id),
            "uptime_seconds": round(monotonic() - self._born, 3),
            "active_operations_count": in_flight,
        }
        metadata = self._metadata(state)
        headers = {
            "ns-node": self.definition.identity.name,
            "ns-state": state,
            "ns-incarnation": str(metadata["incarnation"]),
            "ns-sequence": str(metadata["sequence"]),
            "ns-ttl": str(metadata["ttl_seconds"]),
            "ns-in-flight": str(in_flight),
            "ns-outbox": str(outbox),
            **(_figures(figures) if figures else {}),
        }
        return self._record(naming.HEARTBEAT_TOPIC, payload, correlation_id=correlation_id, headers=headers)

    def _identity(self, correlation_id: UUID) -> dict[str, object]:
        major, minor, patch = self.definition.identity.version
        return {
            "node_id": str(self.node_id),
            "node_type": self.definition.identity.archetype,
            "node_version": {"major": major, "minor": minor, "patch": patch},
            "correlation_id": str(correlation_id),
            "timestamp": datetime.now(UTC).isoformat(),
        }

    def _metadata(self, state: str) -> dict[str, object]:
        self.sequence += 1
        identity = self.definition.identity
        return {
            "node_name": identity.name,
            "domain": identity.event_domain,
            "description": identity.description,
            "instance_id": self.instance_id,
            "incarnation": str(self.incarnation),
            "sequence": self.sequence,
            "state": state,
            "ttl_seconds": self._ttl_seconds,
        }

    @property
    def _ttl_seconds(self) -> float:
        """How long a word of this node holds, within what others take."""
        return min(MOST_TTL_SECONDS, max(LEAST_TTL_SECONDS, self.heartbeat_seconds * HEARTBEATS_TO_LIVE))

    def _discovered(self) -> dict[str, object]:
        operations = self.definition.operations
        return {
            "operations": [operation.name for operation in operations],
            "has_fsm": self.definition.has_state_machine,
            "method_signatures": {operation.name: operation.signature for operation in operations},
            "attributes": {},
        }

    def _topics(self) -> dict[str, object]:
        definition = self.definition
        return {
            "subscribe_topics": [
                {"topic": definition.identity.command_topic, "message_category": "COMMAND"},
                *({"topic": s.topic, "event_type": s.event_type} for s in definition.subscriptions),
                *({"topic": topic} for topic in definition.awaited_topics),
            ],
            "publish_topics": [{"topic": topic} for topic in definition.written_topics],
        }

    def _record(
        self,
        topic: str,
        payload: Mapping[str, object],
        *,
        correlation_id: UUID,
        headers: Mapping[str, str] | None = None,
    ) -> OutgoingRecord:
        envelope = make_envelope(
            payload,
            event_type=f"platform.{topic.split('.')[3]}",
            source=self.definition.identity.name,
            correlation_id=correlation_id,
        )
        return OutgoingRecord(topic=topic, envelope=envelope, key=str(self.node_id), headers=headers or {})


def _figures(figures: Figures) -> dict[str, str]:
    """Return the headers that carry figures; what is not known is left out."""
    known = {
        "ns-requests": figures.requests,
        "ns-errors": figures.errors,
        "ns-retries": figures.retries,
        "ns-dead-letters": figures.dead_letters,
        "ns-lag": figures.lag,
        "ns-p50-ms": figures.p50_ms,
        "ns-p99-ms": figures.p99_ms,
        "ns-last-error": figures.last_error,
        "ns-last-error-at": figures.last_error_at and figures.last_error_at.isoformat(),
    }
    return {name: str(value) for name, value in known.items() if value is not None}
