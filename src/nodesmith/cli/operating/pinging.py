"""Ask nodes again and again how far away they are, and how far their clocks are from ours."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from nodesmith.runtime.census import Census
from nodesmith.runtime.discovery import Ear, ask, concerned, no_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from nodesmith.runtime.bus import EventPublisher
    from nodesmith.runtime.census import SeenNode
    from nodesmith.runtime.discovery import Heard
    from nodesmith.runtime.inquiry import Inquiry

# Of the first question it is not known who may still answer.
QUIET_SECONDS = 1.0
# The bus is not what is measured: it has its own time to be there.
BUS_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """One answer of one instance: how long it took from question to answer, and how far its clock is ahead of ours.

    The clocks can be compared only as well as the way there and the way back are equally long: within half of the
    round trip.
    """

    node: SeenNode
    round_trip: timedelta
    clock_ahead: timedelta

    @property
    def milliseconds(self) -> float:
        """The round trip."""
        return self.round_trip / timedelta(milliseconds=1)

    @property
    def clock_ahead_ms(self) -> float:
        """How far the clock is ahead; negative where it is behind."""
        return self.clock_ahead / timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One question, and what came back in time; `silent` are those alive by their word who did not answer."""

    number: int
    pongs: tuple[Pong, ...]
    silent: tuple[SeenNode, ...]


class Pinging:
    """Rounds of questions to those whom `inquiries` concern, each of at most `seconds`.

    One question goes before that is not measured: it finds out who is there, and whoever asks for the first time waits for
    more than the bus.
    """

    def __init__(self, publisher: EventPublisher, inquiries: Sequence[Inquiry], *, seconds: float) -> None:
        self._publisher = publisher
        self._inquiries = inquiries
        self._seconds = seconds
        self._ear = Ear(publisher)
        self._census = Census(question=uuid4())

    async def rounds(self, count: int, *, pause: float) -> AsyncIterator[Round]:
        """Yield so many rounds, one begun every `pause` seconds or when the one before is over.

        Raises NoAnswerError where nobody is there, and BusUnavailableError where no broker answers.
        """
        loop = asyncio.get_running_loop()
        try:
            await self._ear.listen(max(self._seconds, BUS_SECONDS))
            if not (await self._round(0, settle_seconds=QUIET_SECONDS)).pongs and not self._known():
                servers = self._publisher.bootstrap_servers
                raise no_answer(servers, seconds=self._seconds, inquiries=self._inquiries)
            for number in range(1, count + 1):
                begun = loop.time()
                yield await self._round(number)
                if number < count:
                    await asyncio.sleep(max(0.0, begun + pause - loop.time()))
        finally:
            await self._ear.close()

    async def _round(self, number: int, *, settle_seconds: float | None = None) -> Round:
        self._census.question = uuid4()
        pongs: dict[str, Pong] = {}
        asked_at, begun = datetime.now(UTC), time.monotonic()
        question = self._census.question
        await ask(self._publisher, self._inquiries, question=question)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                async for heard in self._answers(pongs, settle_seconds):
                    self._census.take(heard.record, now=datetime.now(UTC), was_there=heard.was_there)
                    for node in self._known():
                        if node.said.answers == question and node.node_id not in pongs:
                            pongs[node.node_id] = _pong(node, asked_at, timedelta(seconds=heard.at - begun))
        silent = tuple(node for node in self._known() if node.node_id not in pongs)
        return Round(number=number, pongs=tuple(pongs.values()), silent=silent)

    async def _answers(self, pongs: Mapping[str, Pong], settle_seconds: float | None) -> AsyncIterator[Heard]:
        """Yield what is heard until everybody known has answered or, to settle, nobody new has for a while."""
        loop = asyncio.get_running_loop()
        count, last_new = 0, loop.time()
        while settle_seconds is not None or any(node.node_id not in pongs for node in self._known()):
            if len(pongs) > count:
                count, last_new = len(pongs), loop.time()
            quiet = last_new + settle_seconds if settle_seconds is not None and pongs else None
            try:
                async with asyncio.timeout_at(quiet):
                    heard = await self._ear.next()
            except TimeoutError:
                return
            yield heard

    def _known(self) -> tuple[SeenNode, ...]:
        return concerned(self._census, self._inquiries)


def _pong(node: SeenNode, asked_at: datetime, round_trip: timedelta) -> Pong:
    half_way = asked_at + round_trip / 2
    return Pong(node=node, round_trip=round_trip, clock_ahead=node.said.said_at - half_way)


@dataclass(slots=True)
class Tally:
    """What the rounds came to for one instance."""

    node: SeenNode
    asked: int = 0
    trips: list[float] | None = None
    clocks: list[float] | None = None

    def take(self, pong: Pong | None) -> None:
        """Count one round."""
        self.asked += 1
        if pong is not None:
            self.node = pong.node
            self.trips = [*(self.trips or []), pong.milliseconds]
            self.clocks = [*(self.clocks or []), pong.clock_ahead_ms]

    def data(self) -> dict[str, object]:
        """Return it as plain JSON data; the clock is that of the quickest round trip, which tells it best."""
        trips, clocks = self.trips or [], self.clocks or []
        best = trips.index(min(trips)) if trips else None
        return {
            "node": self.node.name,
            "domain": self.node.domain,
            "instance": self.node.instance_id,
            "node_id": self.node.node_id,
            "asked": self.asked,
            "answered": len(trips),
            "least_ms": round(min(trips), 3) if trips else None,
            "average_ms": round(sum(trips) / len(trips), 3) if trips else None,
            "most_ms": round(max(trips), 3) if trips else None,
            "clock_ahead_ms": None if best is None else round(clocks[best], 3),
            "clock_within_ms": None if best is None else round(trips[best] / 2, 3),
        }


def tally(rounds: Sequence[Round]) -> list[Tally]:
    """Return what the rounds came to, by instance; who was first seen in a later round was not asked before."""
    found: dict[str, Tally] = {}
    for each in rounds:
        pongs = {pong.node.node_id: pong for pong in each.pongs}
        for node in (*(pong.node for pong in each.pongs), *each.silent):
            found.setdefault(node.node_id, Tally(node)).take(pongs.get(node.node_id))
    return sorted(found.values(), key=lambda each: (each.node.full_name, each.node.instance_id))
