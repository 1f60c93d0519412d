from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from support.ports import free_port
from support.waiting import wait_until_async
from support.wire import reading

from nodesmith.errors import BusUnavailableError, InputError, PublishError
from nodesmith.runtime.bus import EventPublisher
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope

if TYPE_CHECKING:
    import logging

    from support.broker import RunningBroker


def record(topic: str = "onex.evt.test.bus-tested.v1", **payload: Any) -> OutgoingRecord:
    envelope = make_envelope(payload, event_type="test.bus.tested", source="test")
    return OutgoingRecord(topic=topic, envelope=envelope, key="k", headers={"ns-state": "ready"})


async def test_publish_returns_when_the_broker_has_the_record(broker: RunningBroker) -> None:
    publisher = EventPublisher(bootstrap_servers=broker.bootstrap_servers, source="test")
    await publisher.start()
    topic = f"onex.evt.test.{uuid4()}.v1"
    await asyncio.gather(*(publisher.publish(record(topic, number=number)) for number in range(100)))
    assert await publisher.close() == 0
    with reading(broker.bootstrap_servers, topic) as published:
        records = await asyncio.to_thread(published.wait_for_count, 100)
    assert [each.payload["number"] for each in records] == list(range(100))
    assert records[0].headers["ns-state"] == "ready"
    assert records[0].headers["ce_source"] == "test"


async def test_without_a_broker_publish_says_where_none_is_within_its_deadline() -> None:
    servers = f"127.0.0.1:{free_port()}"
    publisher = EventPublisher(
        bootstrap_servers=servers, source="test", client_settings={"message.timeout.ms": 300}
    )
    await publisher.start()
    with pytest.raises(BusUnavailableError, match=f"no broker can be reached at {servers}"):
        await publisher.publish(record())
    await publisher.close(0)


async def test_closing_drops_what_is_not_acknowledged_counts_it_and_tells_who_waits() -> None:
    publisher = EventPublisher(bootstrap_servers=f"127.0.0.1:{free_port()}", source="test")
    await publisher.start()
    waiting = [asyncio.create_task(publisher.publish(record(number=number))) for number in range(3)]
    await asyncio.sleep(0)
    assert await publisher.close(0.1) == 3
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, BusUnavailableError | PublishError) for result in results)
    assert await publisher.close() == 0


async def test_a_record_the_broker_would_never_take_is_not_worth_a_retry(broker: RunningBroker) -> None:
    publisher = EventPublisher(bootstrap_servers=broker.bootstrap_servers, source="test")
    await publisher.start()
    with pytest.raises(PublishError) as caught:
        await publisher.publish(record(text="x" * 2_000_000))
    assert not caught.value.retryable
    await publisher.close()


async def test_what_the_client_logs_reaches_pythons_logging_and_not_standard_error(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    publisher = EventPublisher(
        bootstrap_servers=f"127.0.0.1:{free_port()}", source="test", client_settings={"log_level": 7}
    )
    await publisher.start()

    async def refused() -> bool:
        return any("Connection refused" in each.message for each in client_logs())

    def client_logs() -> list[logging.LogRecord]:
        return [each for each in caplog.records if each.name == "nodesmith.runtime.client"]

    await wait_until_async(refused, why="the client's log of a refused connection")
    await publisher.close(0)
    assert capfd.readouterr().err == ""


async def test_a_publisher_that_is_not_started_says_so() -> None:
    publisher = EventPublisher(bootstrap_servers="127.0.0.1:1", source="test")
    with pytest.raises(BusUnavailableError, match="not started"):
        await publisher.publish(record())


async def test_settings_the_client_does_not_know_are_an_input_error() -> None:
    publisher = EventPublisher(bootstrap_servers="127.0.0.1:1", source="test", client_settings={"acks.": 1})
    with pytest.raises(InputError, match="refuses its settings"):
        await publisher.start()
