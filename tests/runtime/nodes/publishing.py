"""A program that publishes through an outbox and then waits to be killed: SERVERS FOLDER TOPIC COUNT."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from nodesmith.runtime.bus import EventPublisher
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope
from nodesmith.runtime.metrics import NodeMetrics
from nodesmith.runtime.outbox import OutboxBounds


async def main(servers: str, folder: str, topic: str, count: str) -> None:
    publisher = EventPublisher(bootstrap_servers=servers, source="publishing")
    bounds = OutboxBounds(records=100_000, bytes=100_000_000)
    publisher.keep_outbox(Path(folder), bounds=bounds, metrics=NodeMetrics(node="publishing"))
    await publisher.start()
    for number in range(int(count)):
        envelope = make_envelope({"number": number}, event_type="test.outbox.sent", source="publishing")
        await publisher.publish(OutgoingRecord(topic=topic, envelope=envelope, key=str(number % 3)))
    print("stored", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
