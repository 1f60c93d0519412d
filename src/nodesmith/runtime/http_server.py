"""A few documents over HTTP/1.1: GET and HEAD, one request a connection.

That is all that probes and scrapers ask for. A web framework took a third of a node's start, and of the memory that is its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger("nodesmith.runtime.http_server")

_HEAD_BYTES = 16_384
_CONNECTIONS = 100
# For the request to come whole, and again for the answer to be taken.
_CLIENT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is answered."""

    body: bytes
    content_type: str
    status: HTTPStatus = HTTPStatus.OK


class DocumentServer:
    """Serves the documents of its paths, each made anew when it is asked for."""

    def __init__(self, documents: Mapping[str, Callable[[], Document]]) -> None:
        self._documents = documents
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._silent: set[asyncio.Task[None]] = set()

    async def start(self, host: str | None, port: int) -> int:
        """Begin to serve, on all interfaces where `host` is None, and return the port; raise OSError where it cannot be had."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_HEAD_BYTES)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, *, seconds: float) -> None:
        """Serve no more; what is being answered gets so many seconds to end."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in self._silent:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving, timeout=seconds)
        for task in self._serving:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "asyncio runs it in a task"
        if len(self._serving) >= _CONNECTIONS:
            writer.transport.abort()
            return
        self._serving.add(task)
        self._silent.add(task)
        try:
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(_CLIENT_SECONDS):
                    head = await _read_head(reader)
                self._silent.discard(task)
                writer.write(self._answer(head))
                async with asyncio.timeout(_CLIENT_SECONDS):
                    await writer.drain()
                    writer.close()
                    await writer.wait_closed()
        finally:
            self._serving.discard(task)
            self._silent.discard(task)
            writer.transport.abort()  # nothing to one that is closed

    def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b"\r\n")[0].partition(b" ")
        target, _, version = rest.partition(b" ")
        if not version.startswith(b"HTTP/1."):
            return _written(_plain(HTTPStatus.BAD_REQUEST), with_body=True)
        return _written(self._document(method, target), with_body=method != b"HEAD")

    def _document(self, method: bytes, target: bytes) -> Document:
        path = target.partition(b"?")[0].decode("latin-1")
        make = self._documents.get(path)
        if make is None:
            return _plain(HTTPStatus.NOT_FOUND)
        if method not in {b"GET", b"HEAD"}:
            return _plain(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            return make()
        except Exception as error:  # noqa: BLE001 - whoever asks is told, and so is the log
            logger.error("%s cannot be answered: %s: %s", path, type(error).__name__, error)  # noqa: TRY400
            return _plain(HTTPStatus.INTERNAL_SERVER_ERROR)


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    """Return a request up to its empty line; nothing where it ends before, or is too long."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return b""


def _plain(status: HTTPStatus) -> Document:
    return Document(
        status=status, content_type="text/plain; charset=utf-8", body=f"{status.phrase}\n".encode()
    )


def _written(document: Document, *, with_body: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {document.status.value} {document.status.phrase}",
        f"Content-Type: {document.content_type}",
        f"Content-Length: {len(document.body)}",
        "Connection: close",
    ]
    if document.status is HTTPStatus.METHOD_NOT_ALLOWED:
        lines.append("Allow: GET, HEAD")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head + document.body if with_body else head
