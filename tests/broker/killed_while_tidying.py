"""Do one thing to a log again and again, killed one step later each time, and look at what is left.

    python killed_while_tidying.py WHAT FOLDER

Prints how many steps there were; fails at the first that lost a record.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.kafka_wire import keyed_batch
from support.killed import killed_at_each_step

from nodesmith.broker.compacted import Compacted
from nodesmith.broker.compaction import compact
from nodesmith.broker.log import PartitionLog
from nodesmith.broker.record_set import read_records, unpack
from nodesmith.broker.records import check_batch, placed, read_header
from nodesmith.broker.topic_settings import TopicSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Check = Callable[[PartitionLog, bool], None]

KEYS = 5
RECORDS = 60
LAST_SEGMENT = 45


def record(number: int) -> bytes:
    return keyed_batch((b"key-%d" % (number % KEYS), b"%d" % number if number % 7 else None))


def fill(folder: Path) -> None:
    log = PartitionLog(folder)
    for number in range(RECORDS):
        if number % 15 == 0:
            log.roll()
        data = record(number)
        log.append(data, check_batch(data))
    log.close()


def fill_one_file(folder: Path) -> None:
    (folder / "0.start").write_text("10\n")
    batches = ((record(number), number) for number in range(5, RECORDS))
    (folder / "0.log").write_bytes(
        b"".join(part for one, offset in batches for part in placed(one, check_batch(one), offset))
    )


def offsets(log: PartitionLog) -> dict[int, bytes | None]:
    """Return the key of every record that can be read."""
    return dict(_read(log))


def _read(log: PartitionLog) -> Iterator[tuple[int, bytes | None]]:
    place = log.start_offset
    while data := log.read(place, max_bytes=1 << 20, at_least_one=True):
        while data:
            header = read_header(data)
            for facts in read_records(unpack(data[: header.size], header), header):
                if facts.offset >= log.start_offset:
                    yield facts.offset, facts.key
            place = header.last_offset + 1
            data = data[header.size :]


def expire(folder: Path) -> None:
    PartitionLog(folder).expire(keep_bytes=1, not_before=None)


def delete(folder: Path) -> None:
    PartitionLog(folder).delete_before(37)


def adopt(folder: Path) -> None:
    PartitionLog(folder / "0")


def compact_all(folder: Path, *, segment_bytes: int) -> None:
    async def pause() -> None:
        (folder / "pause").touch()  # a step that a kill can come at

    log = PartitionLog(folder)
    settings = TopicSettings(segment_bytes=segment_bytes, delete_retention_ms=0)
    for now in (1, 2):  # the second takes the tombstones
        Compacted(passes=Compacted.read(folder).passes).write(folder)
        asyncio.run(compact(log, settings, now_ms=now, last_batches={}, pause=pause))


def kept_from(*starts: int) -> Check:
    """Expect all from one of these offsets on, the last one where nothing came in between."""

    def check(log: PartitionLog, ended: bool) -> None:
        assert log.start_offset in (starts[-1:] if ended else starts), log.start_offset
        assert list(offsets(log)) == list(range(log.start_offset, RECORDS))

    return check


def last_of_each_key(log: PartitionLog, ended: bool) -> None:
    """Expect the last record of each key before the last segment, but for tombstones, and offsets as they were."""
    found = offsets(log)
    assert log.end_offset == RECORDS
    assert all(key == b"key-%d" % (offset % KEYS) for offset, key in found.items())
    last = [offset for offset in range(LAST_SEGMENT - KEYS, LAST_SEGMENT) if offset % 7]
    wanted = {*last, *range(LAST_SEGMENT, RECORDS)}
    assert wanted == set(found) if ended else wanted <= set(found), found


ACTS: dict[str, tuple[Callable[[Path], None], Callable[[Path], None], Check, str]] = {
    "retention": (fill, expire, kept_from(0, 15, 30, 45), ""),
    "deletion": (fill, delete, kept_from(0, 37), ""),
    "adoption": (fill_one_file, adopt, kept_from(10), "0"),
    "compaction": (fill, lambda folder: compact_all(folder, segment_bytes=1), last_of_each_key, ""),
    "merging": (fill, lambda folder: compact_all(folder, segment_bytes=1 << 20), last_of_each_key, ""),
}


def main(what: str, folder: Path) -> int:
    prepare, act, check, within = ACTS[what]
    places = list(killed_at_each_step(folder, prepare=prepare, act=act))
    for place in places:
        for _ in range(2):  # what was mended once is as good the second time
            log = PartitionLog(place / within)
            check(log, place is places[-1])
            log.close()
    return len(places)


if __name__ == "__main__":
    print(main(sys.argv[1], Path(sys.argv[2])))
