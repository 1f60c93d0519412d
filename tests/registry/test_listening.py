"""What is heard, and when it counts as said: by the registry's own count of seconds."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, Message

from nodesmith.naming import INTROSPECTION_TOPIC
from nodesmith.registry.counts import Counts
from nodesmith.registry.listening import BATCH, Heard, Listening
from nodesmith.runtime.client import common_settings

PAYLOAD = {
    "node_id": str(UUID(int=1)),
    "node_name": "echo",
    "node_type": "effect",
    "node_version": {"major": 1, "minor": 0, "patch": 0},
}


class Ears:
    """A registry's listening that hears what a test lets it hear."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.heard: list[list[Heard]] = []
        settings = common_settings(bootstrap_servers="127.0.0.1:1", source="test", extra=None, environment={})
        self.listening = Listening(client_settings=settings, take=self._take, counts=self.counts)

    def _take(self, heard: object) -> None:
        assert isinstance(heard, list)
        self.heard.append(heard)

    async def hear(self, *messages: Message) -> None:
        await asyncio.gather(*(asyncio.to_thread(self.listening._receive, each) for each in messages))
        while self.listening.backlog:  # noqa: ASYNC110 - each turn of the loop takes a piece of it
            await asyncio.sleep(0)


def message(
    *,
    said_ago: float = 0.0,
    sent_ago: float = 0.0,
    kind: int = TIMESTAMP_CREATE_TIME,
    value: bytes | None = None,
) -> Message:
    said_at = datetime.now(UTC) - timedelta(seconds=said_ago)
    envelope = json.dumps({"payload": PAYLOAD, "envelope_timestamp": said_at.isoformat()}).encode()
    sent = int((time.time() - sent_ago) * 1000)
    return Message(
        topic=INTROSPECTION_TOPIC, partition=0, offset=7, value=value or envelope, timestamp=(kind, sent)
    )


@pytest.mark.parametrize(
    ("told", "age"),
    [
        (message(), 0.0),
        # A clock that is an hour slow, or fast by a little, changes nothing.
        (message(said_ago=3600, sent_ago=3600), 0.0),
        (message(said_ago=-200, sent_ago=-200), 0.0),
        # It waited in its sender's outbox.
        (message(said_ago=3600, sent_ago=0), 3600.0),
        # Whose clock stamped it is not known: then it tells nothing.
        (message(said_ago=3600, sent_ago=0, kind=TIMESTAMP_LOG_APPEND_TIME), 0.0),
    ],
)
async def test_what_comes_now_was_said_now_unless_it_waited_at_its_senders(told: Message, age: float) -> None:
    ears = Ears()

    await ears.hear(told)

    ((heard,),) = ears.heard
    assert heard.read_at - heard.at == pytest.approx(age, abs=1.5)


async def test_what_was_there_before_is_as_old_as_the_broker_says() -> None:
    ears = Ears()
    ears.listening._reader._ends[INTROSPECTION_TOPIC, 0] = 8

    await ears.hear(message(said_ago=40, sent_ago=40))

    ((heard,),) = ears.heard
    assert heard.read_at - heard.at == pytest.approx(40.0, abs=1.5)


async def test_what_is_too_large_or_no_envelope_is_counted_and_handed_to_nobody() -> None:
    ears = Ears()

    await ears.hear(message(value=b" " * (1024 * 1024 + 1)), message(value=b"{"), message(value=b"\xff"))

    assert ears.heard == []
    assert ears.counts.by_reason() == {"not-an-envelope": 2, "too-large": 1}
    assert ears.listening.records == 3


async def test_many_at_once_are_handed_over_in_pieces() -> None:
    ears = Ears()
    many = [message()] * (BATCH + 1)
    for each in many:
        ears.listening._receive(each)

    await ears.hear()

    assert [len(batch) for batch in ears.heard] == [BATCH, 1]
