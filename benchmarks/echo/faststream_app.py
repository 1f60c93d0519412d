"""The same work with FastStream[confluent], at least once: the result acknowledged, then the offset committed.

Every AckPolicy but ACK_FIRST commits after the handler and the publisher. FastStream refuses `max_workers` with those, so
what it can do at once at least once is one subscriber a partition, or a subscriber of batches. `workers` is ACK_FIRST, where
the client commits by the clock whatever became of the record: not at least once, and here only to be seen.
"""

from __future__ import annotations

import asyncio
import os

from faststream import AckPolicy, FastStream
from faststream.confluent import KafkaBroker
from pydantic import BaseModel

COMMANDS, RESULTS = os.environ["BENCH_COMMANDS"], os.environ["BENCH_RESULTS"]


class Text(BaseModel):
    """What comes and what leaves."""

    text: str


class Envelope(BaseModel):
    """A command, and its result."""

    payload: Text
    envelope_id: str


async def echo(message: Envelope) -> Envelope:
    """Answer one."""
    return Envelope(payload=Text(text=message.payload.text), envelope_id=message.envelope_id)


def application(mode: str) -> FastStream:
    """Return the application of a mode: one | partitions | batches | workers."""
    broker = KafkaBroker(os.environ["KAFKA_BOOTSTRAP_SERVERS"], logger=None, enable_idempotence=True)
    if mode == "batches":

        @broker.publisher(RESULTS, batch=True)
        @broker.subscriber(
            COMMANDS,
            group_id="echo",
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.ACK,
            batch=True,
            max_records=500,
        )
        async def echo_all(messages: list[Envelope]) -> tuple[Envelope, ...]:
            return tuple([await echo(message) for message in messages])

        return FastStream(broker, logger=None)
    for _ in range(int(os.environ["BENCH_PARTITIONS"]) if mode == "partitions" else 1):
        subscriber = broker.subscriber(
            COMMANDS,
            group_id="echo",
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.ACK_FIRST if mode == "workers" else AckPolicy.ACK,
            max_workers=32 if mode == "workers" else 1,
        )

        @broker.publisher(RESULTS)
        @subscriber
        async def echo_one(message: Envelope) -> Envelope:
            return await echo(message)

    return FastStream(broker, logger=None)


if __name__ == "__main__":
    asyncio.run(application(os.environ["BENCH_MODE"]).run())
