"""The embedded broker: a data folder, a socket, and the connections on it."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING

from nodesmith.broker.connection import Connection
from nodesmith.broker.connections import Connections
from nodesmith.broker.frames import Buffers
from nodesmith.broker.housekeeping import keep_house
from nodesmith.broker.limits import Limits, usual_limits
from nodesmith.broker.state import open_state
from nodesmith.broker.topic_settings import OFF
from nodesmith.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PARTITIONS = 4
_BACKLOG = 512


class EmbeddedBroker:
    """A Kafka-protocol broker in this event loop, for a laptop and for tests, not for production.

    Use it as an asynchronous context manager. Port 0 picks a free one; `port` and `bootstrap_servers` say which.
    `retention_bytes` is how much of each partition is kept, where a topic is told nothing else; -1 keeps everything.
    `limits` bound what clients may ask for together. Entering raises `InputError` where the port is taken or the data folder cannot be used.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        host: str = DEFAULT_HOST,
        port: int = 0,
        partitions: int = DEFAULT_PARTITIONS,
        retention_bytes: int = OFF,
        limits: Limits | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.host = host
        self.port = port
        self._partitions = partitions
        self._retention_bytes = retention_bytes
        self._limits = limits or usual_limits()

    @property
    def bootstrap_servers(self) -> str:
        """Return what a client connects to."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    async def __aenter__(self) -> Self:
        """Open the data folder and listen."""
        listener = _listen(self.host, self.port)
        try:
            self._state = open_state(
                self.data_dir, default_partitions=self._partitions, retention_bytes=self._retention_bytes
            )
        except BaseException:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        self._connections = Connections(self._limits)
        buffers = Buffers()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._state, self._connections, buffers), sock=listener, backlog=_BACKLOG
        )
        self._tasks = [
            loop.create_task(keep_house(self._state.topics)),
            loop.create_task(self._connections.watch()),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the socket, end the connections, whatever they wait for, and close the data folder."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._connections.close()
        # Not `wait_closed()`: from Python 3.12 on it waits for clients that do not read what was sent to them.
        await asyncio.sleep(0)  # the loop closes the sockets of connections that were cut off
        self._state.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        raise InputError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            fix="stop what listens there, or choose another port with --port (0 picks a free one)"
            if taken
            else "give an address of this machine with --host and a port you may use with --port",
        ) from error
