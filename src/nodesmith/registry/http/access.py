"""Who may see and do what: everything is guarded by the token, or the registry is for this machine alone."""

from __future__ import annotations

import hmac
import logging
import time
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from nodesmith.registry.hosts import is_loopback
from nodesmith.registry.http.answers import JSON_TYPE, error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Middleware

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

logger = logging.getLogger("nodesmith.registry.access")

COOKIE = "nodesmith_registry"
SESSION_SECONDS = 12 * 3600
LOGIN = "/login"
OPEN_PATHS = frozenset({"/health/live", LOGIN})
# What everybody can read in the package, and the login needs as well.
ASSETS = "/assets/"
SAFE_METHODS = frozenset({"GET", "HEAD"})
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: browsers would then send the login form with the origin `null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Access:
    """Decides of each request whether it is let in.

    Who is logged in has a cookie that holds until when, signed by the token: so it outlives a restart of the registry, is
    good for others beside it, and for none with another token.
    """

    def __init__(self, *, token: str, host: str) -> None:
        self._token = token.encode()
        self._key = hmac.new(self._token, b"nodesmith registry session", sha256).digest()
        self._host = host
        self._is_private = is_loopback(host)

    @property
    def is_guarded(self) -> bool:
        """Whether a token is needed."""
        return bool(self._token)

    def refusal(self, request: web.Request) -> web.Response | None:
        """Return the answer to who is not let in, None to who is."""
        if self._is_private and not self._is_own_name(request.host):
            return error(
                421,
                "wrong-host",
                "this registry is for its own machine, and is not known there by the name asked for",
                fix="use http://127.0.0.1 or localhost, with its port",
            )
        is_open = request.path in OPEN_PATHS or request.path.startswith(ASSETS)
        if self.is_guarded and not is_open and not self._is_known(request):
            return self._unknown(request)
        if request.method not in SAFE_METHODS:
            return self._forged(request)
        return None

    def fits(self, token: str) -> bool:
        """Return whether a token is the right one, in a time that tells nothing."""
        return hmac.compare_digest(
            sha256(token.encode(errors="replace")).digest(), sha256(self._token).digest()
        )

    def session(self) -> str:
        """Return the value of a new session's cookie."""
        until = str(int(time.time()) + SESSION_SECONDS)
        return f"{until}.{self._sign(until)}"

    def _is_own_name(self, host: str) -> bool:
        """Return whether a browser on this machine may have asked: another name may be a foreign page's, pointed at us."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return is_loopback(name) or name == self._host

    def _is_known(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.fits(given.strip()):
            return True
        until, _, signature = request.cookies.get(COOKIE, "").partition(".")
        if not hmac.compare_digest(signature.encode(errors="replace"), self._sign(until).encode()):
            return False
        return until.isdigit() and int(until) > time.time()

    def _sign(self, until: str) -> str:
        return hmac.new(self._key, until.encode(errors="replace"), sha256).hexdigest()

    def _unknown(self, request: web.Request) -> web.Response:
        is_page = request.method in SAFE_METHODS and "text/html" in request.headers.get("Accept", "")
        if is_page and not request.path.startswith("/api/"):
            return web.Response(status=303, headers={"Location": LOGIN})
        refused = error(
            401,
            "no-token",
            "this registry is guarded by a token",
            fix="send it as 'Authorization: Bearer TOKEN', or log in at /login",
        )
        refused.headers["WWW-Authenticate"] = 'Bearer realm="nodesmith registry"'
        return refused

    def _forged(self, request: web.Request) -> web.Response | None:
        """Return the refusal of what a page of somebody else may have sent in the name of who is logged in."""
        origin = request.headers.get("Origin")
        same_origin = origin is None or urlsplit(origin).netloc == request.host
        same_site = request.headers.get("Sec-Fetch-Site", "same-origin") in {"same-origin", "none"}
        if not (same_origin and same_site):
            return error(403, "foreign-origin", "this was sent by a page of another origin")
        if request.path != LOGIN and request.content_type != JSON_TYPE:
            return error(
                415, "no-json", f"the content type is {request.content_type}", fix=f"send {JSON_TYPE}"
            )
        return None


def guard(access: Access) -> Middleware:
    """Return the middleware that lets requests in, or not, and adds to each answer what browsers should hold to."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = access.refusal(request)
        if response is None:
            return await handler(request)
        return response

    return middleware


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add what browsers should hold to; a stream gets it as well."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "nodesmith"  # aiohttp has put its own and Python's version there by now
    if not request.path.startswith(ASSETS):
        response.headers.setdefault("Cache-Control", "no-store")
