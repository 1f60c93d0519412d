"""One client's connection: frames in, frames out, one after the other as the protocol wants it.

Whatever goes wrong with one connection ends that connection, with a line in the log, and nothing else. While a request
waits, or its answer is not read, nothing more is read from the client than what has come already.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import TYPE_CHECKING, cast

from nodesmith.broker.frames import Frames
from nodesmith.broker.reading import MalformedRequestError
from nodesmith.broker.requests import Client, answer

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from nodesmith.broker.connections import Connections
    from nodesmith.broker.frames import Buffers
    from nodesmith.broker.state import BrokerState

logger = logging.getLogger(__name__)

_FAILED = "connection from %s:%s closed: the broker failed on a request"
_FRAMES_AT_ONCE = 16  # then others get their turn
_KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
# Where reading is paused: small requests that come while one waits need not be.
_MOST_WAITING_BYTES = 64 * 1024


class Connection(asyncio.BufferedProtocol):
    """One client; `buffers` are what all connections of the loop receive into."""

    def __init__(self, state: BrokerState, connections: Connections, buffers: Buffers) -> None:
        self._state = state
        self._connections = connections
        self._frames = Frames(buffers)
        self._transport: asyncio.Transport
        self._client: Client
        self._waiting: asyncio.Task[None] | None = None
        self._is_unread = self._is_closed = self._is_due = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with a new client."""
        self._transport = cast("asyncio.Transport", transport)
        _set_up(transport.get_extra_info("socket"))
        own, peer = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        self._client = Client(own=own, peer=peer or ("unknown", 0))
        self._connections.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - clients come and go
        """Forget the client; what waits for it ends by itself."""
        self._is_closed = True
        self._frames.drop()
        self._connections.closed(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - a hint
        """Return where to put what comes next."""
        return self._frames.room()

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has come, and answer the requests that are whole."""
        self._frames.received(nbytes)
        self._work()
        self._frames.keep()
        self._note_held()
        if self._frames.left > _MOST_WAITING_BYTES and self._is_busy():
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Answer nothing more until the client reads."""
        self._is_unread = True
        self._connections.stops_reading(self)
        self._note_held()

    def resume_writing(self) -> None:
        """Go on."""
        self._is_unread = False
        self._connections.reads(self)
        self._note_held()
        self._work()

    def cut(self) -> asyncio.Task[None] | None:
        """End the connection at once, and return what has to end with it."""
        self._is_closed = True
        self._connections.closed(self)
        self._transport.abort()
        if self._waiting is not None:
            self._waiting.cancel()
        return self._waiting

    def _is_busy(self) -> bool:
        return self._waiting is not None or self._is_unread or self._is_due or self._is_closed

    def _note_held(self) -> None:
        unread = self._transport.get_write_buffer_size() if self._is_unread else 0
        self._connections.holds(self, self._frames.held + unread)

    def _work(self) -> None:
        """Answer requests, until one waits, an answer is not read, or others should have their turn."""
        for _ in range(_FRAMES_AT_ONCE):
            if self._is_busy():
                return
            try:
                frame = self._frames.next()
                if frame is None:
                    self._connections.receives(self, is_in_part=self._frames.left > 0)
                    self._transport.resume_reading()
                    return
                self._connections.receives(self, is_in_part=False)
                self._answer(frame)
            except MalformedRequestError as error:
                logger.warning("connection from %s:%s closed: %s", *self._client.peer[:2], error)
                self._end()
            except Exception:
                logger.exception(_FAILED, *self._client.peer[:2])
                self._end()
        self._is_due = True
        asyncio.get_running_loop().call_soon(self._work_again)

    def _work_again(self) -> None:
        self._is_due = False
        self._work()

    def _answer(self, frame: memoryview) -> None:
        reply = answer(self._state, frame, self._client)
        if reply is None or isinstance(reply, bytes):
            self._write(reply)
        else:
            self._connections.works(self)
            self._waiting = asyncio.get_running_loop().create_task(self._wait_for(reply))

    async def _wait_for(self, reply: Awaitable[bytes | None]) -> None:
        try:
            written = await reply
        except Exception:
            logger.exception(_FAILED, *self._client.peer[:2])
            self._waiting = None
            self._end()
            return
        self._waiting = None
        self._write(written)
        self._work()

    def _write(self, reply: bytes | None) -> None:
        if self._is_closed:
            return
        self._connections.rests(self)
        if reply is not None:
            self._transport.write(reply)

    def _end(self) -> None:
        """Close once what was written is sent."""
        self._is_closed = True
        self._connections.rests(self)
        self._transport.close()


def _set_up(sock: socket.socket) -> None:
    """Send answers at once, and find out when the other side is gone without a word."""
    with contextlib.suppress(OSError):  # it is gone already
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE.items():
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
