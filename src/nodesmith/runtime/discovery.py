"""Ask who is on the bus.

Every node answers a question on the request-introspection topic with an introspection. A heartbeat says how a node is
and how long that holds; the last ones are read back, so that they need not be waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from nodesmith.errors import NoAnswerError, SystemFailedError
from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC, REQUEST_INTROSPECTION_TOPIC
from nodesmith.runtime.census import Census, SeenNode
from nodesmith.runtime.consumer import read_message
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope
from nodesmith.runtime.topic_reader import TopicReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confluent_kafka import Message

    from nodesmith.runtime.bus import EventPublisher
    from nodesmith.runtime.records import IncomingRecord

# Of each partition: enough to hold the last heartbeat of every node of a large system.
RECORDS_READ_BACK = 500
# A node that starts, or whose broker has just come, hears a question only once it listens: ask again.
ASK_AGAIN_SECONDS = 1.0


async def discover(
    *,
    publisher: EventPublisher,
    seconds: float,
    settle_seconds: float | None = None,
    name: str = "",
    enough: Callable[[Sequence[SeenNode]], bool] | None = None,
) -> tuple[SeenNode, ...]:
    """Ask all nodes, or those called `name`, who they are, and return the ones that are alive.

    The brokers have `seconds` to answer, and then the nodes: their answers are collected for so long; with `settle_seconds` no longer than that after the last of them, and no longer
    than until `enough` says so of the nodes seen alive. Raises BusUnavailableError where no broker answers and
    NoAnswerError where no node does: never an empty result.
    """
    inquiry = _Inquiry(publisher=publisher, name=name)
    try:
        await inquiry.listen(seconds)
        async with asyncio.timeout(seconds) as limit:
            await inquiry.collect(settle_seconds=settle_seconds, enough=enough)
    except TimeoutError:
        if not limit.expired():
            raise
    finally:
        await inquiry.close()
    nodes = inquiry.nodes()
    if not any(node.answered for node in nodes) and not (enough and enough(nodes)):
        raise _nobody(publisher.bootstrap_servers, seconds=seconds, name=name, silent=nodes)
    return nodes


class _Inquiry:
    """One question to the bus, and what comes back."""

    def __init__(self, *, publisher: EventPublisher, name: str) -> None:
        self._publisher = publisher
        self._name = name
        self._census = Census(question=uuid4())
        self._heard: asyncio.Queue[IncomingRecord] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._reader = TopicReader(client_settings=publisher.client_settings, receive=self._receive)

    def nodes(self) -> tuple[SeenNode, ...]:
        """Return the nodes asked for that are alive."""
        alive = self._census.alive(datetime.now(UTC))
        asked = [node for node in alive if not self._name or node.is_called(self._name)]
        return tuple(sorted(asked, key=lambda node: (node.domain, node.name, node.instance_id)))

    async def listen(self, seconds: float) -> None:
        """Begin to hear; must be done before the question is asked."""
        topics = (INTROSPECTION_TOPIC, HEARTBEAT_TOPIC)
        await self._reader.listen(topics, seconds=seconds, before=RECORDS_READ_BACK)

    async def collect(
        self, *, settle_seconds: float | None, enough: Callable[[Sequence[SeenNode]], bool] | None
    ) -> None:
        """Ask, and return when it has become quiet or there is enough; it is for the caller to set a deadline."""
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
                        record = await self._heard.get()
                except TimeoutError:
                    return
                if self._census.take(record):
                    last_answer = self._loop.time()
                # Only when all that is there has been read: it is the state now that counts.
                if enough is not None and self._heard.empty() and enough(self.nodes()):
                    return
        finally:
            asking.cancel()
            await asyncio.wait({asking})

    async def close(self) -> None:
        """Hear no more."""
        await self._reader.close()

    async def _ask_again(self) -> None:
        while True:
            await asyncio.sleep(ASK_AGAIN_SECONDS)
            with contextlib.suppress(
                SystemFailedError
            ):  # the first question went out; the deadline ends this
                await self._ask()

    async def _ask(self) -> None:
        envelope = make_envelope(
            {"node_name": self._name} if self._name else {},
            event_type="platform.request-introspection",
            source=self._publisher.source,
            correlation_id=self._census.question,
        )
        await self._publisher.send(OutgoingRecord(topic=REQUEST_INTROSPECTION_TOPIC, envelope=envelope))

    def _receive(self, message: Message) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed
            self._loop.call_soon_threadsafe(self._heard.put_nowait, read_message(message))


def _nobody(servers: str, *, seconds: float, name: str, silent: Sequence[SeenNode]) -> NoAnswerError:
    who = f"no node called '{name}'" if name else "no node"
    last = max(silent, key=lambda node: node.last_seen, default=None)
    heard = ""
    if last is not None:
        ago = (datetime.now(UTC) - last.last_seen).total_seconds()
        heard = f"; '{last.full_name}' was last heard of {ago:.0f} s ago"
    return NoAnswerError(
        f"{who} on the bus at {servers} answered within {seconds:g} s{heard}",
        fix="start nodes with `nodesmith up PATH`, or name the bus they are on with --kafka-servers",
    )
