"""What is read of the discovery topics, to which anybody may write."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodesmith.errors import RefusedSightingError
from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC
from nodesmith.runtime.records import IncomingRecord
from nodesmith.runtime.sighting import MOST_BYTES, Heartbeat, Introduction, Sighting, read_sighting

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NODE_ID = UUID(int=7)
QUESTION = UUID(int=8)

ONEX_OWN: dict[str, Any] = {
    "node_id": str(NODE_ID),
    "node_name": "echo",
    "node_type": "effect",
    "node_version": {"major": 1, "minor": 2, "patch": 3},
}


def read(topic: str, value: object, headers: dict[str, str] | None = None) -> Sighting:
    data = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
    record = IncomingRecord(topic=topic, partition=0, offset=0, key=None, value=data, headers=headers or {})
    return read_sighting(record, now=NOW)


def envelope(payload: dict[str, Any], *, at: datetime = NOW) -> dict[str, Any]:
    return {
        "payload": payload,
        "envelope_timestamp": at.isoformat(),
        "correlation_id": str(QUESTION),
    }


def introduction(**changes: Any) -> Introduction:
    said = read(INTROSPECTION_TOPIC, envelope(ONEX_OWN | changes))
    assert isinstance(said, Introduction)
    return said


def heartbeat(headers: dict[str, str]) -> Heartbeat:
    payload = ONEX_OWN | {"uptime_seconds": 12.5, "active_operations_count": 3}
    said = read(HEARTBEAT_TOPIC, envelope(payload), headers)
    assert isinstance(said, Heartbeat)
    return said


def test_a_node_of_onexs_own_is_read_with_what_it_does_not_say_left_open() -> None:
    said = introduction(node_type="EFFECT_GENERIC")

    assert (said.node_id, said.full_name, said.archetype, said.version) == (
        str(NODE_ID),
        "general/echo",
        "effect",
        "1.2.3",
    )
    assert (said.state, said.incarnation, said.ttl_seconds, said.details) == ("", "", 90.0, None)


def test_everything_a_node_says_of_itself_is_read() -> None:
    said = introduction(
        reason="request",
        discovered_capabilities={"operations": ["a", "b"]},
        declared_capabilities={"capabilities": ["shop.a"]},
        endpoints={"health": "http://h:1/health/live"},
        event_bus={"subscribe_topics": [{"topic": "in"}], "publish_topics": [{"topic": "out"}]},
        metadata={
            "domain": "shop",
            "incarnation": "i",
            "sequence": 4,
            "state": "degraded",
            "ttl_seconds": 30,
            "waits_for": ["postgresql"],
            "contract_digest": "0123456789abcdef",
            "started_at": "2026-01-02T03:04:05+01:00",
            "stats": {"endpoints": []},
        },
    )

    assert (said.domain, said.incarnation, said.sequence, said.state) == ("shop", "i", 4, "degraded")
    assert (said.operations, said.capabilities) == (("a", "b"), ("shop.a",))
    assert (said.subscribes, said.publishes, said.waits_for) == (("in",), ("out",), ("postgresql",))
    assert (said.answers, said.stats, said.dropped) == (QUESTION, {"endpoints": []}, 0)
    assert said.started_at == NOW - timedelta(hours=1)


def test_a_goodbye_is_a_node_that_stopped_and_answers_nobody() -> None:
    said = introduction(reason="shutdown", metadata={"state": "draining"})

    assert (said.state, said.answers) == ("stopped", None)


def test_a_heartbeat_says_how_a_node_is_and_what_it_counted() -> None:
    said = heartbeat(
        {
            "ns-state": "ready",
            "ns-incarnation": "i",
            "ns-sequence": "9",
            "ns-ttl": "30.0",
            "ns-outbox": "2",
            "ns-requests": "11",
            "ns-p99-ms": "1.5",
            "ns-last-error": "TemporaryError",
        }
    )

    assert (said.state, said.sequence, said.ttl_seconds, said.in_flight, said.outbox) == (
        "ready",
        9,
        30,
        3,
        2,
    )
    figures = said.figures
    assert (figures.requests, figures.errors, figures.p99_ms, figures.last_error) == (
        11,
        None,
        1.5,
        "TemporaryError",
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"node_id": None}, "no-id"),
        ({"node_id": "7"}, "bad-field"),
        ({"node_id": []}, "bad-field"),
        ({"node_name": "\x1b[2J"}, "bad-field"),
        ({"node_name": "n" * 201}, "bad-field"),
        ({"node_name": None}, "bad-field"),
        ({"node_type": {}}, "bad-field"),
        ({"node_version": {"major": -1}}, "bad-field"),
        ({"node_version": {"major": True}}, "bad-field"),
        ({"metadata": {"state": "haunted"}}, "bad-field"),
        ({"metadata": {"incarnation": ["i"]}}, "bad-field"),
        ({"metadata": {"sequence": 10**400}}, "bad-field"),
        ({"metadata": {"ttl_seconds": 0.5}}, "bad-ttl"),
        ({"metadata": {"ttl_seconds": 3601}}, "bad-ttl"),
        ({"metadata": {"ttl_seconds": float("nan")}}, "bad-ttl"),
        ({"metadata": {"ttl_seconds": "30"}}, "bad-ttl"),
    ],
)
def test_an_introduction_that_cannot_be_is_refused_in_a_word(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RefusedSightingError) as refused:
        introduction(**changes)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"ns-ttl": "soon"}, "bad-field"),
        ({"ns-ttl": "inf"}, "bad-field"),
        ({"ns-ttl": "0"}, "bad-ttl"),
        ({"ns-requests": "-1"}, "bad-field"),
        ({"ns-p50-ms": "nan"}, "bad-field"),
        ({"ns-sequence": "9" * 30}, "bad-field"),
        ({"ns-state": "\n"}, "bad-field"),
    ],
)
def test_a_heartbeat_that_cannot_be_is_refused_in_a_word(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(RefusedSightingError) as refused:
        heartbeat(headers)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("topic", "value", "reason"),
    [
        (INTROSPECTION_TOPIC, None, "not-an-envelope"),
        (INTROSPECTION_TOPIC, b"[", "not-an-envelope"),
        (HEARTBEAT_TOPIC, {"payload": []}, "not-an-envelope"),
        (HEARTBEAT_TOPIC, envelope({}), "no-id"),
        (INTROSPECTION_TOPIC, b" " * (MOST_BYTES + 1), "too-large"),
        (INTROSPECTION_TOPIC, envelope(ONEX_OWN, at=NOW + timedelta(minutes=6)), "from-the-future"),
        ("onex.evt.shop.echo-completed.v1", envelope(ONEX_OWN), "not-introspection"),
    ],
)
def test_a_record_that_is_none_is_refused_in_a_word(topic: str, value: object, reason: str) -> None:
    with pytest.raises(RefusedSightingError) as refused:
        read(topic, value)

    assert refused.value.reason == reason


def test_what_could_harm_who_is_shown_it_is_left_out_and_counted() -> None:
    said = introduction(
        endpoints={
            "health": "http://h/live",
            "page": "javascript:alert(1)",
            "user": "http://u:p@h/",
            "odd": "http://[",
        },
        discovered_capabilities={"operations": ["a", "\x1b[2J", 5, *(f"o{n}" for n in range(600))]},
        metadata={"description": "one\x1b[2J\ntwo" + "x" * 5000, "details": "none"},
    )

    assert said.endpoints == {"health": "http://h/live"}
    assert len(said.operations) == 498
    assert said.description.isprintable()
    assert len(said.description) < 2100
    assert said.dropped == 3 + 105 + 1


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=6,
)
FIELDS = [
    *ONEX_OWN,
    *("reason", "endpoints", "metadata", "event_bus", "discovered_capabilities", "declared_capabilities"),
    *("uptime_seconds", "active_operations_count"),
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=st.dictionaries(st.sampled_from(FIELDS), odd),
    topic=st.sampled_from([INTROSPECTION_TOPIC, HEARTBEAT_TOPIC]),
)
def test_whatever_is_in_a_record_it_is_read_or_refused(changes: dict[str, Any], topic: str) -> None:
    value = envelope({**ONEX_OWN, "node_id": str(uuid4()), **changes})
    refused = ""
    try:
        read(topic, value)
    except RefusedSightingError as error:
        refused = error.reason
    assert refused in {"", "not-an-envelope", "no-id", "bad-field", "bad-ttl"}
