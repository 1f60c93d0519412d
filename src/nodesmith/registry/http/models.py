"""The shapes of what is asked and answered, as the API's description has them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from nodesmith.registry.instance import ChangeKind, State

Number = float | None
Whole = int | None


class Shape(BaseModel):
    """Nothing is there that is not described."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Problem(Shape):
    """What is wrong, in a word for programs, in words for people, and what to do about it."""

    code: str
    message: str
    fix: str


class Error(Shape):
    """Every answer that is no success."""

    error: Problem


class Instance(Shape):
    """One life of one instance of a node. What it never said is null or empty."""

    node_id: str
    incarnation: str
    instance_id: str
    domain: str
    name: str
    full_name: str
    archetype: str
    version: str
    description: str
    state: State
    conflict: str = Field(
        description="Why it may not be who it says: another process uses its id. Empty otherwise."
    )
    waits_for: list[str]
    operations: list[str]
    capabilities: list[str]
    endpoints: dict[str, str]
    subscribes: list[str]
    publishes: list[str]
    contract_digest: str
    started_at: datetime | None = Field(description="By the node's own clock.")
    first_seen: datetime
    last_seen: datetime
    ttl_seconds: float
    uptime_seconds: Number
    in_flight: Whole
    outbox: Whole
    rate_per_second: Number
    requests: Whole
    errors: Whole
    retries: Whole
    dead_letters: Whole
    lag: Whole
    p50_ms: Number
    p99_ms: Number
    last_error: str | None
    last_error_at: datetime | None


class NodeSummary(Shape):
    """All instances of a node together: rate, times and lag of the living, counts of all that are known."""

    domain: str
    name: str
    full_name: str
    archetype: str
    description: str
    versions: list[str]
    operations: list[str]
    state: State = Field(description="That of its worst living instance; without any, stopped or lost.")
    live: int
    instance_states: dict[State, int]
    conflicts: int
    waits_for: list[str]
    rate_per_second: Number
    p50_ms: Number = Field(description="Of the slowest instance.")
    p99_ms: Number = Field(description="Of the slowest instance.")
    lag: Whole
    requests: Whole
    errors: Whole
    retries: Whole
    dead_letters: Whole
    last_error: str | None
    last_error_at: datetime | None


class ListedNode(NodeSummary):
    """A node in a list; without its instances where only summaries were asked for."""

    instances: Annotated[list[Instance], Field(default_factory=list)]
    instances_left_out: int = Field(default=0, description="How many more there are than are listed.")


class NodePage(Shape):
    """Nodes in the order of their names."""

    nodes: list[ListedNode]
    total: int = Field(description="How many fit what was asked for, on this page and others.")
    next_cursor: str | None = Field(description="What to ask for as `cursor` to go on; null at the end.")


class InstanceStats(Shape):
    """What a living instance answered when it was asked for its figures just now."""

    node_id: str
    incarnation: str
    instance_id: str
    stats: dict[str, Any] | None = Field(description="Null where it did not answer in time.")


class NodeDetails(NodeSummary):
    """A node with all that can be known of it."""

    instances: list[Instance]
    instances_left_out: int = Field(description="How many more there are than are listed.")
    details: dict[str, Any] | None
    details_problem: str = Field(
        description="Why there are no details, or why they may be old. Empty otherwise."
    )
    stats: list[InstanceStats]


class InstanceLives(Shape):
    """The lives of one instance: more than one where processes use its id at once."""

    instances: list[Instance]


class Bus(Shape):
    """How it stands with the bus."""

    state: Literal["up", "joining", "away"]
    servers: str
    last_error: str
    since: datetime
    records: int = Field(description="How many records of the discovery topics were read.")
    backlog: int


class Conflict(Shape):
    """An instance that is not alone under its id."""

    node_id: str
    full_name: str
    incarnation: str
    conflict: str


class Health(Shape):
    """How everything is, in short."""

    state: Literal["starting", "ready", "degraded"]
    reasons: list[str]
    nodes: dict[State, int]
    instances: dict[State, int]
    bus: Bus
    consul: dict[str, Any] | None
    ignored: dict[str, int] = Field(description="What was heard and not believed, by the reason.")
    conflicts: list[Conflict]
    unknown: int = Field(description="How many beat that have not introduced themselves yet.")
    watchers: int
    started_at: datetime
    version: str


class GraphNode(Shape):
    """A node, `orders/pricing`, or a topic."""

    id: str
    kind: Literal["node", "topic"]
    archetype: str | None = None
    state: State | None = None


class GraphEdge(Shape):
    """From a node to a topic it publishes to, or from a topic to a node that reads it."""

    from_: str = Field(alias="from")
    to: str
    kind: Literal["publishes", "subscribes"]


class Graph(Shape):
    """Who sends what to whom."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]


class Snapshot(Shape):
    """The first event of a stream, and the first after `reload`: ask for what is shown, changes follow."""

    health: Health
    cursor: int


class ChangeEvent(Shape):
    """What has happened to an instance; `node` is null when it was the node's last one and is forgotten."""

    kind: ChangeKind
    only_figures: bool
    full_name: str
    node: NodeSummary | None
    instance: Instance


class Command(Shape):
    """A command for one operation of a node."""

    operation: str = Field(max_length=200)
    payload: dict[str, Any] = {}
    timeout_seconds: float = Field(default=30.0, gt=0, le=300)
    key: str | None = Field(
        default=None, max_length=1000, description="Commands with the same key are handled in order."
    )


class Outcome(Shape):
    """What came of a command."""

    outcome: Literal["completed", "failed", "no answer"]
    payload: dict[str, Any] | None = Field(
        description="The result; of a failure {error_type, message, retryable, attempts}; null without an answer."
    )
    duration_ms: float
    envelope_id: str
    correlation_id: str


class Record(Shape):
    """A record as it is on the bus: its envelope, or its value where that is none."""

    topic: str
    kind: Literal["command", "completed", "failed"]
    partition: int
    offset: int
    timestamp: datetime | None
    key: str | None
    headers: list[list[Any]]
    envelope: dict[str, Any] | None = None
    value: str | None = None
    value_base64: str | None = None
    bytes: int
    truncated: bool = Field(description="Whether it is too large to be shown, so that neither is given.")


class Records(Shape):
    """The last commands of a node and their results, the newest first."""

    records: list[Record]


class Origin(Shape):
    """Where a record was before it became a dead letter."""

    topic: str
    partition: int
    offset: int


class DeadLetter(Shape):
    """A record that a node could not deal with; with `problem` it is none, and nothing else is known of it."""

    partition: int
    offset: int
    key: str | None
    event_type: str
    bytes: int
    error_type: str | None = None
    error_message: str | None = None
    attempts: int | None = None
    first_failure: datetime | None = None
    last_failure: datetime | None = None
    origin: Origin | None = None
    replays: int | None = None
    cut_from: int | None = None
    problem: str | None = None
    value: str | None = None
    value_base64: str | None = None
    truncated: bool = False


class DeadLetters(Shape):
    """The last dead letters of a node, the newest first."""

    topic: str
    total: int = Field(description="How many there are at most; those already replayed are among them.")
    dead_letters: list[DeadLetter]


class Place(Shape):
    """Where a dead letter is in its topic."""

    partition: int = Field(ge=0)
    offset: int = Field(ge=0)


class Replay(Shape):
    """Which dead letters are to be sent back to where they came from."""

    records: list[Place] = Field(min_length=1, max_length=1000)


class Replayed(Shape):
    """How many went where, and why others did not."""

    sent: dict[str, int]
    problems: list[str]


class Target(Shape):
    """One target as Prometheus wants it."""

    targets: list[str]
    labels: dict[str, str]


class Live(Shape):
    """The process runs."""

    live: bool


class Ready(Shape):
    """Whether what is shown is the truth now."""

    state: Literal["starting", "ready", "degraded"]
    ready: bool
    reasons: list[str]
