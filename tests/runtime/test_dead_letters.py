"""Dead letters by themselves: what they say is read back, and the record in them is the one that came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodesmith.errors import InvalidEnvelopeError, TemporaryError
from nodesmith.runtime.dead_letters import (
    CUT_BYTES,
    REPLAY_HEADER,
    cut,
    dead_letter,
    read_dead_letter,
    replay,
    replays_of,
    to_record,
)
from nodesmith.runtime.records import REPLAY_ID_HEADER, IncomingRecord
from nodesmith.runtime.retrying import Failure
from nodesmith.runtime.wire_record import WireRecord

TOPIC = "onex.dlq.demo.flaky.v1"
FIRST = datetime(2026, 11, 25, 8, 30, tzinfo=timezone(timedelta(hours=2)))

maybe_bytes = st.none() | st.binary(max_size=40)
headers = st.lists(st.tuples(st.text(min_size=1, max_size=12), maybe_bytes), max_size=6).map(tuple)
failures = st.builds(
    Failure,
    error=st.text(st.characters(codec=None), max_size=60).map(TemporaryError),
    attempts=st.integers(1, 1000),
    first_at=st.just(FIRST),
    last_at=st.datetimes(timezones=st.just(UTC)),
    used_up=st.booleans(),
)
records = st.builds(
    IncomingRecord,
    topic=st.text(min_size=1, max_size=30),
    partition=st.integers(0, 2**31 - 1),
    offset=st.integers(0, 2**63 - 1),
    key=maybe_bytes,
    value=maybe_bytes,
    headers=st.just({}),
    all_headers=headers,
)


def arrived(record: WireRecord) -> IncomingRecord:
    """Return what a reader of the topic gets."""
    return IncomingRecord(
        topic=record.topic,
        partition=1,
        offset=7,
        key=record.key,
        value=record.value,
        headers={
            name: value.decode() for name, value in record.headers if name == REPLAY_ID_HEADER and value
        },
        all_headers=record.headers,
    )


def example(**changes: object) -> IncomingRecord:
    known: dict[str, object] = {"topic": "t", "partition": 2, "offset": 3, "key": b"k", "value": b"v"}
    return IncomingRecord(**{**known, "headers": {}, **changes})  # type: ignore[arg-type]


def failure(message: str = "away") -> Failure:
    last = FIRST + timedelta(seconds=1.5)
    return Failure(error=TemporaryError(message), attempts=5, first_at=FIRST, last_at=last, used_up=True)


@given(record=records, failure=failures)
def test_a_dead_letter_is_read_back_as_it_was_written(record: IncomingRecord, failure: Failure) -> None:
    letter = dead_letter(record, failure)
    read = read_dead_letter(arrived(to_record(letter, topic=TOPIC)))
    assert (read.key, read.value, read.headers) == (record.key, record.value, letter.headers)
    assert (read.topic, read.partition, read.offset) == (record.topic, record.partition, record.offset)
    assert (read.error_type, read.attempts) == ("TemporaryError", failure.attempts)
    assert read.error_message == letter.error_message
    assert read.first_failure == FIRST
    assert abs(read.last_failure - failure.last_at) < timedelta(milliseconds=1)


@given(record=records)
def test_a_replayed_record_has_its_bytes_and_headers_and_counts_its_replays(record: IncomingRecord) -> None:
    once = replay(dead_letter(record, failure()))
    twice = replay(dead_letter(arrived(once), failure()))
    before = replays_of(record.all_headers)
    kept = tuple(pair for pair in record.all_headers if not pair[0].startswith(("ns-dlq-", "ns-replay")))
    own_id = (REPLAY_ID_HEADER, str(record.own_id).encode())
    assert (once.topic, once.key, once.value) == (record.topic, record.key, record.value)
    assert once.headers == (*kept, (REPLAY_HEADER, b"%d" % (before + 1)), own_id)
    assert twice.headers == (*kept, (REPLAY_HEADER, b"%d" % (before + 2)), own_id)


def test_its_facts_are_headers_that_any_client_can_read() -> None:
    came = example(all_headers=(("x", b"1"),))
    record = to_record(dead_letter(came, failure()), topic=TOPIC)
    assert (record.topic, record.key, record.value) == (TOPIC, b"k", b"v")
    assert record.headers == (
        ("x", b"1"),
        ("ns-dlq-error-type", b"TemporaryError"),
        ("ns-dlq-error-message", b"away"),
        ("ns-dlq-attempts", b"5"),
        ("ns-dlq-first-failure", b"2026-11-25T06:30:00.000Z"),
        ("ns-dlq-last-failure", b"2026-11-25T06:30:01.500Z"),
        ("ns-dlq-topic", b"t"),
        ("ns-dlq-partition", b"2"),
        ("ns-dlq-offset", b"3"),
        ("ns-dlq-replays", b"0"),
        ("ns-dlq-record-id", str(came.own_id).encode()),
    )


def test_facts_that_somebody_put_into_the_record_itself_do_not_count() -> None:
    forged = (("ns-dlq-attempts", b"99"), ("ns-dlq-topic", b"elsewhere"))
    letter = dead_letter(example(all_headers=forged), failure())
    assert letter.headers == ()
    assert read_dead_letter(arrived(to_record(letter, topic=TOPIC))).topic == "t"


def test_a_long_message_is_shortened_so_that_the_record_stays_within_bounds() -> None:
    letter = dead_letter(example(), failure("ü" * 10_000))
    read = read_dead_letter(arrived(to_record(letter, topic=TOPIC)))
    assert read.error_message == "ü" * 2_000 + " ..."


def test_a_letter_that_no_broker_takes_keeps_its_beginning_and_says_how_much_there_was() -> None:
    record = example(value=b"x" * 2_000_000, all_headers=(("large", b"y" * 500_000), (REPLAY_HEADER, b"2")))
    record_in_part = to_record(cut(dead_letter(record, failure())), topic=TOPIC)
    read = read_dead_letter(arrived(record_in_part))
    assert record_in_part.size < CUT_BYTES + 1_000
    assert (read.value, read.cut_from, read.replays) == (b"x" * CUT_BYTES, 2_000_000, 2)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ns-dlq-attempts", None, "invalid literal"),
        ("ns-dlq-offset", b"\xff", "invalid"),
        ("ns-dlq-topic", b"\xff", "decode"),
        ("ns-dlq-last-failure", b"2026-11-25T06:30:00", "has no time zone"),
        ("", b"", "has no header 'ns-dlq-error-type'"),
    ],
)
def test_what_is_no_dead_letter_is_refused_with_its_place(
    name: str, value: bytes | None, reason: str
) -> None:
    record = to_record(dead_letter(example(), failure()), topic=TOPIC)
    spoilt = tuple((n, value if n == name else v) for n, v in record.headers) if name else ()
    with pytest.raises(InvalidEnvelopeError, match=rf"record 7 of {TOPIC}, partition 1, .*{reason}"):
        read_dead_letter(arrived(WireRecord(topic=TOPIC, key=None, headers=spoilt, value=None)))


@pytest.mark.parametrize(
    ("value", "count"),
    [(b"3", 3), (b"", 0), (None, 0), (b"-1", 0), (b"many", 0), ("²".encode(), 0), (b"9" * 10, 0)],
)
def test_a_replay_header_that_says_nothing_counts_as_none(value: bytes | None, count: int) -> None:
    assert replays_of(((REPLAY_HEADER, b"1"), (REPLAY_HEADER, value))) == count
