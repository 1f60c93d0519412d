from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodesmith.errors import InvalidEnvelopeError
from nodesmith.runtime.envelope import (
    OutgoingRecord,
    make_envelope,
    read_envelope,
    record_headers,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=10,
)


def test_a_payload_alone_is_a_valid_command() -> None:
    envelope = read_envelope(b'{"payload": {"a": 1}}')
    assert envelope.payload == {"a": 1}
    assert envelope.correlation_id == envelope.envelope_id
    assert envelope.envelope_timestamp.tzinfo is not None
    assert envelope.event_type is None


def test_unknown_fields_and_nulls_of_richer_envelopes_are_ignored() -> None:
    value = {"payload": {}, "envelope_id": None, "correlation_id": None, "priority": 5, "metadata": {"a": 1}}
    assert read_envelope(json.dumps(value).encode()).payload == {}


def test_a_timestamp_without_a_zone_is_taken_as_utc() -> None:
    envelope = read_envelope(b'{"payload": {}, "envelope_timestamp": "2026-01-02T03:04:05"}')
    assert envelope.envelope_timestamp == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, b"", b"no json", b"[]", b"{}", b'{"payload": 3}', b"\xff\xfe"])
def test_what_is_no_envelope_is_refused_with_what_to_send(value: bytes | None) -> None:
    with pytest.raises(InvalidEnvelopeError) as caught:
        read_envelope(value)
    assert '{"payload": {...}}' in caught.value.fix


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_any_json_payload_travels_unchanged(payload: dict[str, object]) -> None:
    sent = make_envelope(payload, event_type="a.b.c", source="a", parent_envelope_id=uuid4())
    assert read_envelope(sent.to_json()) == sent


def test_what_is_not_known_is_left_out_of_the_json() -> None:
    sent = json.loads(make_envelope({}, event_type="a.b.c", source="a").to_json())
    assert set(sent) == {
        "payload",
        "envelope_id",
        "envelope_timestamp",
        "correlation_id",
        "event_type",
        "source_tool",
    }


def test_headers_carry_cloud_events_and_a_trace() -> None:
    envelope = make_envelope({}, event_type="a.b.c", source="a")
    headers = dict(record_headers(OutgoingRecord(topic="t", envelope=envelope), source="node"))
    assert headers["ce_id"] == str(envelope.envelope_id)
    assert headers["ce_type"] == "a.b.c"
    assert headers["ce_source"] == "node"
    assert headers["ce_specversion"] == "1.0"
    assert len(str(headers["traceparent"])) == 55
