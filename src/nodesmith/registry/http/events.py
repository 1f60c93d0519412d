"""A stream of what changes, as server-sent events."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from nodesmith.registry.clock import now
from nodesmith.registry.http.answers import ApiError, encode
from nodesmith.registry.node_view import instance_document

if TYPE_CHECKING:
    from nodesmith.registry.http.api import Api
    from nodesmith.registry.service import Registry
    from nodesmith.registry.watchers import Batch

SUMMARY_SECONDS = 1.0
# Also when nothing has changed: by that a browser tells a silent stream from one that is broken.
ALIVE_SECONDS = 10.0
# Whoever reads nothing for so long is not there any more.
WRITE_SECONDS = 30.0


class Events:
    """The streams that are open."""

    def __init__(self, registry: Registry, api: Api) -> None:
        self._registry = registry
        self._api = api
        self._open: set[asyncio.Task[Any]] = set()
        self._written: tuple[Batch | None, bytes] = (None, b"")

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Tell what changes until the client goes or the registry ends."""
        watcher = self._registry.watchers.watch()
        if watcher is None:
            raise ApiError(
                503, "too-many-watchers", "too many streams are open", fix="close some, or ask now and then"
            )
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
        )
        task = asyncio.current_task()
        assert task is not None, "a request is handled in a task"
        self._open.add(task)
        try:
            await response.prepare(request)
            await _write(response, self._snapshot())
            told, told_at = self._standing(), now()
            while True:
                try:
                    async with asyncio.timeout(SUMMARY_SECONDS):
                        batch = await watcher.next()
                except TimeoutError:
                    pass
                else:
                    await _write(response, self._changes(batch))
                standing, ago = self._standing(), now() - told_at
                if ago >= ALIVE_SECONDS or (standing != told and ago >= SUMMARY_SECONDS):
                    await _write(response, _event("summary", self._api.health_text()))
                    told, told_at = standing, now()
        except (ConnectionError, TimeoutError):
            return response  # the client has gone
        finally:
            self._open.discard(task)
            self._registry.watchers.leave(watcher)

    def close(self) -> None:
        """End all streams."""
        for task in self._open:
            task.cancel()

    def _standing(self) -> tuple[int, str]:
        """Return what a summary is told anew for."""
        return self._registry.overview.version, self._registry.state

    def _snapshot(self) -> bytes:
        cursor = self._registry.overview.version
        return _event("snapshot", b'{"health":' + self._api.health_text() + b',"cursor":%d}' % cursor)

    def _changes(self, batch: Batch | None) -> bytes:
        """Return a batch as it is written; all streams get the same one, which is made once."""
        if batch is None:
            return _event("reload", b"{}") + self._snapshot()
        if self._written[0] is not batch:
            self._written = (
                batch,
                b"".join(
                    _event(
                        "change",
                        encode(
                            {
                                "kind": change.kind,
                                "only_figures": change.only_figures,
                                "full_name": change.instance.full_name,
                                "node": self._registry.overview.summary(change.instance.full_name),
                                "instance": instance_document(change.instance),
                            }
                        ),
                    )
                    for change in batch
                ),
            )
        return self._written[1]


async def _write(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(WRITE_SECONDS):
        await response.write(data)


def _event(name: str, data: bytes) -> bytes:
    """Return one event; JSON without spaces has no line breaks in it."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data)
