"""The records of answers as the event loop sees them: one thread owns the database and works in batches."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from nodesmith.errors import AnswersUnavailableError
from nodesmith.runtime.answer_store.table import Row
from nodesmith.runtime.threads import in_thread
from nodesmith.runtime.wire_record import WireRecord, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nodesmith.runtime.answer_store.table import AnswerBounds, AnswerTable

logger = logging.getLogger("nodesmith.runtime.answers")

_BATCH = 500
_TICK_SECONDS = 0.5
_PURGE_SECONDS = 30.0
_HEAR_SECONDS = 2.0
_OPEN_AGAIN_SECONDS = 1.0
_SLOW_SECONDS = 5.0
_CLOSE_SECONDS = 5.0
_FIRST_OPEN_SECONDS = 5.0
# A purge by size is due when so much of the bound was written since the last one.
_PURGE_AFTER = 1 / 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The command was answered: with these records."""

    records: tuple[WireRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The command is ours to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Somebody works on the command, and is given up on in so many seconds unless heard of again."""

    seconds: float


Begun = Known | Claimed | Busy


@dataclass(slots=True, eq=False)
class _Request:
    kind: str  # claim | finish | replace | abandon
    command: str
    answer: bytes
    future: asyncio.Future[Any]


_Result = tuple[_Request, Any]


class AnswerStore:
    """Answers by command, with claims of those that are being worked on.

    A claim is renewed until `finish()` or `abandon()`. While the database is away every call raises
    AnswersUnavailableError at once, `problem` says why, and it is tried again all the time.
    """

    def __init__(self, table: AnswerTable, *, place: str, bounds: AnswerBounds) -> None:
        self.place = place
        self._table = table
        self._bounds = bounds
        # What was asked in one turn of the event loop goes over together, and comes back together.
        self._asked: list[_Request] = []
        self._inbox: SimpleQueue[list[_Request] | None] = SimpleQueue()
        self._pending: set[asyncio.Future[Any]] = set()
        self._open = False
        self._problem = ""
        self._open_again = 0.0
        self._since: float | None = None
        self._held: dict[str, float] = {}
        self._written = 0
        self._heard = 0.0
        self._purge_at = time.monotonic() + _PURGE_SECONDS
        self._opened = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self._thread = Thread(target=self._run, daemon=True, name="nodesmith answers")

    @property
    def problem(self) -> str:
        """Why answers cannot be read or written now; empty where they can."""
        since = self._since
        if since is not None and time.monotonic() - since > _SLOW_SECONDS:
            return f"the records of answers {self.place} do not answer"
        return self._problem

    async def start(self) -> None:
        """Open the records; returns all the same where that fails or takes long, and goes on trying."""
        self._thread.start()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._opened.wait(), _FIRST_OPEN_SECONDS)

    async def begin(self, command: str) -> Begun:
        """Claim a command, or learn that it is answered or that somebody works on it."""
        row: Row | None = await self._ask("claim", command)
        if row is None:
            return Claimed()
        return Busy(seconds=row.seconds) if row.answer is None else Known(records=unpack(row.answer))

    async def finish(
        self, command: str, records: Iterable[WireRecord], *, replace: bool = False
    ) -> tuple[WireRecord, ...]:
        """Write a command's answer to the disk and return the one that counts: the first that was written.

        Another's is there first where this instance was given up on and somebody else did the command. With `replace` the
        new one counts, for an answer that turned out to be one the broker never takes.
        """
        mine = tuple(records)
        first: bytes | None = await self._ask("replace" if replace else "finish", command, pack(mine))
        return mine if first is None else unpack(first)

    async def abandon(self, command: str) -> None:
        """Give a claim back without an answer."""
        await self._ask("abandon", command)

    def let_go(self) -> None:
        """Let nobody wait for a claim any longer: the node is stopping."""
        for future in self._pending:
            if not future.done():
                future.set_exception(AnswersUnavailableError("the node is stopping"))

    async def close(self) -> None:
        """Close the records; whatever the database does, this returns."""
        self._stopping = True
        self._hand_over()
        self._inbox.put(None)
        if self._thread.ident is not None:
            await in_thread(self._thread.join, _CLOSE_SECONDS)
        self.let_go()

    async def _ask(self, kind: str, command: str, answer: bytes = b"") -> Any:
        if self._stopping:
            raise AnswersUnavailableError("the records of answers are closed")
        future: asyncio.Future[Any] = self._loop.create_future()
        if kind == "claim":
            self._pending.add(future)
        if not self._asked:
            self._loop.call_soon(self._hand_over)
        self._asked.append(_Request(kind, command, answer, future))
        try:
            return await future
        finally:
            self._pending.discard(future)

    def _hand_over(self) -> None:
        asked, self._asked = self._asked, []
        if asked:
            self._inbox.put(asked)

    def _settle(self, results: Sequence[_Result]) -> None:
        """Tell what came of requests; a claim that nobody waits for any more is given back."""
        unwanted = []
        for request, result in results:
            future = request.future
            if future.done():
                if request.kind == "claim" and result is None:
                    unwanted.append(_Request("abandon", request.command, b"", future))
            elif isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
        if unwanted:
            self._inbox.put(unwanted)

    # From here on: in the thread that owns the database.

    def _run(self) -> None:
        while True:
            batch, stop = self._take()
            self._since = time.monotonic()
            if self._ready():
                self._work(batch)
            else:
                self._fail(batch)
            self._since = None
            if stop:
                break
        # A handler that was cut off may still run in its thread: its claim holds until its lease or the process ends.
        self._table.close(for_good=not self._held)

    def _take(self) -> tuple[list[_Request], bool]:
        """Wait for requests, take those that are there with them, and return whether these are the last ones."""
        requests: list[_Request] = []
        with contextlib.suppress(Empty):
            taken = self._inbox.get(timeout=min(_TICK_SECONDS, self._bounds.lease_seconds / 6))
            while taken is not None:
                requests += taken
                if len(requests) >= _BATCH:
                    return requests, False
                taken = self._inbox.get_nowait()
            return requests, True
        return requests, False

    def _ready(self) -> bool:
        """Return whether the database is open, and open it where that is due."""
        if self._open:
            return True
        if time.monotonic() < self._open_again:
            return False
        try:
            self._table.open()
            self._table.purge()
        except Exception as error:  # noqa: BLE001 - whatever the database's client raises, it is away
            self._lose(error)
            return False
        self._open = True
        if self._problem:
            logger.info("the records of answers %s are back", self.place)
        self._problem = ""
        self._tell(self._opened.set)
        return True

    def _work(self, batch: Sequence[_Request]) -> None:
        """Carry out a batch, each kind in one transaction; answers first, since claims may ask for them."""
        try:
            for kind in ("finish", "replace", "abandon", "claim"):
                if requests := [request for request in batch if request.kind == kind]:
                    self._carry_out(kind, requests)
            self._keep_house()
        except Exception as error:  # noqa: BLE001 - whatever the database's client raises, it is away
            self._lose(error)
            self._fail(batch)

    def _carry_out(self, kind: str, requests: Sequence[_Request]) -> None:
        commands = list(dict.fromkeys(request.command for request in requests))
        if kind == "abandon":
            self._table.abandon(commands)
            self._forget(commands)
            self._tell_all([(request, None) for request in requests])
        elif kind == "claim":
            self._tell_all(self._claim(commands, requests))
        else:
            answers = {request.command: request.answer for request in requests}
            first = self._table.finish(answers, replace=kind == "replace")
            self._forget(commands)
            self._written += sum(map(len, answers.values()))
            self._tell_all([(request, first.get(request.command)) for request in requests])

    def _claim(self, commands: Sequence[str], requests: Sequence[_Request]) -> list[_Result]:
        rows = self._table.claim(commands)
        now = time.monotonic()
        results: list[_Result] = []
        claimed: set[str] = set()
        for request in requests:
            if request.command in claimed:  # asked for twice in one batch: the second one waits for the first
                results.append((request, Row(answer=None, seconds=self._bounds.lease_seconds)))
                continue
            row = rows.get(request.command)
            if row is None:
                claimed.add(request.command)
                self._held[request.command] = now
            results.append((request, row))
        return results

    def _keep_house(self) -> None:
        """Renew the claims that are getting old, and purge when it is due."""
        now = time.monotonic()
        lease = self._bounds.lease_seconds
        aging = [command for command, since in self._held.items() if now - since > lease / 3]
        if aging or now - self._heard > _HEAR_SECONDS:
            self._table.renew(aging)  # of nothing at all it still tells whether the database is there
            self._heard = now
            self._held.update(dict.fromkeys(aging, now))
        if now >= self._purge_at or self._written > self._bounds.keep_bytes * _PURGE_AFTER:
            self._purge_at, self._written = now + _PURGE_SECONDS, 0
            if dropped := self._table.purge():
                logger.debug("%s answers were dropped", dropped)

    def _forget(self, commands: Iterable[str]) -> None:
        for command in commands:
            self._held.pop(command, None)

    def _lose(self, error: Exception) -> None:
        self._open = False
        self._open_again = time.monotonic() + _OPEN_AGAIN_SECONDS
        with contextlib.suppress(Exception):
            self._table.close(for_good=False)
        problem = f"the records of answers {self.place} are away: {_one_line(error)}"
        if not self._problem:
            logger.error("%s; no command is taken until they are back", problem)
        self._problem = problem

    def _fail(self, batch: Iterable[_Request]) -> None:
        error = AnswersUnavailableError(self._problem or f"the records of answers {self.place} are away")
        self._tell_all([(request, error) for request in batch])

    def _tell_all(self, results: Sequence[_Result]) -> None:
        if results:
            self._tell(self._settle, results)

    def _tell(self, callback: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            self._loop.call_soon_threadsafe(callback, *arguments)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
