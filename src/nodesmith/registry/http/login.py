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

FORM = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>nodesmith registry: log in</title></head>
<body><main><h1>nodesmith registry</h1>
<form method="post" action="/login"><p><label>Token<br><input type="password" name="token" required autofocus autocomplete="current-password"></label></p>
<p><button>Log in</button></p></form>{problem}</main></body>
</html>
"""


class Login:
    """The form, and what becomes of it."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def form(self, _request: web.Request) -> web.Response:
        """Return the form; where no token is needed there is nothing to log in to."""
        if not self._access.is_guarded:
            return web.Response(status=303, headers={"Location": "/"})
        return _page("")

    async def log_in(self, request: web.Request) -> web.Response:
        """Give the cookie to who has the token."""
        given = (await request.post()).get("token", "")
        if not self._access.is_guarded:
            return web.Response(status=303, headers={"Location": "/"})
        if not isinstance(given, str) or len(given) > LONGEST_TOKEN or not self._access.fits(given.strip()):
            await asyncio.sleep(WRONG_SECONDS)
            return _page('<p role="alert">That is not the token.</p>', status=401)
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


def _page(problem: str, *, status: int = 200) -> web.Response:
    return web.Response(text=FORM.format(problem=problem), status=status, content_type="text/html")
