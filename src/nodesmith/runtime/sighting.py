"""What a record of the discovery topics says of a node, read once and for everybody who listens.

Anybody may write to these topics: what is read here is either as it should be or refused with a word that can be counted.
Nothing here is checked against anything else; who was there before, and what is newer, is for those who keep sightings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from nodesmith.errors import InvalidEnvelopeError, RefusedSightingError
from nodesmith.naming import DEFAULT_DOMAIN, HEARTBEAT_TOPIC, INTROSPECTION_TOPIC, event_domain
from nodesmith.runtime.envelope import read_envelope
from nodesmith.runtime.untrusted import BAD_FIELD, LARGEST, Untrusted, is_name, read_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from nodesmith.runtime.envelope import Envelope
    from nodesmith.runtime.records import IncomingRecord

NumberT = TypeVar("NumberT", int, float)

MOST_BYTES = 1024 * 1024
MOST_AHEAD = timedelta(minutes=5)
LEAST_TTL_SECONDS, MOST_TTL_SECONDS = 1.0, 3600.0
# For a node that does not say how long its word holds: three of ONEX's own heartbeats.
DEFAULT_TTL_SECONDS = 90.0
STOPPED = "stopped"
FROM_THE_FUTURE = "from-the-future"
STATES = frozenset({"starting", "ready", "degraded", "draining", STOPPED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a node has counted since it started, as its heartbeats carry it; None where it did not say.

    Requests are commands that were done or failed, `errors` those that failed; `lag` is the records not committed, in sum.
    """

    requests: int | None = None
    errors: int | None = None
    retries: int | None = None
    dead_letters: int | None = None
    lag: int | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None

    def data(self) -> dict[str, object]:
        """Return all but the moment as plain JSON data: how moments are written is for who shows them."""
        return {
            "requests": self.requests,
            "errors": self.errors,
            "retries": self.retries,
            "dead_letters": self.dead_letters,
            "lag": self.lag,
            "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms,
            "last_error": self.last_error,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """What one instance of a node says of itself.

    `state` is empty where it says none (a node of ONEX's own), and `stopped` in a goodbye. `said_at` is the node's own
    clock. `answers` is the id of the question it answers, None where nobody asked. `dropped` counts what was left out:
    endpoints that are no http addresses, names that are none, what is beyond the bounds.
    """

    node_id: str
    name: str
    domain: str
    archetype: str
    version: str
    description: str = ""
    instance_id: str = ""
    incarnation: str = ""
    sequence: int = 0
    state: str = ""
    ttl_seconds: float = DEFAULT_TTL_SECONDS
    reason: str = ""
    operations: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    subscribes: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    contract_digest: str = ""
    started_at: datetime | None = None
    said_at: datetime
    answers: UUID | None = None
    details: Mapping[str, Any] | None = None
    stats: Mapping[str, Any] | None = None
    dropped: int = 0

    @property
    def full_name(self) -> str:
        """`crm/customer_writer`."""
        return f"{self.domain}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """How one instance of a node is; `state` is empty and `ttl_seconds` None where it does not say."""

    node_id: str
    incarnation: str = ""
    sequence: int = 0
    state: str = ""
    ttl_seconds: float | None = None
    in_flight: int = 0
    outbox: int = 0
    uptime_seconds: float = 0.0
    said_at: datetime
    figures: Figures = Figures()


Sighting = Introduction | Heartbeat


def read_sighting(record: IncomingRecord, *, now: datetime | None = None) -> Sighting:
    """Return what a record says; raise RefusedSightingError, whose `reason` is a short word, for what is not to be believed.

    `now` is what the sighting may not be far ahead of; the clock's where it is not given.
    """
    read = _READERS.get(record.topic)
    if read is None:
        raise RefusedSightingError("not-introspection")
    if len(record.value or b"") > MOST_BYTES:
        raise RefusedSightingError("too-large")
    try:
        envelope = read_envelope(record.value)
    except InvalidEnvelopeError:
        raise RefusedSightingError("not-an-envelope") from None
    try:
        said_at = envelope.envelope_timestamp.astimezone(UTC)
    except OverflowError:
        raise RefusedSightingError(BAD_FIELD, field="envelope_timestamp") from None
    if said_at > (now or datetime.now(UTC)) + MOST_AHEAD:
        raise RefusedSightingError(FROM_THE_FUTURE)
    return read(record, envelope, said_at)


def _introduction(_record: IncomingRecord, envelope: Envelope, said_at: datetime) -> Introduction:
    said = Untrusted(envelope.payload)
    more, found = said.part("metadata"), said.part("discovered_capabilities")
    declared, topics = said.part("declared_capabilities"), said.part("event_bus")
    reason = said.name("reason")
    state = _state(more.name("state"))
    return Introduction(
        node_id=said.id("node_id"),
        name=said.name("node_name") or more.required_name("node_name"),
        domain=event_domain(more.name("domain")) or DEFAULT_DOMAIN,
        archetype=said.required_name("node_type").lower().removesuffix("_generic"),
        version=_version(said.values.get("node_version")),
        description=more.text("description"),
        instance_id=more.name("instance_id"),
        incarnation=more.name("incarnation"),
        sequence=more.count("sequence"),
        state=STOPPED if reason == "shutdown" else state,
        ttl_seconds=_ttl(more.values.get("ttl_seconds", DEFAULT_TTL_SECONDS)),
        reason=reason,
        operations=found.names("operations"),
        capabilities=declared.names("capabilities"),
        endpoints=said.urls("endpoints"),
        subscribes=topics.names_within("subscribe_topics", "topic"),
        publishes=topics.names_within("publish_topics", "topic"),
        waits_for=more.names("waits_for"),
        contract_digest=more.name("contract_digest"),
        started_at=more.moment("started_at"),
        said_at=said_at,
        answers=envelope.correlation_id if reason == "request" else None,
        details=more.document("details"),
        stats=more.document("stats"),
        # Last: by then everything has been read.
        dropped=sum(each.dropped for each in (said, more, found, declared, topics)),
    )


def _heartbeat(record: IncomingRecord, envelope: Envelope, said_at: datetime) -> Heartbeat:
    said, headers = Untrusted(envelope.payload), record.headers
    ttl = headers.get("ns-ttl")
    return Heartbeat(
        node_id=said.id("node_id"),
        incarnation=Untrusted(headers).name("ns-incarnation"),
        sequence=_number(headers, "ns-sequence", int) or 0,
        state=_state(headers.get("ns-state", "")),
        ttl_seconds=None if ttl is None else _ttl(_number(headers, "ns-ttl", float)),
        in_flight=said.count("active_operations_count"),
        outbox=_number(headers, "ns-outbox", int) or 0,
        uptime_seconds=said.seconds("uptime_seconds") or 0.0,
        said_at=said_at,
        figures=_figures(headers),
    )


_READERS: Mapping[str, Callable[[IncomingRecord, Envelope, datetime], Sighting]] = {
    INTROSPECTION_TOPIC: _introduction,
    HEARTBEAT_TOPIC: _heartbeat,
}


def _figures(headers: Mapping[str, str]) -> Figures:
    error = headers.get("ns-last-error")
    return Figures(
        requests=_number(headers, "ns-requests", int),
        errors=_number(headers, "ns-errors", int),
        retries=_number(headers, "ns-retries", int),
        dead_letters=_number(headers, "ns-dead-letters", int),
        lag=_number(headers, "ns-lag", int),
        p50_ms=_number(headers, "ns-p50-ms", float),
        p99_ms=_number(headers, "ns-p99-ms", float),
        last_error=error if is_name(error) else None,
        last_error_at=read_moment(headers.get("ns-last-error-at")),
    )


def _state(state: str) -> str:
    if state and state not in STATES:
        raise RefusedSightingError(BAD_FIELD, field="state")
    return state


def _ttl(value: object) -> float:
    good = isinstance(value, int | float) and LEAST_TTL_SECONDS <= value <= MOST_TTL_SECONDS
    if not good or isinstance(value, bool):
        raise RefusedSightingError("bad-ttl")
    return float(value)  # type: ignore[arg-type]  # said in `good`


def _version(value: object) -> str:
    """Return `1.2.3` of ONEX's version, which is an object, or of a plain text."""
    if isinstance(value, dict):
        version = Untrusted(value)
        return ".".join(str(version.count(part)) for part in ("major", "minor", "patch"))
    if is_name(value):
        return str(value)
    raise RefusedSightingError(BAD_FIELD, field="node_version")


def _number(headers: Mapping[str, str], name: str, kind: type[NumberT]) -> NumberT | None:
    text = headers.get(name)
    if text is None:
        return None
    try:
        number = kind(text)
    except ValueError:
        raise RefusedSightingError(BAD_FIELD, field=name) from None
    if not 0 <= number < LARGEST:  # nor what is no number at all
        raise RefusedSightingError(BAD_FIELD, field=name)
    return number
