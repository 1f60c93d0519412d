"""The state of a reducer as the event loop sees it: one thread owns the database and counts events in batches.

Events that come while a batch is being written are the next batch: one transaction and one wait for the disk for all of
them, and each is answered only when that is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from nodesmith.errors import OperationError, StateUnavailableError, in_words
from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nodesmith.runtime.state_store.events import Applied, Event
    from nodesmith.runtime.state_store.table import StateTable

logger = logging.getLogger("nodesmith.runtime.state")

_BATCH = 200
_TICK_SECONDS = 0.5
_HEAR_SECONDS = 2.0
_OPEN_AGAIN_SECONDS = 1.0
_SLOW_SECONDS = 5.0
_CLOSE_SECONDS = 5.0
_FIRST_OPEN_SECONDS = 5.0


@dataclass(slots=True, eq=False)
class _Request:
    what: Event | str  # an event to count, or a key to read
    future: asyncio.Future[Any]


class StateStore:
    """State by key. While the database is away every call raises StateUnavailableError, and `problem` says why.

    It is tried again all the time. Belongs to the event loop it was made in.
    """

    def __init__(self, table: StateTable, *, place: str) -> None:
        self.place = place
        self._table = table
        self._inbox: SimpleQueue[_Request | None] = SimpleQueue()
        self._pending: set[asyncio.Future[Any]] = set()
        self._open = False
        self._problem = ""
        self._open_again = 0.0
        self._heard = 0.0
        self._since: float | None = None
        self._opened = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self._thread = Thread(target=self._run, daemon=True, name="nodesmith state")

    @property
    def problem(self) -> str:
        """Why state cannot be read or written now; empty where it can."""
        since = self._since
        if since is not None and time.monotonic() - since > _SLOW_SECONDS:
            return f"the state {self.place} does not answer"
        return self._problem

    async def start(self) -> None:
        """Open the state; returns all the same where that fails or takes long, and goes on trying."""
        self._thread.start()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._opened.wait(), _FIRST_OPEN_SECONDS)

    async def apply(self, event: Event) -> Applied:
        """Count an event, once, and return what it came to; seen again, what it came to the first time.

        On the disk when this returns. Raises what the handler raises; then nothing has changed.
        """
        applied: Applied = await self._ask(event)
        return applied

    async def read(self, key: str) -> str | None:
        """Return the state of `key`, None where no event has come for it."""
        state: str | None = await self._ask(key)
        return state

    def let_go(self) -> None:
        """Let nobody wait any longer: the node is stopping. An event that was under way may count all the same."""
        for future in self._pending:
            if not future.done():
                future.set_exception(
                    StateUnavailableError(self.problem or f"the state {self.place} is closed")
                )

    async def close(self) -> None:
        """Close the state; whatever the database does, this returns."""
        self._stopping = True
        self._inbox.put(None)
        if self._thread.ident is not None:
            await in_thread(self._thread.join, _CLOSE_SECONDS)
        self.let_go()

    async def _ask(self, what: Event | str) -> Any:
        if self._stopping:
            raise StateUnavailableError(f"the state {self.place} is closed")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._pending.add(future)
        self._inbox.put(_Request(what, future))
        try:
            return await future
        finally:
            self._pending.discard(future)

    # From here on: in the thread that owns the database.

    def _run(self) -> None:
        while True:
            requests = self._take()
            stop = None in requests
            batch = [request for request in requests if request is not None]
            self._since = time.monotonic()
            if self._ready():
                self._work(batch)
            else:
                self._fail(batch)
            self._since = None
            if stop:
                break
        self._table.close()

    def _take(self) -> list[_Request | None]:
        """Wait for a request, and take those that are there with it."""
        requests: list[_Request | None] = []
        with contextlib.suppress(Empty):
            requests.append(self._inbox.get(timeout=_TICK_SECONDS))
            while len(requests) < _BATCH:
                requests.append(self._inbox.get_nowait())
        return requests

    def _ready(self) -> bool:
        """Return whether the database is open, and open it where that is due."""
        if self._open:
            return True
        if time.monotonic() < self._open_again:
            return False
        try:
            self._table.open()
        except Exception as error:  # noqa: BLE001 - whatever the database's client raises, it is away
            self._lose(error)
            return False
        self._open = True
        if self._problem:
            logger.info("the state %s is back", self.place)
        self._problem = ""
        self._tell(self._opened.set)
        return True

    def _work(self, batch: Sequence[_Request]) -> None:
        try:
            for request in batch:
                if isinstance(request.what, str):
                    found = self._table.read(request.what)
                    self._settle([(request, found.state if found else None)])
            self._count([request for request in batch if not isinstance(request.what, str)])
            self._stay_in_touch(batch)
        except Exception as error:  # noqa: BLE001 - whatever the database's client raises, it is away
            self._lose(error)
            self._fail(batch)

    def _count(self, requests: Sequence[_Request]) -> None:
        """Count a batch in one transaction; where the database does not take it, one event after the other.

        So an event that no database would take does not stop those that came with it.
        """
        if not requests:
            return
        try:
            self._settle(self._apply(requests))
        except Exception as reason:  # noqa: BLE001 - whatever it was, one event alone may fare better
            for request in requests:
                try:
                    self._settle([self._alone(request)])
                except Exception:  # noqa: BLE001 - the database is away: what was said of it first says more
                    raise reason from None

    def _alone(self, request: _Request) -> tuple[_Request, object]:
        try:
            return self._apply([request])[0]
        except self._table.unwritable as error:
            return request, OperationError(
                f"the state {self.place} does not take what the event makes: {in_words(error)}"
            )

    def _apply(self, requests: Sequence[_Request]) -> list[tuple[_Request, object]]:
        events = [request.what for request in requests if not isinstance(request.what, str)]
        return list(zip(requests, self._table.apply(events), strict=True))

    def _stay_in_touch(self, batch: Sequence[_Request]) -> None:
        now = time.monotonic()
        if batch:
            self._heard = now
        elif now - self._heard > _HEAR_SECONDS:
            self._table.alive()
            self._heard = now

    def _lose(self, error: Exception) -> None:
        self._open = False
        self._open_again = time.monotonic() + _OPEN_AGAIN_SECONDS
        with contextlib.suppress(Exception):
            self._table.close()
        problem = f"the state {self.place} is away: {' '.join(in_words(error).split())}"
        if not self._problem:
            logger.error("%s; no event is taken until it is back", problem)
        self._problem = problem

    def _fail(self, batch: Sequence[_Request]) -> None:
        error = StateUnavailableError(self._problem or f"the state {self.place} is away")
        self._settle([(request, error) for request in batch])

    def _settle(self, results: Sequence[tuple[_Request, object]]) -> None:
        if results:
            self._tell(_settle_all, results)

    def _tell(self, callback: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            self._loop.call_soon_threadsafe(callback, *arguments)


def _settle_all(results: Sequence[tuple[_Request, object]]) -> None:
    for request, result in results:
        if request.future.done():
            continue
        if isinstance(
            result, StopIteration
        ):  # a future refuses it: it would end whoever awaits without a trace
            failure = RuntimeError("a handler raised StopIteration")
            failure.__cause__ = result
            request.future.set_exception(failure)
        elif isinstance(result, BaseException):
            request.future.set_exception(result)
        else:
            request.future.set_result(result)
