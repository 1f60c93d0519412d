"""The page and its assets: files of this package, and nothing from elsewhere."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from nodesmith.registry.http.answers import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).resolve().parents[1] / "page"
INDEX, LOGIN = "index.html", "login.html"


class Pages:
    """Files that are read once, before anybody asks: what is not among them does not exist, whatever a path says."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files: Mapping[str, tuple[bytes, str, str]] = {
            path.relative_to(folder).as_posix(): _read(path)
            for path in (sorted(folder.rglob("*")) if folder.is_dir() else [])
            if path.is_file() and path.suffix not in {".py", ".pyc"}
        }

    @property
    def login_form(self) -> str:
        """The page to log in on."""
        return self._files[LOGIN][0].decode()

    async def index(self, request: web.Request) -> web.Response:
        """Return the page."""
        return self._file(request, INDEX)

    async def asset(self, request: web.Request) -> web.Response:
        """Return one of its assets."""
        return self._file(request, f"assets/{request.match_info['path']}")

    def _file(self, request: web.Request, name: str) -> web.Response:
        found = self._files.get(name)
        if found is None:
            raise ApiError(
                404,
                "no-such-page",
                "there is no such page",
                fix="the API is described at /api/v1/openapi.json",
            )
        body, kind, tag = found
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        charset = (
            "utf-8" if kind.startswith("text/") or kind.endswith(("json", "javascript", "svg+xml")) else None
        )
        return web.Response(body=body, content_type=kind, charset=charset, headers=headers)


def _read(path: Path) -> tuple[bytes, str, str]:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return body, kind, f'"{hashlib.sha256(body).hexdigest()[:16]}"'
