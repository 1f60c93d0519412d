"""A log of several segments: what is read across them, what goes, and what a kill at any step leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st
from support.broker import running_broker
from support.kafka_clients import consumer, read, values_of
from support.kafka_wire import batch, wire_client

from nodesmith.broker.log import PartitionLog
from nodesmith.broker.records import check_batch, placed, read_header

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest


def fill(log: PartitionLog, segments: Sequence[int]) -> None:
    """Write so many batches of two records into each segment."""
    for number, batches in enumerate(segments):
        if number:
            log.roll()
        for _ in range(batches):
            data = batch(b"x" * 10, b"y" * 10)
            log.append(data, check_batch(data))


def offsets(log: PartitionLog, start: int, *, max_bytes: int = 100) -> list[int]:
    """Return where the batches begin that a reader finds who goes on until there is nothing more."""
    found: list[int] = []
    while data := log.read(start, max_bytes=max_bytes, at_least_one=True):
        while data:
            header = read_header(data)
            found.append(header.base_offset)
            start = header.last_offset + 1
            data = data[header.size :]
    return found


@given(
    segments=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    start=st.integers(0, 40),
    max_bytes=st.integers(0, 500),
)
@settings(max_examples=60, deadline=None)
def test_a_reader_goes_from_segment_to_segment_also_after_a_restart(
    tmp_path_factory: pytest.TempPathFactory, segments: list[int], start: int, max_bytes: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = PartitionLog(folder)
    fill(log, segments)
    log.close()
    again = PartitionLog(folder)
    expected = list(range(0, 2 * sum(segments), 2))
    assert offsets(again, start, max_bytes=max_bytes) == [one for one in expected if one + 1 >= start]
    assert again.end_offset == 2 * sum(segments)
    assert len(again.segments) == len(segments)
    again.close()


def test_so_many_bytes_stay_at_least_and_no_whole_segment_more(tmp_path: Path) -> None:
    log = PartitionLog(tmp_path)
    fill(log, [3, 3, 3, 1])
    one = log.segments[0].size
    assert not log.expire(keep_bytes=log.size - one + 1, not_before=None)
    assert log.expire(keep_bytes=log.size - one, not_before=None)
    assert (log.start_offset, log.end_offset) == (6, 20)
    assert log.expire(keep_bytes=0, not_before=None)
    assert (log.start_offset, len(log.segments)) == (18, 1), "the one that is written to stays"
    assert len(list(tmp_path.glob("*.log"))) == 1
    log.close()


def test_what_is_too_old_goes_if_all_of_it_is(tmp_path: Path) -> None:
    log = PartitionLog(tmp_path)
    for timestamp in (1_000, 2_000, 3_000):
        data = batch(b"x", timestamp=timestamp)
        log.append(data, check_batch(data))
        log.roll()
    assert log.expire(keep_bytes=None, not_before=2_001)
    assert (log.start_offset, log.end_offset) == (2, 3)
    assert log.expire(keep_bytes=None, not_before=9_999)
    assert (log.start_offset, log.end_offset) == (3, 3)
    log.close()
    log = PartitionLog(tmp_path)
    assert (log.start_offset, log.end_offset) == (3, 3)
    log.close()


def test_data_of_earlier_versions_is_read(tmp_path: Path) -> None:
    """One file a partition, and beside it where the log starts."""
    topic_id = uuid4()
    folder = tmp_path / "data" / "topics" / topic_id.hex
    folder.mkdir(parents=True)
    described = {"name": "old", "id": str(topic_id), "partitions": 1}
    (folder / "topic.json").write_text(json.dumps(described))
    batches = [batch(b"%d" % number) for number in range(5)]
    whole = [b"".join(placed(one, check_batch(one), number)) for number, one in enumerate(batches)]
    (folder / "0.log").write_bytes(b"".join(whole[1:]))
    (folder / "0.start").write_text("2\n")
    for kill in (True, False):
        with running_broker(tmp_path / "data") as broker:
            with wire_client(broker.port) as client:
                assert client.fetch("old", 0).error_code.name == "offset_out_of_range"
            with consumer(broker.bootstrap_servers, "old") as reader:
                reader.subscribe(["old"])
                assert values_of(read(reader, 3)) == [b"2", b"3", b"4"]
            if kill:
                broker.kill()
    assert not (folder / "0.log").exists()
