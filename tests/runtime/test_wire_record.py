"""Records as bytes: whatever is in them comes back as it was."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from nodesmith.runtime.wire_record import WireRecord, pack, unpack

DATA = st.none() | st.binary(max_size=30)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
RECORDS = st.builds(
    WireRecord,
    topic=NAMES,
    key=DATA,
    headers=st.lists(st.tuples(NAMES, DATA), max_size=4).map(tuple),
    value=DATA,
)


@given(st.lists(RECORDS, max_size=4))
def test_what_is_packed_comes_back_as_it_was(records: list[WireRecord]) -> None:
    assert unpack(pack(records)) == tuple(records)


@given(RECORDS)
def test_a_record_counts_its_key_value_and_headers(record: WireRecord) -> None:
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    assert record.size == len(record.key or b"") + len(record.value or b"") + headers


def test_what_earlier_versions_packed_can_be_read() -> None:
    head = json.dumps([["t", "k\xff", [["a", "\xfe"], ["b", None]], 2], ["u", None, [], None]]).encode()

    records = unpack(len(head).to_bytes(4, "big") + head + b"vv")

    first = WireRecord(topic="t", key=b"k\xff", headers=(("a", b"\xfe"), ("b", None)), value=b"vv")
    assert records == (first, WireRecord(topic="u", key=None, headers=(), value=None))
