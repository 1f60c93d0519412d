"""The server of health and metrics, as any HTTP client meets it."""

from __future__ import annotations

import asyncio
import contextlib
import time
import urllib.request
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from support.waiting import wait_until_async

from nodesmith.runtime.http_server import Document, DocumentServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TEXT = Document(body=b"well", content_type="text/plain")


def broken() -> Document:
    raise RuntimeError("no numbers")


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[DocumentServer, int]]:
    server = DocumentServer(
        {
            "/text": lambda: TEXT,
            "/busy": lambda: Document(body=b"", content_type="t", status=HTTPStatus.SERVICE_UNAVAILABLE),
            "/broken": broken,
        }
    )
    port = await server.start("127.0.0.1", 0)
    try:
        yield server, port
    finally:
        await server.stop(seconds=1)


async def exchange(port: int, sent: bytes) -> bytes:
    """Send bytes and return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


async def test_a_client_of_another_make_gets_the_document() -> None:
    def ask(port: int) -> tuple[int, str | None, bytes]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/text?x=1", timeout=5) as response:
            return response.status, response.headers["Content-Type"], response.read()

    async with serving() as (_, port):
        assert await asyncio.to_thread(ask, port) == (200, "text/plain", b"well")


@pytest.mark.parametrize(
    ("request_line", "status", "body"),
    [
        (b"GET /text HTTP/1.1", 200, b"well"),
        (b"GET /text HTTP/1.0", 200, b"well"),
        (b"HEAD /text HTTP/1.1", 200, b""),
        (b"GET /busy HTTP/1.1", 503, b""),
        (b"GET /text/ HTTP/1.1", 404, b"Not Found\n"),
        (b"GET /\xff HTTP/1.1", 404, b"Not Found\n"),
        (b"POST /text HTTP/1.1", 405, b"Method Not Allowed\n"),
        (b"GET /broken HTTP/1.1", 500, b"Internal Server Error\n"),
        (b"GET /text", 400, b"Bad Request\n"),
        (b"", 400, b"Bad Request\n"),
        (b"\x16\x03\x01 TLS", 400, b"Bad Request\n"),
        (b"GET /text HTTP/1.1\r\nX: " + b"x" * 20_000, 400, b"Bad Request\n"),
    ],
)
async def test_each_request_is_answered_and_its_connection_closed(
    request_line: bytes, status: int, body: bytes
) -> None:
    async with serving() as (_, port):
        answer = await exchange(port, request_line + b"\r\nHost: x\r\n\r\n")
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nConnection: close" in head
    assert rest == body


async def test_one_that_says_nothing_keeps_nobody_out_and_does_not_hold_up_the_end() -> None:
    async with serving() as (server, port):
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
        answer = await exchange(port, b"GET /text HTTP/1.1\r\n\r\n")
        began = time.monotonic()
        await server.stop(seconds=10)
        assert time.monotonic() - began < 5
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)
        for _, writer in silent:
            writer.close()
    assert answer.endswith(b"well")


async def test_more_connections_than_it_keeps_are_turned_away_until_there_is_room() -> None:
    async with serving() as (_, port):

        async def answered() -> bytes:
            with contextlib.suppress(ConnectionError):
                return await exchange(port, b"GET /text HTTP/1.1\r\n\r\n")
            return b""

        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
        assert await answered() == b""
        for _, writer in silent:
            writer.close()
        await wait_until_async(answered, why="room for another connection")
