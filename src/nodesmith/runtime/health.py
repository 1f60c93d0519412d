"""Health and metrics over HTTP, served where the node says they are."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nodesmith.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

_WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to
_STOP_SECONDS = 2.0


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
        self._readiness = readiness
        self._metrics = metrics
        self._runner: web.AppRunner | None = None
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
        from aiohttp import web

        application = web.Application()
        application.router.add_get("/health/live", self._live)
        application.router.add_get("/health/ready", self._ready)
        application.router.add_get("/metrics", self._numbers)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host or None, self._port).start()
        except OSError as error:
            await self.stop()
            raise InputError(
                f"cannot serve health at {self._host}:{self._port}: {error.strerror or error}",
                fix="choose another HEALTH_PORT (0 is any free one) or HEALTH_HOST",
            ) from error
        port = self._runner.addresses[0][1]
        self._served_at = f"http://{reachable_host(self._host)}:{port}"

    async def stop(self) -> None:
        """Serve no more; open connections get a moment to end."""
        runner, self._runner = self._runner, None
        self._served_at = ""
        if runner is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(runner.cleanup(), 2 * _STOP_SECONDS)

    async def _live(self, _request: web.Request) -> web.Response:
        from aiohttp import web

        return web.json_response({"live": True})

    async def _ready(self, _request: web.Request) -> web.Response:
        from aiohttp import web

        readiness = self._readiness()
        return web.json_response(readiness.document(), status=200 if readiness.ready else 503)

    async def _numbers(self, _request: web.Request) -> web.Response:
        from aiohttp import web

        return web.Response(body=self._metrics(), headers={"Content-Type": "text/plain; version=0.0.4"})


def reachable_host(bound: str) -> str:
    """Return a host that others can use for what is bound to `bound`: of all addresses, this machine's own."""
    if bound in _WILDCARDS:
        try:
            bound = socket.gethostbyname(socket.gethostname())
        except OSError:
            bound = "127.0.0.1"
    return f"[{bound}]" if ":" in bound else bound
