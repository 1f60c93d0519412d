"""Hear what is said on topics from now on, without a group: every listener hears everything."""

from __future__ import annotations

import asyncio
import logging
import uuid
from threading import Event, Thread
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, TopicPartition

from nodesmith.errors import BusUnavailableError
from nodesmith.runtime.client import ClientSettings, consumer_settings
from nodesmith.runtime.consumer import read_message
from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nodesmith.runtime.records import IncomingRecord

logger = logging.getLogger("nodesmith.runtime.listener")

_POLL_SECONDS = 0.2


class TopicListener:
    """Calls `receive` on the event loop for every record that comes to `topics` after `start()` has returned."""

    def __init__(
        self, *, settings: ClientSettings, topics: Sequence[str], receive: Callable[[IncomingRecord], None]
    ) -> None:
        # The client wants a group's name, but neither joins it nor commits to it.
        self._settings = consumer_settings(settings, group=f"nodesmith-listener-{uuid.uuid4()}")
        self._topics = list(topics)
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._stopping = Event()
        self._thread: Thread | None = None

    async def start(self, *, seconds: float) -> None:
        """Find the present ends of the topics; raise KafkaException or BusUnavailableError where that fails.

        Partitions that a topic gets later are not heard.
        """
        consumer = Consumer(self._settings)
        try:
            await in_thread(self._go_to_end, consumer, seconds)
        except BaseException:
            await in_thread(consumer.close)
            raise
        self._thread = Thread(target=self._run, args=(consumer,), daemon=True, name="nodesmith listener")
        self._thread.start()

    async def stop(self, *, seconds: float) -> bool:
        """Stop to listen and return whether that was done within `seconds`."""
        self._stopping.set()
        if self._thread is None:
            return True
        await in_thread(self._thread.join, seconds)
        return not self._thread.is_alive()

    def _go_to_end(self, consumer: Consumer, seconds: float) -> None:
        places = []
        for topic in self._topics:
            known = consumer.list_topics(topic, timeout=seconds).topics[topic]
            if known.error is not None:
                raise BusUnavailableError(f"the broker says of {topic}: {known.error.str()}")
            places += [TopicPartition(topic, partition) for partition in known.partitions]
        for place in places:
            place.offset = consumer.get_watermark_offsets(place, timeout=seconds)[1]
        consumer.assign(places)

    def _run(self, consumer: Consumer) -> None:
        while not self._stopping.is_set():
            message = consumer.poll(_POLL_SECONDS)
            if message is None:
                continue
            if (error := message.error()) is None:
                self._loop.call_soon_threadsafe(self._receive, read_message(message))
            else:
                logger.debug("the broker says of %s: %s", message.topic(), error.str())
        consumer.close()
