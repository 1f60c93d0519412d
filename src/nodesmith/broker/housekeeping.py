"""What is done in the background: segments that are too many or too old go, and logs are compacted.

It runs in the broker's own loop, a moment at a time: requests wait for such a moment at most.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from nodesmith.broker.compacted import Compacted
from nodesmith.broker.compaction import StoppedError, compact, is_due
from nodesmith.broker.topic_settings import COMPACT, DELETE, OFF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.broker.partition import Partition
    from nodesmith.broker.topics import Topics

logger = logging.getLogger(__name__)

WORK_SECONDS = 0.001
# Of the time, a third at most goes into work that nobody waits for.
REST_SECONDS = 0.002
LOOK_SECONDS = 5.0


class Pace:
    """Lets others go first: awaited often, it rests whenever a moment's work is done."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + WORK_SECONDS

    async def __call__(self) -> None:
        """Rest where that is due."""
        if time.perf_counter() >= self._until:
            await asyncio.sleep(REST_SECONDS)
            self._until = time.perf_counter() + WORK_SECONDS


async def keep_house(topics: Topics, *, look_seconds: float = LOOK_SECONDS) -> None:
    """Look after every partition, again when a segment has begun or a setting changed, and now and then; never returns."""
    pace = Pace()
    while True:
        topics.something_to_do.clear()
        for partition in _partitions(topics):
            await pace()
            try:
                await look_after(partition, pace)
            except OSError as error:
                logger.warning("%s is not tidied up: %s", partition.log.folder, error)
            except Exception:
                logger.exception("%s is not tidied up: the broker failed", partition.log.folder)
        with suppress(TimeoutError):
            async with asyncio.timeout(look_seconds):
                await topics.something_to_do.wait()


async def look_after(partition: Partition, pace: Pace) -> None:
    """Delete what a partition need not keep, and compact it where enough has come."""
    settings, log = partition.settings, partition.log
    if log.is_closed:
        return
    now_ms = int(time.time() * 1000)
    if DELETE in settings.cleanup_policy:
        partition.expire(
            keep_bytes=None if settings.retention_bytes == OFF else settings.retention_bytes,
            not_before=None if settings.retention_ms == OFF else now_ms - settings.retention_ms,
        )
    if COMPACT in settings.cleanup_policy and is_due(log, settings, Compacted.read(log.folder)):
        with suppress(StoppedError):
            await compact(
                log, settings, now_ms=now_ms, last_batches=partition.producers.last_batches(), pause=pace
            )


def _partitions(topics: Topics) -> Iterator[Partition]:
    for name in topics.names():
        topic = topics.find(name)
        yield from topic.partitions if topic is not None else ()
