"""Ask nodes who they are: everybody, one instance, or one node for its details."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol
from uuid import UUID, uuid4

from nodesmith.errors import SystemFailedError
from nodesmith.naming import REQUEST_INTROSPECTION_TOPIC
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from nodesmith.runtime.bus import EventPublisher
    from nodesmith.runtime.sighting import Introduction

Want = Literal["details", "stats"]

# More unknown ones than this at once, and everybody is asked with one question.
MOST_SINGLE_QUESTIONS = 20
# All nodes answer that: whoever makes ids up must not be able to have it asked all the time.
ASK_ALL_AGAIN_SECONDS = 30.0
# Within which whoever lives has answered: also a node that joins the bus anew at the same time.
ANSWER_SECONDS = 5.0
ASK_AGAIN_SECONDS, ASK_AGAIN_MOST_SECONDS = 2.0, 60.0


class Questions:
    """The questions that are open. `answered` is to be told of every introduction that is heard."""

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher
        self._open: dict[UUID, asyncio.Queue[Introduction]] = {}

    async def everybody(self) -> None:
        """Ask all who they are; the answers are heard like everything else. Raises SystemFailedError without a bus."""
        await self._ask({})

    async def instance(self, node_id: str) -> None:
        """Ask one instance who it is."""
        await self._ask({"node_id": node_id})

    async def of_node(
        self, *, domain: str, name: str, want: Iterable[Want], node_ids: Collection[str], seconds: float
    ) -> tuple[Introduction, ...]:
        """Return what the instances of a node answer in time: until all of `node_ids` did, `seconds` at most."""
        question, answers = uuid4(), asyncio.Queue["Introduction"]()
        self._open[question] = answers
        missing, found = set(node_ids), list["Introduction"]()
        try:
            async with asyncio.timeout(seconds):
                deadline = datetime.now(UTC) + timedelta(seconds=seconds)
                await self._ask(
                    {
                        "domain": domain,
                        "node_name": name,
                        "want": list(want),
                        "deadline": deadline.isoformat(),
                    },
                    question=question,
                )
                while missing:
                    answer = await answers.get()
                    found.append(answer)
                    missing.discard(answer.node_id)
        except TimeoutError:
            pass
        finally:
            del self._open[question]
        return tuple(found)

    def answered(self, said: Introduction) -> None:
        """Hand an introduction to whoever asked for it."""
        if said.answers is not None and (answers := self._open.get(said.answers)) is not None:
            answers.put_nowait(said)

    async def _ask(self, payload: dict[str, object], *, question: UUID | None = None) -> None:
        envelope = make_envelope(
            payload,
            event_type="platform.request-introspection",
            source=self._publisher.source,
            correlation_id=question,
        )
        await self._publisher.send(OutgoingRecord(topic=REQUEST_INTROSPECTION_TOPIC, envelope=envelope))


class Asks(Protocol):
    """Asks who somebody is."""

    async def everybody(self) -> None:
        """Ask all."""

    async def instance(self, node_id: str) -> None:
        """Ask one."""


class UnknownOnes:
    """Asks those who beat but were never introduced; each of them less and less often."""

    def __init__(self, questions: Asks) -> None:
        self._questions = questions
        self._next: dict[str, tuple[float, float]] = {}
        self._all_again_at = float("-inf")
        self._quiet_until = float("-inf")

    def asked_everybody(self, now: float) -> None:
        """Take note that all were asked: their answers are on the way."""
        self._all_again_at = now + ASK_ALL_AGAIN_SECONDS
        self._quiet_until = now + ANSWER_SECONDS

    async def ask(self, unknown: Collection[str], now: float) -> int:
        """Ask those of `unknown` whose turn it is, at once or all nodes together; return how many questions that took."""
        if now < self._quiet_until:
            return 0
        self._next = {node_id: self._next[node_id] for node_id in unknown if node_id in self._next}
        due = [node_id for node_id in unknown if self._next.get(node_id, (now, 0.0))[0] <= now]
        with contextlib.suppress(SystemFailedError):  # no bus: it is their turn again later
            if len(due) > MOST_SINGLE_QUESTIONS and now >= self._all_again_at:
                await self._questions.everybody()
                self.asked_everybody(now)
                self._wait(due, now)
                return 1
            singly = due[:MOST_SINGLE_QUESTIONS]
            self._wait(singly, now)
            for node_id in singly:
                await self._questions.instance(node_id)
            return len(singly)
        return 0

    def _wait(self, asked: Iterable[str], now: float) -> None:
        for node_id in asked:
            pause = min(ASK_AGAIN_MOST_SECONDS, 2 * self._next.get(node_id, (0.0, ASK_AGAIN_SECONDS / 2))[1])
            self._next[node_id] = (now + pause, pause)
