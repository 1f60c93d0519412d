"""Hear what nodes say on the bus: the discovery topics, read without a group, from a little back.

Records are read and judged in the reader's thread, and handed to the event loop in batches, so that ten thousand
answers at once hold up nobody who asks the registry something.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import TIMESTAMP_CREATE_TIME

from nodesmith.errors import RefusedSightingError
from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC
from nodesmith.runtime.consumer import read_message
from nodesmith.runtime.sighting import Sighting, read_sighting
from nodesmith.runtime.topic_reader import TopicReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confluent_kafka import Message

    from nodesmith.registry.counts import Counts
    from nodesmith.runtime.client import ClientSettings

TOPICS = (INTROSPECTION_TOPIC, HEARTBEAT_TOPIC)
# Of each partition: enough for the last word of those who have just gone, and who will not answer any more.
RECORDS_READ_BACK = 2_000
# So many are taken at a time before others have their turn on the event loop.
BATCH = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was heard, and when it was said and read, in seconds of the registry's own clock."""

    sighting: Sighting
    at: float
    read_at: float


class Listening:
    """Gives what it hears to `take`, on the event loop it was made on; `counts` is told what was refused.

    `heard_at` is when the bus was last known to work, since a record had come.
    """

    def __init__(
        self, *, client_settings: ClientSettings, take: Callable[[Sequence[Heard]], None], counts: Counts
    ) -> None:
        self.heard_at = float("-inf")
        self.records = 0
        self._take = take
        self._counts = counts
        self._loop = asyncio.get_running_loop()
        self._reader = TopicReader(client_settings=client_settings, receive=self._receive)
        self._waiting: deque[Heard | str] = deque()
        self._is_woken = False

    async def start(self, seconds: float) -> None:
        """Return when every record from now on is heard; raise BusUnavailableError where no broker answers in time."""
        await self._reader.listen(TOPICS, seconds=seconds, before=RECORDS_READ_BACK)

    async def close(self) -> None:
        """Hear no more."""
        await self._reader.close()

    @property
    def backlog(self) -> int:
        """How many records were read and wait for their turn."""
        return len(self._waiting)

    def taken_until(self, now: float) -> float:
        """Return until when all that was read has been taken."""
        with contextlib.suppress(IndexError):
            first = self._waiting[0]
            return first.read_at if isinstance(first, Heard) else now
        return now

    def _receive(self, message: Message) -> None:
        """Read a record, in the reader's thread."""
        now = time.monotonic()
        self.heard_at = now
        record = read_message(message)
        try:
            sighting = read_sighting(record)
        except RefusedSightingError as refused:
            self._waiting.append(refused.reason)
        else:
            self._waiting.append(Heard(sighting=sighting, at=now - self._age(message, sighting), read_at=now))
        if not self._is_woken:
            self._is_woken = True
            with contextlib.suppress(RuntimeError):  # the loop has closed
                self._loop.call_soon_threadsafe(self._hand_over)

    def _age(self, message: Message, sighting: Sighting) -> float:
        """Return for how many seconds a record has been said already.

        One that comes while we listen was said just now, whatever clocks say, unless it waited in its sender's outbox:
        then the sender's clock, by which it was both said and sent, tells for how long.
        """
        kind, milliseconds = message.timestamp()
        sent = milliseconds / 1000
        waited = sent - sighting.said_at.timestamp() if kind == TIMESTAMP_CREATE_TIME else 0.0
        on_the_bus = time.time() - sent if self._reader.was_there(message) else 0.0
        return max(0.0, waited) + max(0.0, on_the_bus)

    def _hand_over(self) -> None:
        self._is_woken = False
        heard: list[Heard] = []
        for _ in range(min(BATCH, len(self._waiting))):
            each = self._waiting.popleft()
            self.records += 1
            if isinstance(each, str):
                self._counts.add(each)
            else:
                heard.append(each)
        if heard:
            self._take(heard)
        if self._waiting and not self._is_woken:
            self._is_woken = True
            self._loop.call_soon(self._hand_over)
