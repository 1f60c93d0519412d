"""What a look at a broker finds, in moments that no listener of the other tests has."""

from __future__ import annotations

import socket
from contextlib import closing
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from nodesmith.runtime.diagnosis import examine

if TYPE_CHECKING:
    from collections.abc import Mapping

TLS = {"security.protocol": "SSL"}
PLAINTEXT: Mapping[str, str] = {}


@pytest.mark.parametrize("settings", [PLAINTEXT, TLS], ids=["plaintext", "tls"])
@pytest.mark.parametrize("last_words", [b"", b"half an ans"])
def test_a_broker_that_dies_at_this_very_moment_is_said_to_be_gone_and_not_to_be_something_else(
    settings: Mapping[str, str], last_words: bytes
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        dying = Thread(target=_die_while_asked, args=(listener, last_words))
        dying.start()
        found = examine(f"127.0.0.1:{port}", settings)
        dying.join()

    assert found is not None
    assert found.what.startswith(f"nothing listens at 127.0.0.1:{port}")


def test_a_server_that_hangs_up_again_and_again_is_no_broker() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        hanging_up = Thread(target=_hang_up_on_everybody, args=(listener,))
        hanging_up.start()
        found = examine(f"127.0.0.1:{port}", PLAINTEXT)
        listener.shutdown(socket.SHUT_RDWR)
        hanging_up.join()

    assert found is not None
    assert found.what == f"127.0.0.1:{port} does not speak Kafka: it closes the connection at once"


def _die_while_asked(listener: socket.socket, last_words: bytes) -> None:
    connection, _ = listener.accept()
    connection.recv(4)
    listener.close()
    connection.sendall(last_words)
    connection.close()


def _hang_up_on_everybody(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.close()
