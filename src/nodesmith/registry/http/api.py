"""Who is there and how it is: the answers that need no bus, and one node with what it says when it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.naming import event_domain, kebab
from nodesmith.registry.clock import now
from nodesmith.registry.graph import graph
from nodesmith.registry.http.answers import (
    ApiError,
    as_json,
    encode,
    encoded,
    plain,
    read_choice,
    read_number,
)
from nodesmith.registry.instance import ENDED_STATES, LIVE_STATES
from nodesmith.registry.node_view import instance_document
from nodesmith.registry.overview import Query
from nodesmith.registry.prometheus_targets import targets

if TYPE_CHECKING:
    from aiohttp import web

    from nodesmith.registry.node_view import NodeView
    from nodesmith.registry.service import Registry

MOST_NODES = 5_000
DEFAULT_NODES = 500
FRESH_SECONDS = 0.5
STATES = (*LIVE_STATES, *ENDED_STATES)
ARCHETYPES = ("effect", "compute", "reducer", "orchestrator")


class Api:
    """Answers about a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._graph: tuple[int, bytes] = (-1, b"")
        self._targets: tuple[int, bytes] = (-1, b"")
        self._health: tuple[float, bytes] = (float("-inf"), b"")

    async def nodes(self, request: web.Request) -> web.Response:
        """Return a page of nodes."""
        query = Query(
            text=request.query.get("q", "")[:200],
            state=read_choice(request, "state", STATES),
            archetype=request.query.get("archetype", "")[:200],
            cursor=request.query.get("cursor", "")[:500],
            limit=read_number(request, "limit", default=DEFAULT_NODES, most=MOST_NODES),
            summary=read_choice(request, "summary", ("0", "1", "false", "true")) in {"1", "true"},
        )
        return encoded(self._registry.overview.page(query))

    async def node(self, request: web.Request) -> web.Response:
        """Return one node with its contract, and its figures of this moment."""
        view = self.find(request)
        found, stats = await self._registry.details.of(view)
        document = plain(found.document)
        odd = found.document is not None and document is None
        return as_json(
            {
                **self._registry.overview.node_document(view),
                "details": document,
                "details_problem": "what it answered cannot be shown as JSON" if odd else found.problem,
                "stats": [{**each, "stats": plain(each["stats"])} for each in stats],
            }
        )

    async def instance(self, request: web.Request) -> web.Response:
        """Return the lives of one instance."""
        lives = self._registry.fleet.of(request.match_info["node_id"].lower())
        if not lives:
            raise ApiError(404, "unknown-instance", "no instance of that id is known")
        return as_json({"instances": [instance_document(each) for each in lives]})

    async def health(self, _request: web.Request) -> web.Response:
        """Return how everything is."""
        return encoded(self.health_text())

    def health_text(self) -> bytes:
        """Return the same as JSON, worked out at most twice a second."""
        if now() - self._health[0] > FRESH_SECONDS:
            self._health = now(), encode(self._registry.health())
        return self._health[1]

    async def graph(self, _request: web.Request) -> web.Response:
        """Return who sends what to whom."""
        overview = self._registry.overview
        if self._graph[0] != overview.shape:
            views = (overview.node(name) for name in overview.names())
            self._graph = overview.shape, encode(graph(view for view in views if view is not None))
        return encoded(self._graph[1])

    async def targets(self, _request: web.Request) -> web.Response:
        """Return where Prometheus finds the nodes."""
        shape = self._registry.overview.shape
        if self._targets[0] != shape:
            is_private = self._registry.settings.is_private
            self._targets = (
                shape,
                encode(targets(self._registry.fleet.instances(), loopback_too=is_private)),
            )
        return encoded(self._targets[1])

    async def live(self, _request: web.Request) -> web.Response:
        """Return that the process runs."""
        return as_json({"live": True})

    async def ready(self, _request: web.Request) -> web.Response:
        """Return whether what is shown is the truth."""
        reasons = self._registry.reasons
        document = {"state": self._registry.state, "ready": not reasons, "reasons": list(reasons)}
        return as_json(document, status=503 if reasons else 200)

    def find(self, request: web.Request) -> NodeView:
        """Return the node a request names; raise ApiError where there is none."""
        domain, name = request.match_info["domain"], request.match_info["name"]
        overview = self._registry.overview
        view = overview.node(f"{domain}/{name}")
        if view is None:
            wanted = event_domain(domain), kebab(name)
            names = (each.split("/", 1) for each in overview.names())
            same = next((pair for pair in names if (event_domain(pair[0]), kebab(pair[1])) == wanted), None)
            view = overview.node("/".join(same)) if same else None
        if view is None:
            raise ApiError(
                404,
                "unknown-node",
                f"no node '{domain[:200]}/{name[:200]}' is known",
                fix="see /api/v1/nodes for those that are; a node that has ended is forgotten after a while",
            )
        return view
