"""Records of answers in PostgreSQL, which the instances of a node on several hosts share."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg

from nodesmith.runtime.answer_store.table import KEPT_OF_BOUND, AnswerBounds, Row
from nodesmith.runtime.postgresql import connect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Any number, the same for every node: two that start at once make the table one after the other.
_MAKING_THE_TABLE = 7_022_991
_SCHEMA = """
CREATE TABLE IF NOT EXISTS nodesmith_command_answers (
    node text NOT NULL,
    command text NOT NULL,
    owner text NOT NULL,
    lease_until timestamptz NOT NULL,
    finished timestamptz,
    size bigint,
    answer bytea,
    PRIMARY KEY (node, command)
);
CREATE INDEX IF NOT EXISTS nodesmith_command_answers_by_age
    ON nodesmith_command_answers (node, finished) INCLUDE (size) WHERE finished IS NOT NULL;
"""
# One statement, so that no other instance can come between looking and claiming.
_CLAIM = """
INSERT INTO nodesmith_command_answers AS there (node, command, owner, lease_until)
SELECT %(node)s, command, %(owner)s, clock_timestamp() + %(lease)s * interval '1 second'
FROM unnest(%(commands)s::text[]) AS command
ON CONFLICT (node, command) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
WHERE there.finished IS NULL AND there.lease_until < clock_timestamp()
RETURNING command
"""
_LOOK = """
SELECT command, answer, extract(epoch FROM lease_until - clock_timestamp())::float8
FROM nodesmith_command_answers WHERE node = %(node)s AND command = ANY(%(commands)s)
"""
_FINISH = """
INSERT INTO nodesmith_command_answers AS there (node, command, owner, lease_until, finished, size, answer)
SELECT %(node)s, command, %(owner)s, clock_timestamp(), clock_timestamp(), octet_length(answer), answer
FROM unnest(%(commands)s::text[], %(answers)s::bytea[]) AS new (command, answer)
ON CONFLICT (node, command) DO UPDATE SET
    owner = excluded.owner, finished = excluded.finished, size = excluded.size, answer = excluded.answer
WHERE there.finished IS NULL OR %(replace)s
RETURNING command
"""
_RENEW = """
UPDATE nodesmith_command_answers SET lease_until = clock_timestamp() + %(lease)s * interval '1 second'
WHERE node = %(node)s AND command = ANY(%(commands)s) AND owner = %(owner)s AND finished IS NULL
"""
_ABANDON = """
DELETE FROM nodesmith_command_answers
WHERE node = %(node)s AND command = ANY(%(commands)s) AND owner = %(owner)s AND finished IS NULL
"""
_TOO_OLD = """
DELETE FROM nodesmith_command_answers
WHERE node = %(node)s AND coalesce(finished, lease_until) < clock_timestamp() - %(keep)s * interval '1 second'
"""
_TOTAL = "SELECT sum(size) FROM nodesmith_command_answers WHERE node = %(node)s AND finished IS NOT NULL"
_TOO_MANY = """
DELETE FROM nodesmith_command_answers AS there USING (
    SELECT command, sum(size) OVER (ORDER BY finished DESC, command) AS total
    FROM nodesmith_command_answers WHERE node = %(node)s AND finished IS NOT NULL
) AS counted
WHERE there.node = %(node)s AND there.command = counted.command AND counted.total > %(kept)s
"""


class PostgresqlAnswers:
    """An AnswerTable in a PostgreSQL database, over one connection; leases go by the database's clock.

    A connection that is silent is given up within seconds rather than waited for.
    """

    def __init__(self, url: str, *, node: str, bounds: AnswerBounds) -> None:
        self._url = url
        self._bounds = bounds
        self._facts = {
            "node": node,
            "owner": str(uuid4()),
            "lease": bounds.lease_seconds,
            "keep": bounds.keep_seconds,
        }
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def open(self) -> None:
        """Connect, and make the table where it is missing."""
        self._connection = connect(self._url)
        try:
            with self._connection.transaction():
                self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING_THE_TABLE,))
                self._connection.execute(_SCHEMA)
        except BaseException:
            self.close(for_good=False)
            raise

    def claim(self, commands: Sequence[str]) -> Mapping[str, Row]:
        """Claim what is free."""
        claimed = {row[0] for row in self._all(_CLAIM, commands=sorted(commands))}
        others = [command for command in commands if command not in claimed]
        if not others:
            return {}
        seen = {row[0]: row[1:] for row in self._all(_LOOK, commands=others)}
        # One that has gone meanwhile was given back this very moment: it can be claimed the next time.
        rows = {command: seen.get(command, (None, 0.0)) for command in others}
        return {
            command: Row(answer=answer, seconds=max(0.0, seconds))
            for command, (answer, seconds) in rows.items()
        }

    def finish(self, answers: Mapping[str, bytes], *, replace: bool) -> Mapping[str, bytes]:
        """Write answers; PostgreSQL commits to its disk."""
        commands = sorted(answers)
        written = {
            row[0]
            for row in self._all(
                _FINISH,
                commands=commands,
                answers=[answers[command] for command in commands],
                replace=replace,
            )
        }
        if others := [command for command in commands if command not in written]:
            return {row[0]: row[1] for row in self._all(_LOOK, commands=others)}
        return {}

    def renew(self, commands: Sequence[str]) -> None:
        """Hold claims for another lease."""
        self._count(_RENEW, commands=list(commands))

    def abandon(self, commands: Sequence[str]) -> None:
        """Give claims back."""
        self._count(_ABANDON, commands=list(commands))

    def purge(self) -> int:
        """Drop what is too old or too much."""
        dropped = self._count(_TOO_OLD)
        total = self._all(_TOTAL)[0][0] or 0
        if total > self._bounds.keep_bytes:
            dropped += self._count(_TOO_MANY, kept=int(self._bounds.keep_bytes * KEPT_OF_BOUND))
        return dropped

    def close(self, *, for_good: bool) -> None:  # noqa: ARG002 - claims end with their lease
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                connection.close()

    def _all(self, query: str, **facts: object) -> list[tuple[Any, ...]]:
        return self._execute(query, facts).fetchall()

    def _count(self, query: str, **facts: object) -> int:
        return self._execute(query, facts).rowcount

    def _execute(self, query: str, facts: Mapping[str, object]) -> psycopg.Cursor[tuple[Any, ...]]:
        assert self._connection is not None, "the table is opened before it is used"
        return self._connection.execute(query.encode(), {**self._facts, **facts})
