"""State in PostgreSQL, which the instances of a node on several hosts share."""

from __future__ import annotations

import contextlib
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import psycopg

from nodesmith.runtime.postgresql import SILENT_SECONDS, connect
from nodesmith.runtime.state_store.events import (
    KeyState,
    Known,
    read_reached,
    settle,
    write_reached,
)
from nodesmith.runtime.state_store.table import REMEMBERED_EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from uuid import UUID

    from nodesmith.runtime.postgresql import BoundedConnection
    from nodesmith.runtime.state_store.events import Applied, Event
    from nodesmith.runtime.state_store.table import Rows

_PAGE = 1_000
_TRIES = 5
# Any numbers, the same for every node: of making the tables, and of all that write or replace one node's state.
_MAKING_THE_TABLES = 7_022_993
_WRITING = 7_022_994
# A key may be longer than what PostgreSQL puts into an index, and hold a zero byte: it is found by its digest.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS nodesmith_state (
    node text NOT NULL,
    digest bytea NOT NULL,
    key bytea NOT NULL,
    state text,
    reached text NOT NULL,
    events bigint NOT NULL,
    off_bus bigint NOT NULL,
    PRIMARY KEY (node, digest)
) WITH (fillfactor = 70);
CREATE TABLE IF NOT EXISTS nodesmith_state_applied (
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    node text NOT NULL,
    envelope_id uuid NOT NULL,
    state text NOT NULL,
    intents text NOT NULL,
    refusal text NOT NULL,
    PRIMARY KEY (node, envelope_id)
);
CREATE INDEX IF NOT EXISTS nodesmith_state_applied_by_age ON nodesmith_state_applied (node, sequence);
"""
_SHARE = "SELECT pg_advisory_xact_lock_shared(%(writing)s, hashtext(%(node)s))"
_EXCLUDE = "SELECT pg_advisory_xact_lock(%(writing)s, hashtext(%(node)s))"
# One statement that makes a row where there is none, locks it and reads it; in one order everywhere, so that two
# instances never wait for each other.
_LOCK = """
INSERT INTO nodesmith_state AS there (node, digest, key, reached, events, off_bus)
SELECT %(node)s, digest, key, '[]', 0, 0
FROM unnest(%(digests)s::bytea[], %(keys)s::bytea[]) AS new (digest, key) ORDER BY digest
ON CONFLICT (node, digest) DO UPDATE SET node = excluded.node
RETURNING there.key, there.state, there.reached, there.events, there.off_bus
"""
_KNOWN = """
SELECT envelope_id, state, intents, refusal FROM nodesmith_state_applied
WHERE node = %(node)s AND envelope_id = ANY(%(ids)s)
"""
_WRITE = """
UPDATE nodesmith_state AS there
SET state = new.state, reached = new.reached, events = new.events, off_bus = new.off_bus
FROM unnest(%(digests)s::bytea[], %(states)s::text[], %(reached)s::text[], %(events)s::bigint[], %(off_bus)s::bigint[])
    AS new (digest, state, reached, events, off_bus)
WHERE there.node = %(node)s AND there.digest = new.digest
"""
_REMEMBER = """
INSERT INTO nodesmith_state_applied (node, envelope_id, state, intents, refusal)
SELECT %(node)s, envelope_id, state, intents, refusal
FROM unnest(%(ids)s::uuid[], %(states)s::text[], %(intents)s::text[], %(refusals)s::text[])
    AS new (envelope_id, state, intents, refusal)
"""
_FORGET = """
DELETE FROM nodesmith_state_applied WHERE node = %(node)s AND sequence <= (
    SELECT sequence FROM nodesmith_state_applied WHERE node = %(node)s
    ORDER BY sequence DESC OFFSET %(remembered)s LIMIT 1
)
"""
_READ = """
SELECT key, state, reached, events, off_bus FROM nodesmith_state WHERE node = %(node)s AND digest = %(digest)s
"""
_ALL_KEYS = """
SELECT key, state, reached, events, off_bus FROM nodesmith_state
WHERE node = %(node)s AND (state IS NOT NULL OR reached <> '[]') ORDER BY key
"""
_ALL_KNOWN = """
SELECT envelope_id, state, intents, refusal FROM nodesmith_state_applied WHERE node = %(node)s ORDER BY sequence
"""
# Others were quicker; what they did is there to be seen the next time.
_ONCE_MORE = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
)


class PostgresqlState:
    """A StateTable in a PostgreSQL database, over one connection. At least the last `remembered` ids are kept.

    The row of a key is locked while an event is folded into it, so the events of one key are counted one after the other,
    whichever instance has them. A connection that is silent is given up within seconds rather than waited for.
    """

    away = (psycopg.Error,)
    unwritable = (psycopg.DataError, UnicodeError)

    def __init__(
        self,
        url: str,
        *,
        node: str,
        remembered: int = REMEMBERED_EVENTS,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self._url = url
        self._silent_seconds = silent_seconds
        self._remembered = remembered
        self._facts = {"node": node, "writing": _WRITING, "remembered": remembered}
        self._connection: BoundedConnection | None = None
        self._written = 0

    def is_there(self) -> bool:
        """Return True: the database is there, or nothing can be said of it."""
        return True

    def open(self) -> None:
        """Connect, and make the tables where they are missing."""
        self._connection = connect(self._url, silent_seconds=self._silent_seconds)
        try:
            with self._connection.transaction():
                self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING_THE_TABLES,))
                self._connection.execute(_SCHEMA)
        except BaseException:
            self.close()
            raise

    def apply(self, events: Sequence[Event]) -> Sequence[Applied | BaseException]:
        """Count events, each once; PostgreSQL commits to its disk."""
        for _ in range(_TRIES - 1):
            with contextlib.suppress(*_ONCE_MORE):
                return self._apply(events)
        return self._apply(events)

    def read(self, key: str) -> KeyState | None:
        """Return what is kept of a key."""
        row = self._execute(_READ, digest=_digest(key.encode())).fetchone()
        return None if row is None else _key_of(row)

    def alive(self) -> None:
        """Raise where the database does not answer."""
        self._execute("SELECT 1")

    @contextmanager
    def snapshot(self) -> Iterator[Rows]:
        """Give all that is stored now; a connection of its own holds it, and holds up nobody."""
        with contextlib.closing(connect(self._url, silent_seconds=None)) as connection:
            connection.execute("SET statement_timeout = 0")
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            with connection.transaction():
                connection.execute("SELECT 1")  # the first look is what fixes the moment
                yield _PostgresqlRows(connection, self._facts)

    def replace(self, fresh: Callable[[Iterable[KeyState]], Rows]) -> None:
        """Put other rows in the place of all that is stored, in one transaction."""
        self._opened.silent_seconds = None
        with self._opened.transaction():
            self._execute("SET LOCAL statement_timeout = 0")
            self._execute("SET LOCAL lock_timeout = 0")
            self._execute(_EXCLUDE)
            rows = fresh(key for _, key in _PostgresqlRows(self._opened, self._facts).states())
            self._execute("DELETE FROM nodesmith_state WHERE node = %(node)s")
            self._execute("DELETE FROM nodesmith_state_applied WHERE node = %(node)s")
            self._copy(
                "COPY nodesmith_state (node, digest, key, state, reached, events, off_bus) FROM STDIN",
                (_key_row(name, key) for name, key in rows.states()),
            )
            self._copy(
                "COPY nodesmith_state_applied (node, envelope_id, state, intents, refusal) FROM STDIN",
                ((each.envelope_id, each.state, each.intents, each.refusal) for each in rows.known()),
            )

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                connection.close()

    @property
    def _opened(self) -> BoundedConnection:
        assert self._connection is not None, "the table is opened before it is used"
        return self._connection

    def _apply(self, events: Sequence[Event]) -> Sequence[Applied | BaseException]:
        with self._opened.transaction():
            keys, known = self._load(events)
            settled = settle(events, keys=keys, known=known)
            if settled.keys:
                self._write(settled.keys)
            if settled.known:
                self._remember(settled.known)
        return settled.results

    def _load(self, events: Sequence[Event]) -> tuple[Mapping[str, KeyState], Mapping[UUID, Known]]:
        names = [name.encode() for name in {event.key for event in events}]
        ids = [event.envelope_id for event in events]
        # One way to the server and back, where the client can.
        at_once = self._opened.pipeline() if psycopg.Pipeline.is_supported() else contextlib.nullcontext()
        with at_once:
            self._execute(_SHARE)
            locked = self._execute(_LOCK, digests=[_digest(name) for name in names], keys=names)
            found = self._execute(_KNOWN, ids=ids)
        keys = {bytes(row[0]).decode(): _key_of(row) for row in locked.fetchall()}
        return keys, {row[0]: _known_of(row) for row in found.fetchall()}

    def _write(self, keys: Mapping[str, KeyState]) -> None:
        self._execute(
            _WRITE,
            digests=[_digest(name.encode()) for name in keys],
            states=[key.state for key in keys.values()],
            reached=[write_reached(key.reached) for key in keys.values()],
            events=[key.events for key in keys.values()],
            off_bus=[key.off_bus for key in keys.values()],
        )

    def _remember(self, known: Sequence[Known]) -> None:
        self._execute(
            _REMEMBER,
            ids=[each.envelope_id for each in known],
            states=[each.state for each in known],
            intents=[each.intents for each in known],
            refusals=[each.refusal for each in known],
        )
        self._written += len(known)
        if self._written >= max(1, self._remembered // 100):
            self._execute(_FORGET)
            self._written = 0

    def _copy(self, query: str, rows: Iterable[tuple[object, ...]]) -> None:
        with self._opened.cursor().copy(query.encode()) as copy:
            for row in rows:
                copy.write_row((self._facts["node"], *row))

    def _execute(self, query: str, **facts: object) -> psycopg.Cursor[tuple[Any, ...]]:
        return self._opened.execute(query.encode(), {**self._facts, **facts})


class _PostgresqlRows:
    """The rows a connection's transaction sees; read page by page, however many there are."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], facts: Mapping[str, object]) -> None:
        self._connection = connection
        self._facts = facts

    def states(self) -> Iterator[tuple[str, KeyState]]:
        """Yield every key, in the order of their UTF-8."""
        for row in self._pages("nodesmith_keys", _ALL_KEYS):
            yield bytes(row[0]).decode(), _key_of(row)

    def known(self) -> Iterator[Known]:
        """Yield the events whose ids are remembered, the oldest first."""
        yield from map(_known_of, self._pages("nodesmith_known", _ALL_KNOWN))

    def _pages(self, name: str, query: str) -> Iterator[tuple[Any, ...]]:
        with self._connection.cursor(name=name) as cursor:
            cursor.itersize = _PAGE
            cursor.execute(query.encode(), self._facts)
            yield from cursor


def _digest(key: bytes) -> bytes:
    return sha256(key).digest()


def _key_of(row: tuple[Any, ...]) -> KeyState:
    return KeyState(state=row[1], reached=read_reached(row[2]), events=row[3], off_bus=row[4])


def _key_row(name: str, key: KeyState) -> tuple[object, ...]:
    encoded = name.encode()
    return _digest(encoded), encoded, key.state, write_reached(key.reached), key.events, key.off_bus


def _known_of(row: tuple[Any, ...]) -> Known:
    return Known(envelope_id=row[0], state=row[1], intents=row[2], refusal=row[3])
