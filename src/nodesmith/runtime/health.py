"""Health and metrics over HTTP, served where the node says they are."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from nodesmith.errors import InputError
from nodesmith.runtime.http_server import Document, DocumentServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to
_STOP_SECONDS = 2.0
_METRICS_TYPE = "text/plain; version=0.0.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether a node takes work now and, where it does not, every reason."""

    state: str
    reasons: tuple[str, ...]
    event_bus: Mapping[str, object] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether nothing is in the way."""
        return not self.reasons

    def document(self) -> dict[str, object]:
        """Return what `/health/ready` answers."""
        return {
            "state": self.state,
            "ready": self.ready,
            "reasons": list(self.reasons),
            "event_bus": dict(self.event_bus),
        }


class HealthServer:
    """Serves `/health/live`, `/health/ready` and `/metrics`; a `port` of 0 is any free one."""

    def __init__(
        self, *, host: str, port: int, readiness: Callable[[], Readiness], metrics: Callable[[], bytes]
    ) -> None:
        self._host = host
        self._port = port
        self._server = DocumentServer(
            {
                "/health/live": lambda: _json({"live": True}),
                "/health/ready": lambda: _ready(readiness()),
                "/metrics": lambda: Document(body=metrics(), content_type=_METRICS_TYPE),
            }
        )
        self._served_at = ""

    @property
    def endpoints(self) -> dict[str, str]:
        """Where what is served can be reached; empty while nothing is."""
        if not self._served_at:
            return {}
        return {
            "health": f"{self._served_at}/health/live",
            "ready": f"{self._served_at}/health/ready",
            "metrics": f"{self._served_at}/metrics",
        }

    async def start(self) -> None:
        """Begin to serve; raise InputError where the port cannot be had."""
        try:
            port = await self._server.start(self._host or None, self._port)
        except OSError as error:
            raise InputError(
                f"cannot serve health at {self._host}:{self._port}: {error.strerror or error}",
                fix="choose another HEALTH_PORT (0 is any free one) or HEALTH_HOST",
            ) from error
        self._served_at = f"http://{reachable_host(self._host)}:{port}"

    async def stop(self) -> None:
        """Serve no more; open connections get a moment to end."""
        self._served_at = ""
        await self._server.stop(seconds=_STOP_SECONDS)


def _ready(readiness: Readiness) -> Document:
    return _json(readiness.document(), HTTPStatus.OK if readiness.ready else HTTPStatus.SERVICE_UNAVAILABLE)


def _json(document: Mapping[str, object], status: HTTPStatus = HTTPStatus.OK) -> Document:
    body = json.dumps(document).encode()
    return Document(body=body, content_type="application/json; charset=utf-8", status=status)


def reachable_host(bound: str) -> str:
    """Return a host that others can use for what is bound to `bound`: of all addresses, this machine's own."""
    if bound in _WILDCARDS:
        try:
            bound = socket.gethostbyname(socket.gethostname())
        except OSError:
            bound = "127.0.0.1"
    return f"[{bound}]" if ":" in bound else bound
