"""Ask who is on the bus.

Every node answers a question on the request-introspection topic with an introspection. A heartbeat says how a node is
and how long that holds; the last ones are read back, so that they need not be waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from nodesmith.errors import NoAnswerError, SystemFailedError
from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC, REQUEST_INTROSPECTION_TOPIC
from nodesmith.runtime.census import Census, SeenNode
from nodesmith.runtime.consumer import read_message
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope
from nodesmith.runtime.inquiry import Inquiry
from nodesmith.runtime.topic_reader import TopicReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from confluent_kafka import Message

    from nodesmith.runtime.bus import EventPublisher
    from nodesmith.runtime.records import IncomingRecord

# Of each partition: enough to hold the last heartbeat of every node of a large system.
RECORDS_READ_BACK = 500
# A node that starts, or whose broker has just come, hears a question only once it listens: ask again.
ASK_AGAIN_SECONDS = 1.0
ALL = (Inquiry(),)


async def discover(
    *,
    publisher: EventPublisher,
    seconds: float,
    settle_seconds: float | None = None,
    inquiries: Sequence[Inquiry] = ALL,
    enough: Callable[[Sequence[SeenNode]], bool] | None = None,
) -> tuple[SeenNode, ...]:
    """Ask all nodes, or those that any of `inquiries` concerns, who they are, and return the ones that are alive.

    The brokers have `seconds` to answer, and then the nodes: their answers are collected for so long; with `settle_seconds` no longer than that after the last of them, and no longer
    than until `enough` says so of the nodes seen alive. Raises BusUnavailableError where no broker answers and
    NoAnswerError where no node does: never an empty result.
    """
    asking = _Asking(publisher=publisher, inquiries=inquiries)
    try:
        await asking.ear.listen(seconds)
        async with asyncio.timeout(seconds) as limit:
            await asking.collect(settle_seconds=settle_seconds, enough=enough)
    except TimeoutError:
        if not limit.expired():
            raise
    finally:
        await asking.ear.close()
    nodes = asking.nodes()
    if not any(node.answered for node in nodes) and not (enough and enough(nodes)):
        raise no_answer(publisher.bootstrap_servers, seconds=seconds, inquiries=inquiries, silent=nodes)
    return nodes


async def ask(publisher: EventPublisher, inquiries: Sequence[Inquiry], *, question: UUID) -> None:
    """Ask for answers that will carry `question`; raise SystemFailedError where the bus does not take it.

    Without a deadline, by which a node whose clock is far ahead would take the question for an old one: it is not to be
    missed by the person who looks for it.
    """
    envelopes = [
        make_envelope(
            inquiry.payload(),
            event_type="platform.request-introspection",
            source=publisher.source,
            correlation_id=question,
        )
        for inquiry in inquiries
    ]
    await asyncio.gather(
        *(
            publisher.send(OutgoingRecord(topic=REQUEST_INTROSPECTION_TOPIC, envelope=envelope))
            for envelope in envelopes
        )
    )


@dataclass(frozen=True, slots=True)
class Heard:
    """A record of the discovery topics; `at` is when it came, in seconds of the monotonic clock."""

    record: IncomingRecord
    at: float
    was_there: bool


class Ear:
    """Hears the discovery topics, from a little back; belongs to the event loop it is made on."""

    def __init__(self, publisher: EventPublisher) -> None:
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._reader = TopicReader(client_settings=publisher.client_settings, receive=self._receive)

    async def listen(self, seconds: float) -> None:
        """Begin to hear; must be done before a question is asked. Raises BusUnavailableError."""
        topics = (INTROSPECTION_TOPIC, HEARTBEAT_TOPIC)
        await self._reader.listen(topics, seconds=seconds, before=RECORDS_READ_BACK)

    async def next(self) -> Heard:
        """Return what comes next."""
        return await self._heard.get()

    @property
    def is_quiet(self) -> bool:
        """Whether all that has come so far was taken."""
        return self._heard.empty()

    async def close(self) -> None:
        """Hear no more."""
        await self._reader.close()

    def _receive(self, message: Message) -> None:
        heard = Heard(read_message(message), time.monotonic(), self._reader.was_there(message))
        with contextlib.suppress(RuntimeError):  # the loop has closed
            self._loop.call_soon_threadsafe(self._heard.put_nowait, heard)


class _Asking:
    """One question to the bus, and what comes back."""

    def __init__(self, *, publisher: EventPublisher, inquiries: Sequence[Inquiry]) -> None:
        self.ear = Ear(publisher)
        self._publisher = publisher
        self._inquiries = inquiries
        self._census = Census(question=uuid4())

    def nodes(self) -> tuple[SeenNode, ...]:
        """Return the nodes asked for that are alive."""
        return concerned(self._census, self._inquiries)

    async def collect(
        self,
        *,
        settle_seconds: float | None,
        enough: Callable[[Sequence[SeenNode]], bool] | None,
    ) -> None:
        """Ask, and return when it has become quiet or there is enough; it is for the caller to set a deadline."""
        loop = asyncio.get_running_loop()
        await self._ask()
        asking = asyncio.create_task(self._ask_again(), name="nodesmith question")
        last_answer: float | None = None
        try:
            while True:
                quiet = (
                    None if last_answer is None or settle_seconds is None else last_answer + settle_seconds
                )
                try:
                    async with asyncio.timeout_at(quiet):
                        heard = await self.ear.next()
                except TimeoutError:
                    return
                if self._census.take(heard.record, now=datetime.now(UTC), was_there=heard.was_there):
                    last_answer = loop.time()
                # Only when all that is there has been read: it is the state now that counts.
                if enough is not None and self.ear.is_quiet and enough(self.nodes()):
                    return
        finally:
            asking.cancel()
            await asyncio.wait({asking})

    async def _ask_again(self) -> None:
        while True:
            await asyncio.sleep(ASK_AGAIN_SECONDS)
            with contextlib.suppress(
                SystemFailedError
            ):  # the first question went out; the deadline ends this
                await self._ask()

    async def _ask(self) -> None:
        await ask(self._publisher, self._inquiries, question=self._census.question)


def concerned(census: Census, inquiries: Sequence[Inquiry]) -> tuple[SeenNode, ...]:
    """Return the living nodes that any of the inquiries concerns, by their names."""
    asked = [
        node
        for node in census.alive(datetime.now(UTC))
        if any(
            each.concerns(
                name=node.name, domain=node.domain, node_id=node.node_id, instance_id=node.instance_id
            )
            for each in inquiries
        )
    ]
    return tuple(sorted(asked, key=lambda node: (node.domain, node.name, node.instance_id)))


def no_answer(
    servers: str,
    *,
    seconds: float,
    inquiries: Sequence[Inquiry] = ALL,
    silent: Sequence[SeenNode] = (),
) -> NoAnswerError:
    """Return the error of who asked and was not answered; `silent` are those who were to answer."""
    last = max(silent, key=lambda node: node.last_seen, default=None)
    heard = ""
    if last is not None:
        ago = (datetime.now(UTC) - last.last_seen).total_seconds()
        heard = f"; '{last.full_name}' was last heard of {ago:.0f} s ago"
    return NoAnswerError(
        f"{' and '.join(map(_whom, inquiries))} on the bus at {servers} answered within {seconds:g} s{heard}",
        fix="start nodes with `nodesmith up PATH`, or name the bus they are on with --kafka-servers",
    )


def _whom(inquiry: Inquiry) -> str:
    instance = inquiry.instance_id or inquiry.node_id
    if instance:
        return f"no instance called '{instance}'"
    if not inquiry.node_name:
        return "no node"
    where = f" in domain '{inquiry.domain}'" if inquiry.domain else ""
    return f"no node called '{inquiry.node_name}'{where}"
