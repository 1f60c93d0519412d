"""Serve the API, the stream and the page."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from aiohttp import web

from nodesmith.errors import InputError, NodesmithError
from nodesmith.registry.http.access import Access, add_headers, guard
from nodesmith.registry.http.answers import ApiError, error, error_of
from nodesmith.registry.http.api import Api
from nodesmith.registry.http.commands import Commands
from nodesmith.registry.http.events import Events
from nodesmith.registry.http.login import Login
from nodesmith.registry.http.openapi import Description
from nodesmith.registry.http.pages import Pages
from nodesmith.registry.http.records import Records
from nodesmith.registry.http.routes import ROUTES
from nodesmith.registry.metrics import RegistryMetrics
from nodesmith.runtime.health import reachable_host

if TYPE_CHECKING:
    from nodesmith.registry.http.access import Handler
    from nodesmith.registry.service import Registry

logger = logging.getLogger("nodesmith.registry.http")

STOP_SECONDS = 2.0
LARGEST_BODY = 2 * 1024 * 1024


class RegistryServer:
    """Serves one registry at `address` from `start()` on."""

    def __init__(self, registry: Registry) -> None:
        self.address = ""
        self._settings = registry.settings
        self._access = Access(token=registry.settings.token, host=registry.settings.host)
        self._events = Events(registry, api := Api(registry))
        pages = Pages()
        self._parts = {
            "api": api,
            "events": self._events,
            "commands": Commands(registry, api),
            "records": Records(registry, api),
            "description": Description(),
            "numbers": _Numbers(registry),
            "pages": pages,
            "login": Login(self._access, pages.login_form),
        }
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Begin to serve; raise InputError where the port cannot be had."""
        host, port = self._settings.host, self._settings.port
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=STOP_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host or None, port).start()
        except OSError as problem:
            await self.stop()
            raise InputError(
                f"the registry cannot be served at {host}:{port}: {problem.strerror or problem}",
                fix="choose another --port (0 is any free one) or --host",
            ) from problem
        self.address = f"http://{reachable_host(host)}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Serve no more; streams end at once, what is answered gets a moment."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self._events.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(runner.cleanup(), 2 * STOP_SECONDS)

    def _application(self) -> web.Application:
        application = web.Application(
            middlewares=[_in_one_form, guard(self._access)], client_max_size=LARGEST_BODY
        )
        for route in ROUTES:
            part, _, method = route.handler.partition(".")
            handler = getattr(self._parts[part], method)
            if route.method == "get":
                # HEAD of a stream would never end.
                application.router.add_get(route.path, handler, allow_head=part != "events")
            else:
                application.router.add_post(route.path, handler)
        application.on_response_prepare.append(add_headers)
        return application


class _Numbers:
    def __init__(self, registry: Registry) -> None:
        self._metrics = RegistryMetrics(registry)

    async def show(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=self._metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )


@web.middleware
async def _in_one_form(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error in the one form errors have, and let none of our own faults show its frames."""
    try:
        return await handler(request)
    except ApiError as problem:
        return error(problem.status, problem.code, problem.message, fix=problem.fix)
    except NodesmithError as problem:
        return error_of(problem)
    except web.HTTPException as problem:
        return _of_aiohttp(request, problem)
    except ConnectionError:
        raise
    except Exception:
        logger.exception("the registry itself failed to answer %s %s", request.method, request.path)
        return error(500, "internal", "the registry itself failed; its log says more")


def _of_aiohttp(request: web.Request, problem: web.HTTPException) -> web.StreamResponse:
    if problem.status == web.HTTPNotFound.status_code:
        return error(
            404, "unknown-path", f"there is nothing at {request.path[:200]}", fix="see /api/v1/openapi.json"
        )
    answer = error(problem.status, problem.reason.lower().replace(" ", "-"), problem.reason)
    for name in ("Allow", "Location"):
        if name in problem.headers:
            answer.headers[name] = problem.headers[name]
    return answer
