"""Logging in with the token, for browsers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from nodesmith.registry.http.access import COOKIE, SESSION_SECONDS

if TYPE_CHECKING:
    from nodesmith.registry.http.access import Access

# A guess takes at least so long.
WRONG_SECONDS = 0.5
LONGEST_TOKEN = 1_000

PROBLEM = '<p class="problem" role="alert">That is not the token.</p>'
# Where the form says what was wrong.
PLACE = "{problem}"


class Login:
    """The form, and what becomes of it."""

    def __init__(self, access: Access, form: str) -> None:
        self._access = access
        self._form = form

    async def form(self, _request: web.Request) -> web.Response:
        """Return the form; where no token is needed there is nothing to log in to."""
        if not self._access.is_guarded:
            return web.Response(status=303, headers={"Location": "/"})
        return self._page("")

    async def log_in(self, request: web.Request) -> web.Response:
        """Give the cookie to who has the token."""
        given = (await request.post()).get("token", "")
        if not self._access.is_guarded:
            return web.Response(status=303, headers={"Location": "/"})
        if not isinstance(given, str) or len(given) > LONGEST_TOKEN or not self._access.fits(given.strip()):
            await asyncio.sleep(WRONG_SECONDS)
            return self._page(PROBLEM, status=401)
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(
            COOKIE,
            self._access.session(),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=request.secure,
            path="/",
        )
        return response

    def _page(self, problem: str, *, status: int = 200) -> web.Response:
        text = self._form.replace(PLACE, problem)
        return web.Response(text=text, status=status, content_type="text/html")
