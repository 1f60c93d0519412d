"""The registry: it listens, lets time pass, and tells everybody who asks or watches what it knows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Protocol

from confluent_kafka.admin import AdminClient

from nodesmith import __version__
from nodesmith.errors import NodesmithError, NotPermittedError, SystemFailedError, in_words
from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC, REQUEST_INTROSPECTION_TOPIC
from nodesmith.registry import clock
from nodesmith.registry.asking import ANSWER_SECONDS, Questions, UnknownOnes
from nodesmith.registry.counts import Counts
from nodesmith.registry.details import DetailsDesk
from nodesmith.registry.fleet import Fleet
from nodesmith.registry.listening import Listening
from nodesmith.registry.overview import Overview
from nodesmith.registry.watchers import Watchers
from nodesmith.runtime.bus import EventPublisher
from nodesmith.runtime.client import ensure_topics
from nodesmith.runtime.sighting import Introduction
from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from nodesmith.registry.instance import Change
    from nodesmith.registry.listening import Heard
    from nodesmith.registry.settings import RegistrySettings

logger = logging.getLogger("nodesmith.registry")

SOURCE = "nodesmith-registry"
TICK_SECONDS = 0.25
# A turn that comes later than that by so much: this process was stopped, or the machine asleep.
STALL_SECONDS = 2.0
LISTEN_SECONDS = 10.0
PROBE_SECONDS = 1.0
EXPIRED_AT_ONCE = 250
# So many are named in the summary of everything.
MOST_CONFLICTS = 100
RETRY_SECONDS = 1.0
# Where nobody can be asked, so long is enough to have heard everybody.
SETTLE_SECONDS = 30.0
CLOSE_SECONDS = 2.0


class Projection(Protocol):
    """What is shown elsewhere of what the registry knows, as in Consul."""

    async def start(self) -> None:
        """Begin; returns at once, whether the other side is there or not."""

    async def stop(self) -> None:
        """End."""

    def wake(self) -> None:
        """Take note that something has changed."""

    def document(self) -> Mapping[str, object]:
        """Return how it stands."""


class Registry:
    """Everything that is known of the nodes on one bus, out of nothing but what they say there.

    It belongs to the event loop it was made on.
    """

    def __init__(self, settings: RegistrySettings) -> None:
        self.settings = settings
        self.started_at = clock.now()
        self.counts = Counts()
        self.fleet = Fleet(counts=self.counts, keep_seconds=settings.keep_seconds, settled=False)
        self.overview = Overview(self.fleet)
        self.watchers = Watchers()
        self.publisher = EventPublisher(bootstrap_servers=settings.kafka_servers, source=SOURCE)
        self.questions = Questions(self.publisher)
        self.details = DetailsDesk(self.questions)
        self.listening = Listening(
            client_settings=self.publisher.client_settings, take=self._take, counts=self.counts
        )
        self.projection: Projection | None = None
        self.hears = False
        self.problem = ""
        self._bus_since = self.started_at
        self._unknown_ones = UnknownOnes(self.questions)
        self._proved_at = float("-inf")
        self._must_ask_everybody = False
        self._asked_at: float | None = None
        self._asking: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._admin: AdminClient | None = None

    def project(self, projection: Projection) -> None:
        """Show what is known elsewhere as well; called before the start."""
        self.projection = projection
        self.watchers.wake_on_change(projection.wake)

    async def start(self) -> None:
        """Begin to listen; returns at once, whether the bus is there or not."""
        await self.publisher.start()
        self._admin = AdminClient(self.publisher.client_settings)
        for work in (self._hear_always, self._let_time_pass):
            self._tasks.append(
                asyncio.create_task(_for_ever(work), name=f"nodesmith registry {work.__name__}")
            )
        if self.projection is not None:
            await self.projection.start()

    async def stop(self) -> None:
        """End; nothing is left behind, since nothing is kept."""
        tasks = [*self._tasks, *([self._asking] if self._asking else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self.projection is not None:
            await self.projection.stop()
        await self.watchers.close()
        await self.listening.close()
        await self.publisher.close(CLOSE_SECONDS)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why what is shown may not be the truth now; empty where it is."""
        if not self.publisher.connection.up:
            return (self.publisher.connection.error().message,)
        return () if self.hears else (self.problem or "the discovery topics are not read yet",)

    @property
    def state(self) -> str:
        """Return `ready`, `starting`, or `degraded` where the bus is away or what it projects is behind."""
        if self.reasons:
            return "degraded" if self._has_heard else "starting"
        shown = self.projection.document()["state"] if self.projection is not None else "in step"
        return "ready" if shown == "in step" else "degraded"

    @property
    def has_asked_everybody(self) -> bool:
        """Whether everybody was asked, and had the time to answer: who is not known now does not live."""
        return self.hears and self._asked_at is not None and clock.now() - self._asked_at >= ANSWER_SECONDS

    def health(self) -> dict[str, Any]:
        """Return how everything is, in short."""
        return {
            "state": self.state,
            "reasons": list(self.reasons),
            "nodes": self.overview.node_states(),
            "instances": self.overview.instance_states(),
            "bus": self._bus(),
            "consul": None if self.projection is None else dict(self.projection.document()),
            "ignored": dict(self.counts.by_reason()),
            "conflicts": self._conflicts(),
            "unknown": len(self.fleet.unknown()),
            "watchers": len(self.watchers),
            "started_at": clock.text(clock.day_time(self.started_at)),
            "version": __version__,
        }

    @property
    def _has_heard(self) -> bool:
        return self.listening.heard_at > float("-inf") or self.hears

    def _bus(self) -> dict[str, Any]:
        connection = self.publisher.connection
        return {
            "state": "up" if connection.up and self.hears else "joining" if connection.up else "away",
            "servers": self.settings.kafka_servers,
            "last_error": connection.last_error or self.problem,
            "since": clock.text(clock.day_time(self._bus_since)),
            "records": self.listening.records,
            "backlog": self.listening.backlog,
        }

    def _conflicts(self) -> list[dict[str, str]]:
        return [
            {
                "node_id": each.node_id,
                "full_name": each.full_name,
                "incarnation": each.incarnation,
                "conflict": each.conflict,
            }
            for each in self.overview.in_conflict()[:MOST_CONFLICTS]
        ]

    def _take(self, heard: Sequence[Heard]) -> None:
        now = clock.now()
        for each in heard:
            changes = self.fleet.take(each.sighting, now, at=each.at)
            if isinstance(each.sighting, Introduction):
                self.questions.answered(each.sighting)
            self._tell_of(changes)

    def _tell_of(self, changes: Sequence[Change]) -> None:
        self.overview.note(changes)
        self.watchers.publish(changes)

    async def _hear_always(self) -> None:
        """Hear while there is a bus; when it was away, silence did not count."""
        while True:
            lost = await self.publisher.connection.wait_up()
            try:
                await self._make_topics()
                await self.listening.start(LISTEN_SECONDS)
            except SystemFailedError as error:
                self._tell(in_words(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if self._has_heard:
                self.fleet.hear_again(clock.now())
            self.hears, self.problem, self._bus_since = True, "", clock.now()
            self._must_ask_everybody = True
            await lost.wait()
            self.hears, self._bus_since = False, clock.now()

    async def _make_topics(self) -> None:
        """Make the topics of discovery where no node has made them yet; one that may only read goes without."""
        topics = (INTROSPECTION_TOPIC, HEARTBEAT_TOPIC, REQUEST_INTROSPECTION_TOPIC)
        with contextlib.suppress(NotPermittedError):
            await in_thread(ensure_topics, self.publisher.client_settings, topics, seconds=LISTEN_SECONDS / 2)

    async def _let_time_pass(self) -> None:
        before = clock.now()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = clock.now()
            if now - before > TICK_SECONDS + STALL_SECONDS:
                self.fleet.hear_again(now)
            before = now
            if self.hears:
                if not self.fleet.settled and (
                    self.has_asked_everybody or now - self._bus_since > SETTLE_SECONDS
                ):
                    self._tell_of(self.fleet.settle(now))
                await self._expire(now)
                self._ask(now)

    async def _expire(self, now: float) -> None:
        """Let time pass as far as it is known that the bus worked, and that all that came was taken."""
        due = self.fleet.next_due
        until = max(self.listening.heard_at, self._proved_at)
        if due is not None and until < due <= now and await self._bus_answers():
            self._proved_at = until = now
        until = min(now, until, self.listening.taken_until(now))
        while self.hears and (due := self.fleet.next_due) is not None and due <= until:
            changes = self.fleet.expire(until, most=EXPIRED_AT_ONCE)
            self._tell_of(changes)
            await asyncio.sleep(0)  # others have their turn

    async def _bus_answers(self) -> bool:
        assert self._admin is not None, "time passes after the start"
        try:
            await in_thread(self._admin.list_topics, HEARTBEAT_TOPIC, timeout=PROBE_SECONDS)
        except Exception:  # noqa: BLE001 - whatever the client raises, the answer is no
            self.publisher.connection.doubt()
            return False
        return True

    def _ask(self, now: float) -> None:
        """Ask whom there is to ask, one question after another; time does not wait for it."""
        if self._asking is not None and not self._asking.done():
            return
        unknown = self.fleet.unknown()
        if unknown or self._must_ask_everybody:
            self._asking = asyncio.create_task(self._ask_them(unknown, now), name="nodesmith registry asks")

    async def _ask_them(self, unknown: Sequence[str], now: float) -> None:
        if self._must_ask_everybody:
            try:
                await self.questions.everybody()
            except SystemFailedError as error:
                self._tell(f"nodes could not be asked: {in_words(error)}")
                await asyncio.sleep(RETRY_SECONDS)
                return
            self._must_ask_everybody = False
            self._asked_at = clock.now()
            self._unknown_ones.asked_everybody(self._asked_at)
            self.problem = ""
        await self._unknown_ones.ask(unknown, now)

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            logger.warning("%s; trying again", problem)
        self.problem = problem


async def _for_ever(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Do work that never ends; what goes wrong in it is logged, and it begins anew."""
    while True:
        try:
            await work()
        except NodesmithError as error:
            logger.warning("%s", in_words(error))
        except Exception:
            logger.exception("the registry itself failed; it goes on")
        await asyncio.sleep(RETRY_SECONDS)
