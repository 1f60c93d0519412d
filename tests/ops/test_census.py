"""Who counts as alive, from introspections and heartbeats in any order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC
from nodesmith.runtime.census import Census, SeenNode
from nodesmith.runtime.envelope import Envelope
from nodesmith.runtime.records import IncomingRecord

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
QUESTION = uuid4()
NODE_ID = str(UUID(int=7))


def record(
    topic: str, payload: dict[str, Any], *, ago: float, correlation_id: UUID, headers: dict[str, str]
) -> IncomingRecord:
    envelope = Envelope(
        payload=payload, correlation_id=correlation_id, envelope_timestamp=NOW - timedelta(seconds=ago)
    )
    return IncomingRecord(
        topic=topic, partition=0, offset=0, key=None, value=envelope.to_json(), headers=headers
    )


def introspection(
    *,
    reason: str = "request",
    life: str = "first",
    ago: float = 1.0,
    answer: bool = True,
    state: str = "ready",
    sequence: int = 0,
) -> IncomingRecord:
    payload = {
        "node_id": NODE_ID,
        "node_name": "echo",
        "node_type": "EFFECT",
        "node_version": {"major": 1, "minor": 2, "patch": 3},
        "discovered_capabilities": {"operations": ["echo"]},
        "endpoints": {"health": "http://h/health/live"},
        "reason": reason,
        "metadata": {
            "domain": "shop",
            "incarnation": life,
            "state": state,
            "ttl_seconds": 30,
            "sequence": sequence,
        },
    }
    return record(
        INTROSPECTION_TOPIC,
        payload,
        ago=ago,
        correlation_id=QUESTION if answer else uuid4(),
        headers={},
    )


def heartbeat(
    *, life: str = "first", ago: float = 0.5, state: str = "degraded", sequence: int = 0
) -> IncomingRecord:
    payload = {"node_id": NODE_ID, "uptime_seconds": 12.5, "active_operations_count": 3}
    headers = {"ns-state": state, "ns-incarnation": life, "ns-sequence": str(sequence)}
    return record(HEARTBEAT_TOPIC, payload, ago=ago, correlation_id=uuid4(), headers=headers)


def alive(*records: IncomingRecord, was_there: bool = True) -> list[SeenNode]:
    census = Census(question=QUESTION)
    for each in records:
        census.take(each, now=NOW, was_there=was_there)
    return census.alive(NOW)


@pytest.mark.parametrize("order", [1, -1])
def test_a_heartbeat_says_how_the_node_is_whichever_comes_first(order: int) -> None:
    (node,) = alive(*[introspection(), heartbeat()][::order])

    assert (node.full_name, node.node_type, node.version) == ("shop/echo", "effect", "1.2.3")
    assert (node.state, node.in_flight, node.uptime_seconds, node.answered) == ("degraded", 3, 12.5, True)


def test_a_node_was_up_until_it_was_last_seen_not_until_its_last_heartbeat() -> None:
    (node,) = alive(introspection(ago=1), heartbeat(ago=9))

    assert node.uptime_seconds == 12.5 + 8
    (unknown,) = alive(introspection(ago=1))
    assert unknown.uptime_seconds is None


def test_a_node_that_said_goodbye_is_not_alive() -> None:
    assert alive(introspection(ago=2), heartbeat(ago=1.5), introspection(reason="shutdown", ago=1)) == []


def test_a_node_that_was_silent_for_longer_than_it_said_is_not_alive() -> None:
    assert alive(introspection(ago=31, answer=False)) == []
    assert len(alive(introspection(ago=31, answer=False), heartbeat(ago=29))) == 1


def test_the_goodbye_of_an_earlier_life_does_not_end_the_next() -> None:
    late_goodbye = introspection(life="first", reason="shutdown", ago=1)

    (node,) = alive(introspection(life="first", ago=9), introspection(life="second", ago=2), late_goodbye)

    assert node.incarnation == "second"


def test_a_heartbeat_of_an_earlier_life_counts_for_nothing() -> None:
    (node,) = alive(introspection(life="second"), heartbeat(life="first"))

    assert (node.state, node.in_flight) == ("ready", None)


def test_only_the_first_answer_to_our_question_is_news() -> None:
    census = Census(question=QUESTION)

    news = [
        census.take(introspection(ago=3, answer=False), now=NOW),
        *(census.take(introspection(ago=n), now=NOW) for n in (2, 1)),
    ]

    assert news == [False, True, False]


@pytest.mark.parametrize(
    "value", [None, b"", b"[]", b"{", json.dumps({"payload": {"node_id": 1}}).encode(), b'{"payload": {}}']
)
@pytest.mark.parametrize("topic", [INTROSPECTION_TOPIC, HEARTBEAT_TOPIC])
def test_what_cannot_be_read_is_nothing(topic: str, value: bytes | None) -> None:
    census = Census(question=QUESTION)
    odd = IncomingRecord(topic=topic, partition=0, offset=0, key=None, value=value, headers={})

    assert census.take(odd, now=NOW) is False
    assert census.alive(NOW) == []
    assert census.refused.total() == 1


def test_what_comes_while_we_listen_is_of_now_whatever_the_clock_of_who_says_it() -> None:
    behind, ahead = introspection(ago=3600), introspection(ago=-3600)

    assert [node.last_seen for node in alive(behind, was_there=False)] == [NOW]
    assert [node.last_seen for node in alive(ahead, was_there=False)] == [NOW]
    assert alive(introspection(ago=3600, answer=False), heartbeat(ago=3600), was_there=False) != []


def test_what_nobody_asked_for_and_is_of_the_future_is_refused() -> None:
    assert alive(introspection(ago=-3600, answer=False), was_there=False) == []


def test_the_newest_word_of_a_life_counts_whatever_its_clock_did_meanwhile() -> None:
    draining = introspection(ago=60, state="draining", sequence=9)

    (node,) = alive(introspection(ago=1, sequence=8), draining, heartbeat(ago=0.5, sequence=7))

    assert (node.state, node.in_flight) == ("draining", 3)
