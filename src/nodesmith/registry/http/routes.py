"""Every path there is, in one table: the server serves it and the API's description is made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from nodesmith.registry.http import models
from nodesmith.registry.http.api import ARCHETYPES, DEFAULT_NODES, MOST_NODES, STATES
from nodesmith.registry.http.records import DEFAULT_RECORDS, MOST_RECORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

HTML = "text/html"
EVENT_STREAM = "text/event-stream"
METRICS = "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of a query."""

    name: str
    text: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path and method. `handler` is `what.method`; `answers` is a model, a list of one, or a media type.

    `problems` are the statuses of errors, beside those that every path has.
    """

    path: str
    handler: str
    summary: str
    answers: type[BaseModel] | tuple[type[BaseModel]] | str
    method: Literal["get", "post"] = "get"
    takes: type[BaseModel] | None = None
    query: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()
    answers_also: Mapping[int, type[BaseModel]] = field(default_factory=dict)
    is_open: bool = False
    is_described: bool = True


def _number(default: int, most: int) -> Mapping[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default}


_LIMIT = Parameter(name="limit", text="How many at most.", schema=_number(DEFAULT_RECORDS, MOST_RECORDS))
_NODE = "/api/v1/nodes/{domain}/{name}"

ROUTES = (
    Route(
        path="/api/v1/nodes",
        handler="api.nodes",
        summary="List the nodes.",
        answers=models.NodePage,
        query=(
            Parameter(name="limit", text="How many at most.", schema=_number(DEFAULT_NODES, MOST_NODES)),
            Parameter(name="cursor", text="The `next_cursor` of the page before."),
            Parameter(name="q", text="Only nodes with this in their name, description or operations."),
            Parameter(
                name="state",
                text="Only nodes in this state.",
                schema={"type": "string", "enum": list(STATES)},
            ),
            Parameter(name="archetype", text=f"Only this archetype: {', '.join(ARCHETYPES)}."),
            Parameter(
                name="summary",
                text="1 leaves the instances out.",
                schema={"type": "string", "enum": ["0", "1", "false", "true"]},
            ),
        ),
        problems=(400,),
    ),
    Route(
        path=_NODE,
        handler="api.node",
        summary="Show one node with its contract, and ask its instances for their figures.",
        answers=models.NodeDetails,
        problems=(404,),
    ),
    Route(
        path=f"{_NODE}/commands",
        handler="commands.send",
        method="post",
        summary="Send a command to a node and wait for what comes of it.",
        takes=models.Command,
        answers=models.Outcome,
        problems=(404, 415, 422, 429, 503),
    ),
    Route(
        path=f"{_NODE}/records",
        handler="records.records",
        summary="Show a node's last commands and results.",
        answers=models.Records,
        query=(_LIMIT,),
        problems=(400, 404, 503),
    ),
    Route(
        path=f"{_NODE}/dead-letters",
        handler="records.dead_letters",
        summary="Show a node's last dead letters.",
        answers=models.DeadLetters,
        query=(_LIMIT,),
        problems=(400, 404, 503),
    ),
    Route(
        path=f"{_NODE}/dead-letters/replay",
        handler="records.replay",
        method="post",
        summary="Send dead letters back to where they came from.",
        takes=models.Replay,
        answers=models.Replayed,
        problems=(404, 415, 422, 503),
    ),
    Route(
        path="/api/v1/instances/{node_id}",
        handler="api.instance",
        summary="Show one instance.",
        answers=models.InstanceLives,
        problems=(404,),
    ),
    Route(
        path="/api/v1/health",
        handler="api.health",
        summary="Tell how everything is, in short.",
        answers=models.Health,
    ),
    Route(
        path="/api/v1/graph",
        handler="api.graph",
        summary="Tell who sends what to whom.",
        answers=models.Graph,
    ),
    Route(
        path="/api/v1/events",
        handler="events.stream",
        summary="Tell what changes, as server-sent events: `snapshot`, then `change` and, each second in which anything did, "
        "`summary` (a Health). After `reload`, sent to who reads too slowly, comes a `snapshot` again.",
        answers=EVENT_STREAM,
        problems=(503,),
    ),
    Route(
        path="/api/v1/prometheus/targets",
        handler="api.targets",
        summary="Tell Prometheus where the nodes' metrics are (its HTTP service discovery).",
        answers=(models.Target,),
    ),
    Route(
        path="/api/v1/openapi.json",
        handler="description.show",
        summary="Describe this API.",
        answers="application/json",
    ),
    Route(
        path="/metrics",
        handler="numbers.show",
        summary="Show the registry's own metrics in Prometheus' text.",
        answers=METRICS,
    ),
    Route(
        path="/health/live",
        handler="api.live",
        summary="Tell that the process runs.",
        answers=models.Live,
        is_open=True,
    ),
    Route(
        path="/health/ready",
        handler="api.ready",
        summary="Tell whether what is shown is the truth now: the bus is there and heard.",
        answers=models.Ready,
        answers_also={503: models.Ready},
    ),
    Route(path="/", handler="pages.index", summary="The page.", answers=HTML, is_described=False),
    Route(
        path="/assets/{path:.+}",
        handler="pages.asset",
        summary="What the page needs.",
        answers=HTML,
        is_open=True,
        is_described=False,
    ),
    Route(
        path="/login",
        handler="login.form",
        summary="The form.",
        answers=HTML,
        is_open=True,
        is_described=False,
    ),
    Route(
        path="/login",
        handler="login.log_in",
        method="post",
        summary="Log in.",
        answers=HTML,
        is_open=True,
        is_described=False,
    ),
)
