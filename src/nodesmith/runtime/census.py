"""What nodes said of themselves, put together: who is alive, and how it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from nodesmith.errors import InvalidEnvelopeError
from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC, event_domain, kebab
from nodesmith.runtime.envelope import read_envelope

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from nodesmith.runtime.records import IncomingRecord

# For a node that does not say how long its word holds.
DEFAULT_TTL_SECONDS = 30.0
STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenNode:
    """One instance of a node, as it described itself. `answered` is whether it answered the question just asked.

    `in_flight` is that of its last heartbeat, `uptime_seconds` how long it was up when it was last seen; both are None
    where no heartbeat was seen.
    """

    node_id: str
    name: str
    domain: str
    node_type: str
    version: str
    instance_id: str
    incarnation: str
    operations: tuple[str, ...]
    health: str
    state: str
    ttl_seconds: float
    last_seen: datetime
    answered: bool = False
    in_flight: int | None = None
    uptime_seconds: float | None = None

    @property
    def full_name(self) -> str:
        """`crm/customer_writer`: what `nodesmith call` takes."""
        return f"{self.domain}/{self.name}"

    def is_called(self, name: str, *, domain: str = "") -> bool:
        """Return whether `name`, in any form, is its name, and its domain is `domain` where one is given."""
        same_domain = not domain or event_domain(domain) == event_domain(self.domain)
        return kebab(name) == kebab(self.name) and same_domain

    def alive(self, now: datetime) -> bool:
        """Return whether it has neither said goodbye nor been silent for longer than it said it would be."""
        return self.state != STOPPED and now - self.last_seen <= timedelta(seconds=self.ttl_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heartbeat:
    state: str
    in_flight: int
    uptime_seconds: float
    seen: datetime


@dataclass(slots=True, kw_only=True)
class Census:
    """Takes introspections and heartbeats in any order; `question` is the correlation id that answers to us carry."""

    question: UUID
    _nodes: dict[str, SeenNode] = field(default_factory=dict)
    _heartbeats: dict[tuple[str, str], _Heartbeat] = field(default_factory=dict)

    def take(self, record: IncomingRecord) -> bool:
        """Take note of a record and return whether it is a node's first answer to our question.

        What cannot be read is nothing: anybody may write to the discovery topics.
        """
        try:
            envelope = read_envelope(record.value)
            if record.topic == INTROSPECTION_TOPIC:
                return self._introspection(
                    envelope.payload, envelope.envelope_timestamp, envelope.correlation_id
                )
            if record.topic == HEARTBEAT_TOPIC:
                self._heartbeat(envelope.payload, envelope.envelope_timestamp, record.headers)
        except (InvalidEnvelopeError, KeyError, TypeError, ValueError, AttributeError):
            return False
        return False

    def alive(self, now: datetime) -> list[SeenNode]:
        """Return the nodes that are alive, each with what its last heartbeat said."""
        nodes = [self._with_heartbeat(node) for node in self._nodes.values()]
        return [node for node in nodes if node.alive(now)]

    def _introspection(self, payload: Mapping[str, Any], seen: datetime, correlation_id: UUID) -> bool:
        said = seen_node(payload, seen)
        said = replace(said, answered=correlation_id == self.question)
        known = self._nodes.get(said.node_id)
        if known is not None and known.incarnation != said.incarnation and said.state == STOPPED:
            return False  # the goodbye of an earlier life, come after the first word of the next
        before = known is not None and known.incarnation == said.incarnation and known.answered
        if known is None or said.last_seen >= known.last_seen:
            self._nodes[said.node_id] = replace(said, answered=said.answered or before)
        return said.answered and not before

    def _heartbeat(self, payload: Mapping[str, Any], seen: datetime, headers: Mapping[str, str]) -> None:
        heartbeat = _Heartbeat(
            state=headers.get("ns-state", ""),
            in_flight=int(payload["active_operations_count"]),
            uptime_seconds=float(payload["uptime_seconds"]),
            seen=seen,
        )
        life = (str(payload["node_id"]), headers.get("ns-incarnation", ""))
        known = self._heartbeats.get(life)
        if known is None or heartbeat.seen >= known.seen:
            self._heartbeats[life] = heartbeat

    def _with_heartbeat(self, node: SeenNode) -> SeenNode:
        heartbeat = self._heartbeats.get((node.node_id, node.incarnation))
        if heartbeat is None:
            return node
        last_seen = max(node.last_seen, heartbeat.seen)
        newer = heartbeat.seen >= node.last_seen and node.state != STOPPED
        return replace(
            node,
            state=(newer and heartbeat.state) or node.state,
            last_seen=last_seen,
            in_flight=heartbeat.in_flight,
            uptime_seconds=heartbeat.uptime_seconds + (last_seen - heartbeat.seen).total_seconds(),
        )


def seen_node(payload: Mapping[str, Any], seen: datetime) -> SeenNode:
    """Return the node an introspection describes; raises KeyError or TypeError where it describes none."""
    metadata = payload.get("metadata") or {}
    version = payload["node_version"]
    stopped = payload.get("reason") == "shutdown"
    discovered = payload.get("discovered_capabilities") or {}
    return SeenNode(
        node_id=str(payload["node_id"]),
        name=str(payload.get("node_name") or metadata["node_name"]),
        domain=event_domain(str(metadata.get("domain") or "")),
        node_type=str(payload["node_type"]).lower(),
        version=".".join(str(version[part]) for part in ("major", "minor", "patch")),
        instance_id=str(metadata.get("instance_id") or ""),
        incarnation=str(metadata.get("incarnation") or ""),
        operations=tuple(str(name) for name in discovered.get("operations") or ()),
        health=str((payload.get("endpoints") or {}).get("health") or ""),
        state=STOPPED if stopped else str(metadata.get("state") or ""),
        ttl_seconds=float(metadata.get("ttl_seconds") or DEFAULT_TTL_SECONDS),
        last_seen=seen.astimezone(UTC),
    )
