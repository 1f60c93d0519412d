"""A connection to PostgreSQL on which nothing waits for ever.

The server's own `statement_timeout` ends a statement that takes long, keepalives and `tcp_user_timeout` a connection whose
other end is gone. What is left is a server that is there and says nothing, since it was stopped, or its disk hangs: the
system goes on acknowledging what is sent to it, so only a deadline on this side tells.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Generator

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 10
# Later than the server itself gives a statement up, which says why.
SILENT_SECONDS = 15.0


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that is closed, with OperationalError, when an answer takes longer than `silent_seconds`; None: never."""

    silent_seconds: float | None = SILENT_SECONDS

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        """Wait for what psycopg asks of the server."""
        return super().wait(self._within(gen), *args, **kwargs)

    def _within(self, asking: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Go on asking as long as there is time; psycopg comes by several times a second."""
        begun = time.monotonic()
        try:
            waits_for = next(asking)
            while True:
                ready = yield waits_for
                if ready:
                    begun = time.monotonic()
                elif self.silent_seconds is not None and time.monotonic() - begun > self.silent_seconds:
                    self.close()
                    raise psycopg.OperationalError(
                        f"the server has said nothing for {self.silent_seconds:g} s"
                    )
                waits_for = asking.send(ready)
        except StopIteration as done:
            return done.value


def connect(url: str, *, silent_seconds: float | None = SILENT_SECONDS) -> BoundedConnection:
    """Return a connection that commits each statement by itself; raise psycopg.Error within seconds where there is none."""
    milliseconds = STATEMENT_SECONDS * 1_000
    connection = BoundedConnection.connect(
        url,
        connect_timeout=CONNECT_SECONDS,
        options=f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}",
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=milliseconds,
        autocommit=True,
    )
    connection.silent_seconds = silent_seconds
    return connection
