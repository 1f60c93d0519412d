"""There are no transactions, and clients are told so at once, in words."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.errors import TransactionalIdAuthorizationFailed  # type: ignore[import-untyped]
from confluent_kafka import KafkaException, Producer
from support.kafka_wire import INIT_PRODUCER_ID, batch, wire_client

if TYPE_CHECKING:
    from support.broker import RunningBroker

WORDS = "this broker is for a laptop and tests and has no transactions"
PARTITIONS = [{"name": "t", "partitions": (0, 1)}]
OFFSETS = [{"name": "t", "partitions": [{"partition_index": 0, "committed_offset": 1}]}]


def test_confluent_kafka_says_it_in_the_brokers_words(embedded_broker: RunningBroker) -> None:
    settings = {"bootstrap.servers": embedded_broker.bootstrap_servers, "transactional.id": "orders"}
    producer = Producer({**settings, "log_level": 0})
    began = time.monotonic()
    with pytest.raises(KafkaException, match=WORDS) as raised:
        producer.init_transactions(20)
    assert raised.value.args[0].fatal()
    assert time.monotonic() - began < 10
    assert f"transactional id 'orders' of 127.0.0.1 is refused: {WORDS}" in embedded_broker.log.read_text()


def test_aiokafka_says_that_the_id_is_refused_and_the_log_says_why(embedded_broker: RunningBroker) -> None:
    async def begin() -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=embedded_broker.bootstrap_servers, transactional_id="payments"
        )
        try:
            with pytest.raises(TransactionalIdAuthorizationFailed, match="payments"):
                await asyncio.wait_for(producer.start(), 20)
        finally:
            await producer.stop()

    asyncio.run(begin())
    assert f"transactional id 'payments' of 127.0.0.1 is refused: {WORDS}" in embedded_broker.log.read_text()


def test_every_request_of_a_transaction_is_refused_and_told_of_once(embedded_broker: RunningBroker) -> None:
    with wire_client(embedded_broker.port) as client:
        coordinator = client.call(10, 2, key="wire", key_type=1)
        begun = client.call(INIT_PRODUCER_ID, 1, transactional_id="wire")
        added = client.call(24, 2, v3_and_below_transactional_id="wire", v3_and_below_topics=PARTITIONS)
        offsets = client.call(25, 2, transactional_id="wire", group_id="g")
        committed = client.call(28, 2, transactional_id="wire", group_id="g", topics=OFFSETS)
        ended = client.call(26, 2, transactional_id="wire", committed=True)
    (parts,) = (topic.results_by_partition for topic in added.results_by_topic_v3_and_below)
    codes = [answer.error_code for answer in (coordinator, begun, offsets, ended)]
    codes += [part.partition_error_code for part in parts]
    codes += [part.error_code for topic in committed.topics for part in topic.partitions]
    assert {code.name for code in codes} == {"transactional_id_authorization_failed"}
    assert coordinator.error_message == WORDS
    assert embedded_broker.log.read_text().count("'wire'") == 1


def test_records_of_a_transaction_are_not_stored(embedded_broker: RunningBroker) -> None:
    with wire_client(embedded_broker.port) as client:
        client.make_topic("in-transaction")
        data = [{"name": "in-transaction", "partition_data": [{"index": 0, "records": batch(b"x")}]}]
        answer = client.call(0, 8, transactional_id="tx", acks=-1, topic_data=data)
        (part,) = answer.responses[0].partition_responses
        assert (part.error_code.name, part.error_message) == ("transactional_id_authorization_failed", WORDS)
        assert client.fetch("in-transaction", 0).high_watermark == 0
