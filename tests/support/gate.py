"""A port of the loopback interface that leads to a server, or behaves as odd servers do; which, can change at any time."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ODD = ("silent", "http", "closing", "garbage")


class Gate:
    """Passes connections on to `leads_to`, HOST:PORT, or does what one of ODD says; "nowhere" refuses them."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        self._leads_to = "silent"
        threading.Thread(target=self._serve, args=(self._server,), daemon=True).start()

    def lead_to(self, target: str) -> None:
        """Lead elsewhere from now on; connections that are open are cut."""
        was, self._leads_to = self._leads_to, target
        if target == "nowhere":
            self._server.close()
        elif was == "nowhere":
            host, port = self.address.split(":")
            self._server = socket.create_server((host, int(port)))
            threading.Thread(target=self._serve, args=(self._server,), daemon=True).start()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.lead_to("nowhere")

    def _serve(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        self._open.add(connection)
        with connection, suppress(OSError):
            self._behave(connection, self._leads_to)
        self._open.discard(connection)

    def _behave(self, connection: socket.socket, target: str) -> None:
        if target in {"nowhere", "closing"}:
            return
        if target == "silent":
            while connection.recv(4096):
                pass
        elif target == "http":
            read = b""
            while b"\n" not in read and (data := connection.recv(4096)):
                read += data
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        elif target == "garbage":
            connection.recv(4096)
            connection.sendall(b"220 mail.example ESMTP\r\n")
        else:
            self._forward(connection, target)

    def _forward(self, connection: socket.socket, target: str) -> None:
        host, port = target.split(":")
        with socket.create_connection((host, int(port)), timeout=5) as other:
            other.settimeout(None)
            self._open.add(other)
            back = threading.Thread(target=_copy, args=(other, connection), daemon=True)
            back.start()
            _copy(connection, other)
            back.join()
            self._open.discard(other)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def open_gate() -> Iterator[Gate]:
    """Give a gate that is silent at first, and close it at the end."""
    gate = Gate()
    try:
        yield gate
    finally:
        gate.close()
