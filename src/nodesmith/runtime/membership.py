"""A node's life on the bus: join when it appears, say who one is, take work, answer questions, leave."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Protocol

from nodesmith import naming
from nodesmith.errors import NodesmithError, OperationError, RefusedSightingError
from nodesmith.runtime.client import consumer_settings, ensure_topics
from nodesmith.runtime.consumer import GroupConsumer, read_message
from nodesmith.runtime.envelope import read_envelope
from nodesmith.runtime.inquiry import read_inquiry
from nodesmith.runtime.introspection import answering
from nodesmith.runtime.permissions import check_permissions
from nodesmith.runtime.threads import in_thread
from nodesmith.runtime.topic_reader import TopicReader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping
    from uuid import UUID

    from confluent_kafka import Message

    from nodesmith.runtime.bus import EventPublisher
    from nodesmith.runtime.commands import CommandDesk
    from nodesmith.runtime.deadline import Deadline
    from nodesmith.runtime.definition import NodeDefinition
    from nodesmith.runtime.dispatch import Dispatcher
    from nodesmith.runtime.envelope import OutgoingRecord
    from nodesmith.runtime.inquiry import Inquiry
    from nodesmith.runtime.records import IncomingRecord

logger = logging.getLogger("nodesmith.runtime.membership")

_ADMIN_SECONDS = 10.0
_RETRY_SECONDS = 1.0
_CANCEL_SECONDS = 0.5
_LEAVE_SECONDS = 3.0
_GOODBYE_SECONDS = 2.0
_DRAINING_SECONDS = 1.0
# How often it is looked whether there is something new to tell; what changes to and fro is told no more often.
_CHANGE_SECONDS = 0.5
_FLUSH_SECONDS = 2.0
# Beyond the flush, for what is left to be written to the outbox's file.
_CLOSE_SECONDS = 4.0


class Announce(Protocol):
    """Publishes the node's introspection."""

    def __call__(self, reason: str = ..., correlation_id: UUID | None = ...) -> Awaitable[None]:
        """Return when the broker has it."""


class Membership:
    """Everything of a node that is there only because of the bus.

    Joining is a row of steps that are each done once and tried again until they work; work is taken when they are done
    and the node's resources are open. Every time the bus comes back the node makes sure of its topics, which may be gone
    with the broker's data, and announces itself again. It does so as well whenever `condition` returns something else than
    what was announced last.
    """

    def __init__(
        self,
        *,
        definition: NodeDefinition,
        node_id: UUID,
        instance_id: str,
        publisher: EventPublisher,
        desk: CommandDesk,
        dispatcher: Dispatcher,
        resources_open: asyncio.Event,
        announce: Announce,
        condition: Callable[[], object],
        heartbeat: Callable[[], OutgoingRecord],
        heartbeat_seconds: float,
        release_seconds: float,
    ) -> None:
        self.problem = ""
        self._definition = definition
        self._node_id = node_id
        self._instance_id = instance_id
        self._publisher = publisher
        self._connection = publisher.connection
        self._resources_open = resources_open
        self._announce = announce
        self._condition = condition
        self._announced: object = None
        self._heartbeat = heartbeat
        self._heartbeat_seconds = heartbeat_seconds
        self._joined_once = asyncio.Event()
        # Set when the connection that was joined last is over; another one has to be joined anew.
        self._over: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._leaving = False
        self._consumer = GroupConsumer(
            settings=consumer_settings(publisher.client_settings, group=definition.identity.dot_path),
            topics=definition.work_topics,
            plan=desk.plan,
            dispatcher=dispatcher,
            release_seconds=release_seconds,
        )
        self._loop = asyncio.get_running_loop()
        self._requests = TopicReader(
            client_settings=publisher.client_settings, receive=self._receive_in_thread
        )
        self._steps: deque[Callable[[], Coroutine[None, None, None]]] = deque(
            [
                self._hear_requests,
                *(partial(client.join, publisher) for client in definition.bus_clients),
            ]
        )

    @property
    def joined(self) -> bool:
        """Whether everything is in place, allowed, and the broker can be reached."""
        return self._is_on_the_bus and not self.problem

    @property
    def _is_on_the_bus(self) -> bool:
        return self._over is not None and not self._over.is_set()

    @property
    def lag(self) -> Mapping[tuple[str, int], int]:
        """How many records are not committed, of each topic and partition this instance has; nothing while the bus is away."""
        return self._consumer.lag.numbers if self._connection.up else {}

    async def start(self) -> None:
        """Begin to look for the bus; returns at once, whether it is there or not."""
        await self._publisher.start()
        for work in (self._join_always, self._take_work, self._beat, self._tell_changes):
            self._spawn(work())

    async def tell_draining(self, deadline: Deadline) -> None:
        """Say that the node drains, as soon as that can be known; where the bus is away, nothing is said."""
        if not self._is_on_the_bus or not deadline.left:
            return
        async with deadline.limit("announcing the drain", seconds=_DRAINING_SECONDS):
            await asyncio.gather(self._announce_now("health_change"), self._beat_once())

    async def leave(self, deadline: Deadline) -> None:
        """Commit, say goodbye and close by the deadline, each step within its own; no handler runs any more."""
        self._leaving = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CANCEL_SECONDS)
        await asyncio.gather(
            self._leave_group(deadline), self._say_goodbye(deadline), self._leave_clients(deadline)
        )
        async with deadline.limit("closing the publisher", seconds=_FLUSH_SECONDS + _CLOSE_SECONDS):
            await self._publisher.close(min(_FLUSH_SECONDS, deadline.left) if self._connection.up else 0)

    async def _leave_group(self, deadline: Deadline) -> None:
        async with deadline.limit("leaving the group", seconds=_LEAVE_SECONDS):
            await self._consumer.stop()

    async def _say_goodbye(self, deadline: Deadline) -> None:
        if self._connection.up:
            async with deadline.limit("saying goodbye", seconds=_GOODBYE_SECONDS):
                await self._announce(reason="shutdown")

    async def _leave_clients(self, deadline: Deadline) -> None:
        async with deadline.limit("closing the node's readers", seconds=_LEAVE_SECONDS):
            await asyncio.gather(
                self._requests.close(), *(client.leave() for client in self._definition.bus_clients)
            )

    async def _join_always(self) -> None:
        while True:
            lost = await self._connection.wait_up()
            try:
                await self._make_topics()
                if self._connection.denied.is_set() or self._is_known_to_the_broker:
                    await self._check_permissions()
                while self._steps:
                    await self._steps[0]()
                    self._steps.popleft()
                self._over = lost
                self._joined_once.set()
                self._consumer.expect_partitions()
                self.problem = ""
                await self._announce_now("startup")
            except Exception as error:  # noqa: BLE001 - the client's, a person's: joining goes on
                self._tell(f"joining the bus failed: {self._connection.trouble.in_words(error)}")
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            await self._until_over(lost)

    async def _until_over(self, lost: asyncio.Event) -> None:
        """Return when the connection is lost; what a broker denies meanwhile is a problem until it allows it again."""
        denied = self._connection.denied
        while not lost.is_set():
            waits = [asyncio.ensure_future(event.wait()) for event in (lost, denied)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
            if lost.is_set():
                return
            try:
                await self._check_permissions()
                self.problem = ""
            except Exception as error:  # noqa: BLE001 - as above
                self._tell(self._connection.trouble.in_words(error))
                await asyncio.sleep(_RETRY_SECONDS)

    @property
    def _is_known_to_the_broker(self) -> bool:
        """Whether the node says who it is: then the broker is likely to have rules of what it may do."""
        return (
            str(self._publisher.client_settings.get("security.protocol", "PLAINTEXT")).upper() != "PLAINTEXT"
        )

    async def _check_permissions(self) -> None:
        """Raise NotPermittedError where the broker denies what this node needs; what was denied before is forgotten else."""
        await in_thread(
            check_permissions,
            self._publisher.client_settings,
            group=self._definition.identity.dot_path,
            reads=[*self._definition.work_topics, naming.REQUEST_INTROSPECTION_TOPIC],
            writes=self._written_topics,
            seconds=_ADMIN_SECONDS,
        )
        self._connection.denied.clear()

    @property
    def _written_topics(self) -> list[str]:
        return [*self._definition.answer_topics, naming.INTROSPECTION_TOPIC, naming.HEARTBEAT_TOPIC]

    async def _make_topics(self) -> None:
        topics = [
            *self._definition.work_topics,
            *self._written_topics,
            naming.REQUEST_INTROSPECTION_TOPIC,
        ]
        await in_thread(ensure_topics, self._publisher.client_settings, topics, seconds=_ADMIN_SECONDS)

    async def _hear_requests(self) -> None:
        await self._requests.listen([naming.REQUEST_INTROSPECTION_TOPIC], seconds=_ADMIN_SECONDS)

    async def _take_work(self) -> None:
        await self._joined_once.wait()
        await self._resources_open.wait()
        self._consumer.start()

    async def _tell_changes(self) -> None:
        await self._joined_once.wait()
        while True:
            await asyncio.sleep(_CHANGE_SECONDS)
            if not self._is_on_the_bus or self._condition() == self._announced:
                continue
            try:
                await self._announce_now("health_change")
                await self._beat_once()
            except NodesmithError as error:
                logger.warning("a change was not announced, trying again: %s", error)

    async def _announce_now(self, reason: str) -> None:
        """Announce, and keep in what condition; a condition that was not announced is announced when it is looked next."""
        self._announced = self._condition()
        try:
            await self._announce(reason=reason)
        except BaseException:
            self._announced = None
            raise

    async def _beat(self) -> None:
        await (
            self._joined_once.wait()
        )  # the first one at once: whoever asks for the node then knows how it is
        while True:
            if self._is_on_the_bus:
                await self._beat_once()
            await asyncio.sleep(self._heartbeat_seconds)

    async def _beat_once(self) -> None:
        try:
            # Kept nowhere: a heartbeat that comes late says nothing.
            await self._publisher.send(self._heartbeat())
        except NodesmithError as error:
            logger.debug("no heartbeat: %s", error)

    def _receive_in_thread(self, message: Message) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed
            self._loop.call_soon_threadsafe(self._receive_request, read_message(message))

    def _receive_request(self, record: IncomingRecord) -> None:
        """Answer a request for introspection that concerns this instance."""
        if self._leaving:
            return
        try:
            envelope = read_envelope(record.value)
            inquiry = read_inquiry(envelope.payload)
        except (OperationError, RefusedSightingError) as error:
            logger.debug("a request for introspection could not be read: %s", error)
            return
        identity = self._definition.identity
        concerned = inquiry.concerns(
            name=identity.name,
            domain=identity.domain,
            node_id=str(self._node_id),
            instance_id=self._instance_id,
        )
        if concerned and not inquiry.is_over():
            self._spawn(self._answer(inquiry, envelope.correlation_id))

    async def _answer(self, inquiry: Inquiry, correlation_id: UUID) -> None:
        try:
            with answering(inquiry.want):
                await self._announce(reason="request", correlation_id=correlation_id)
        except NodesmithError as error:
            logger.warning("a request for introspection was not answered: %s", error)

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            logger.warning("%s; trying again", problem)
        self.problem = problem

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
