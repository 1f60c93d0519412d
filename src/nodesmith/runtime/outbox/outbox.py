"""The outbox: a bounded queue, and one thread that owns its file and the Kafka producer.

A record somebody is told is safe is on the disk before it leaves. A record whose sender waits for the broker, and has
kept what it was made from until then, leaves at once, and is written only where the broker does not answer soon: so a
result costs no write of its own, since its command is committed after it. Either way it is sent until it is acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Literal, Protocol

from confluent_kafka import KafkaError, KafkaException

from nodesmith.errors import BusUnavailableError, OutboxFullError, PublishError
from nodesmith.runtime.outbox.adoption import Adoption
from nodesmith.runtime.outbox.bounds import OutboxBounds, Room
from nodesmith.runtime.outbox.client import NO_TOPIC, OF_A_BATCH, PERMANENT, OutboxClient, Report, cause_of
from nodesmith.runtime.outbox.line import Entry, Line
from nodesmith.runtime.outbox.rows import OutboxRows, StoredRecord, open_rows
from nodesmith.runtime.outbox.slots import Slot, first_free
from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from nodesmith.runtime.client import ClientSettings
    from nodesmith.runtime.wire_record import WireRecord

logger = logging.getLogger("nodesmith.runtime.outbox")

Until = Literal["stored", "acknowledged"]

_BATCH = 1_000
# What is with the client and not acknowledged; everything beyond that waits in the file and costs no memory.
_WINDOW_RECORDS = 2_000
_WINDOW_BYTES = 16 * 1_048_576
_BUSY_TURN_SECONDS = 0.05
_IDLE_TURN_SECONDS = 0.5
_STORE_AFTER_SECONDS = 0.5
_TRY_AGAIN_SECONDS = 1.0
_TELL_AGAIN_SECONDS = 30.0
_LONGEST_CLIENT_PAUSE_SECONDS = 10.0
_LOOK_AT_AGE_SECONDS = 0.5
_OPEN_SECONDS = 5.0
_CLOSE_SECONDS = 5.0
_PURGED = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})  # noqa: SLF001 - public names

Told = tuple["asyncio.Future[None] | None", "Exception | None"]


class OutboxMetrics(Protocol):
    """What an outbox counts; called in its thread and on the event loop."""

    def record_acknowledged(self, topic: str, seconds: float) -> None:
        """Count a record the broker has, and how long it took since the Kafka client was given it."""

    def record_refused(self, topic: str, reason: str, seconds: float) -> None:
        """Count a record no broker would take."""

    def outbox_full(self) -> None:
        """Count a record that was turned away."""

    def outbox_not_written(self) -> None:
        """Count a write that failed."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """Records that were put in one turn of the event loop."""

    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class _Heard:
    """What became of records that were sent."""

    reports: list[Report]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """Something to do beside records: let nobody wait, or stop by `deadline`."""

    deadline: float | None = None


class Outbox:
    """Takes records and sends them, in order per key, for as long as it takes.

    `folder` holds the files of all instances of a node; this one takes the first that is free and adopts those of
    instances that died. `is_up` says whether a broker can be reached. While the file cannot be written `problem` says why.
    `oldest_at` is when the oldest of the records that wait on the disk was taken, in seconds of the epoch; None where none does.
    """

    def __init__(
        self,
        *,
        folder: Path,
        bounds: OutboxBounds,
        client_settings: ClientSettings,
        is_up: Callable[[], bool],
        metrics: OutboxMetrics,
    ) -> None:
        self.problem = ""
        self.oldest_at: float | None = None
        self._next_look_at_age = 0.0
        self._folder = folder
        self._room = Room(bounds=bounds)
        self._settings = client_settings
        self._is_up = is_up
        self._metrics = metrics
        self._put: list[Entry] = []
        self._inbox: SimpleQueue[_Taken | _Heard | _Order] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._opened = asyncio.Event()
        self._closed = False
        self._thread = Thread(target=self._run, daemon=True, name="nodesmith outbox")
        self._client: OutboxClient | None = None
        self._slot: Slot | None = None
        self._rows: OutboxRows | None = None
        self._adoption = Adoption(folder)
        self._sequence = 0
        self._line = Line()
        self._new: list[Entry] = []
        self._window: dict[int, Entry] = {}
        self._window_bytes = 0
        # Whether there is more in the file than in memory: what follows `_read_upto`.
        self._behind = False
        self._read_upto = 0
        self._only_in_file: dict[int, Entry] = {}
        self._not_stored: dict[int, Entry] = {}
        self._gone: list[int] = []
        self._told: list[Told] = []
        self._next_try = 0.0
        self._next_client = 0.0
        self._failures = 0
        self._stop_by: float | None = None
        self._absent: frozenset[str] = frozenset()
        self._told_at: dict[tuple[str, int], float] = {}

    @property
    def absent_topics(self) -> frozenset[str]:
        """The topics that the broker does not know and that records wait for."""
        return self._absent

    @property
    def records(self) -> int:
        """How many records are not acknowledged."""
        return self._room.records

    @property
    def bytes(self) -> int:
        """How many bytes they have."""
        return self._room.bytes

    async def start(self) -> None:
        """Take a file and begin to send what is in it; returns all the same where that fails, and goes on trying."""
        self._thread.start()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._opened.wait(), _OPEN_SECONDS)

    async def put(self, record: WireRecord, *, until: Until) -> None:
        """Return when `record` is on the disk, or when the broker has it.

        Raises OutboxFullError where the bounds are reached, PublishError where it cannot be written or the broker would
        never take it. A record that waits for the broker still leaves when its waiting is cancelled.
        """
        if self._closed:
            raise BusUnavailableError("the outbox is closed: the node is stopping")
        if not self._room.take(record.size):
            self._metrics.outbox_full()
            raise OutboxFullError(
                f"{self.records} records of {self.bytes:,} bytes wait in the outbox, and no more may",
                topic=record.topic,
                fix="see why they do not leave (/health/ready), or set OUTBOX_MAX_RECORDS and OUTBOX_MAX_BYTES",
            )
        future: asyncio.Future[None] = self._loop.create_future()
        stored = until == "stored"
        if not self._put:
            self._loop.call_soon(self._hand_over)
        self._put.append(
            Entry(
                lane=(record.topic, record.key),
                size=record.size,
                record=record,
                taken=time.monotonic(),
                taken_at=time.time(),
                must_be_stored=stored,
                on_stored=future if stored else None,
                on_acknowledged=None if stored else future,
            )
        )
        await future

    def let_go(self) -> None:
        """Let nobody wait for the broker any longer: what is not acknowledged is written, and leaves later."""
        self._hand_over()
        self._inbox.put(_Order())

    async def close(self, seconds: float) -> int:
        """Send for at most `seconds`, leave the rest in the file, and return how many records that is."""
        if self._closed:
            return self.records
        self._closed = True
        self._hand_over()
        self._inbox.put(_Order(deadline=time.monotonic() + seconds))
        if self._thread.ident is not None:
            await in_thread(self._thread.join, seconds + _CLOSE_SECONDS)
        return self.records

    def _hand_over(self) -> None:
        """Give the thread all that was put in this turn of the event loop at once."""
        put, self._put = self._put, []
        if put:
            self._inbox.put(_Taken(put))

    # From here on: in the thread that owns the file and the producer.

    def _run(self) -> None:
        while self._stop_by is None or self._goes_on():
            try:
                self._turn()
            except sqlite3.Error as error:
                self._fail_to_write(error)
            except Exception:  # whatever it was, what waits here must still leave
                logger.exception("the outbox was disturbed")
                time.sleep(_BUSY_TURN_SECONDS)
            self._tell()
        self._finish()
        self._tell()

    def _goes_on(self) -> bool:
        """Whether a stopping outbox still has something to send, and time."""
        assert self._stop_by is not None
        something = self._new or self._window or self._line.ready or self._behind or not self._inbox.empty()
        return bool(something) and time.monotonic() < self._stop_by

    def _turn(self) -> None:
        self._open()
        self._take_in()
        self._admit()
        self._write_what_is_due()
        self._adopt()
        self._line.release(now=time.monotonic())
        self._send()
        self._look_at_age()

    def _look_at_age(self) -> None:
        """Find out, now and then, since when the oldest record on the disk waits, or one that should be there."""
        now = time.monotonic()
        if now < self._next_look_at_age:
            return
        self._next_look_at_age = now + _LOOK_AT_AGE_SECONDS
        oldest = [self._rows.oldest()] if self._rows is not None else []
        oldest += [entry.taken_at for entry in list(self._not_stored.values())[:1]]
        self.oldest_at = min((each for each in oldest if each is not None), default=None)

    def _reported(self, reports: list[Report]) -> None:
        """Take note of what became of records; called in the client's own thread."""
        self._inbox.put(_Heard(reports))

    def _take_in(self) -> None:
        """Wait for something to do, and take all that is there with it."""
        busy = self._gone or self._not_stored or self._line.waiting or self._stop_by is not None
        wait = _BUSY_TURN_SECONDS if busy else _IDLE_TURN_SECONDS
        if self._adoption.under_way or (self._behind and not self._window and not self.problem):
            wait = 0.001
        with contextlib.suppress(Empty):
            item = self._inbox.get(timeout=wait)
            self._take(item)
            while len(self._new) < _BATCH:
                self._take(self._inbox.get_nowait())

    def _take(self, item: _Taken | _Heard | _Order) -> None:
        if isinstance(item, _Taken):
            self._new += item.entries
        elif isinstance(item, _Heard):
            self._hear(item.reports)
        elif item.deadline is not None:
            self._stop_by = item.deadline
        else:
            self._let_all_go()

    def _open(self) -> None:
        """Take a file where we have none yet, and make the client."""
        now = time.monotonic()
        if self._client is None and now >= self._next_client:
            self._next_client = now + _TRY_AGAIN_SECONDS
            self._client = OutboxClient(self._settings, reported=self._reported)
        if self._rows is not None or now < self._next_try:
            return
        self._next_try = now + _TRY_AGAIN_SECONDS
        try:
            slot = self._slot = self._slot or first_free(self._folder)
            rows = open_rows(slot.path)
        except (OSError, sqlite3.Error) as error:
            self._fail_to_write(error)
            return
        records, size = rows.totals()
        self._room.add(records=records, size=size)
        self._sequence = max(self._sequence, rows.last())
        self._behind = self._behind or records > 0
        self._rows = rows
        if records:
            logger.info("%s records of an earlier run are sent first", records)
        self._write_again()
        self._call(self._opened.set)

    def _admit(self) -> None:
        """Write the new entries that have to be on the disk, and put all of them in line."""
        entries, self._new = self._new, []
        if not entries:
            return
        for entry in entries:
            self._sequence += 1
            entry.sequence = self._sequence
        everything = self._behind or not self._is_up()
        unwritten = self._store([entry for entry in entries if entry.must_be_stored or everything])
        for entry in entries:
            if entry in unwritten and (entry.must_be_stored or self._behind):
                self._turn_away(entry)
            else:
                self._put_in_line(entry)
        self._behind = self._behind or self._is_too_much()

    def _put_in_line(self, entry: Entry) -> None:
        if entry.stored and entry.on_stored is not None:
            self._told.append((entry.on_stored, None))
            entry.on_stored = None
        if not entry.stored:
            self._not_stored[entry.sequence] = entry
        if self._behind:
            entry.record = None
            if entry.on_acknowledged is not None:
                self._only_in_file[entry.sequence] = entry
        else:
            self._read_upto = entry.sequence
            self._line.ready.append(entry)

    def _is_too_much(self) -> bool:
        in_memory = len(self._line.ready) + len(self._window)
        return self._rows is not None and (
            in_memory > 2 * _WINDOW_RECORDS or (in_memory > 1 and self.bytes > 2 * _WINDOW_BYTES)
        )

    def _turn_away(self, entry: Entry) -> None:
        error = PublishError(
            self.problem or "the outbox cannot be written",
            topic=entry.lane[0],
            fix="make room on the disk of NODESMITH_DATA_DIR, or let it be written to",
        )
        self._room.free(entry.size)
        self._told += [(entry.on_stored, error), (entry.on_acknowledged, error)]

    def _store(self, entries: Sequence[Entry]) -> frozenset[Entry]:
        """Write entries, and return those that could not be: all or none."""
        if not entries:
            return frozenset()
        try:
            self._write(entries)
        except sqlite3.Error as error:
            self._fail_to_write(error)
        if entries[0].stored:
            self._write_again()
            return frozenset()
        self._metrics.outbox_not_written()
        return frozenset(entries)

    def _write(self, entries: Iterable[Entry]) -> None:
        if self._rows is None:
            return
        pairs = [(entry, entry.record) for entry in entries]
        gone, self._gone = self._gone, []
        try:
            self._rows.write(
                [
                    StoredRecord(sequence=entry.sequence, record=record, taken_at=entry.taken_at)
                    for entry, record in pairs
                    if record is not None
                ],
                gone=gone,
            )
        except sqlite3.Error:
            self._gone = [*gone, *self._gone]
            raise
        for entry, _ in pairs:
            entry.stored = True
            self._not_stored.pop(entry.sequence, None)

    def _write_what_is_due(self) -> None:
        """Forget what is acknowledged, and write what the broker does not answer for; after a failure, try that first."""
        now = time.monotonic()
        if self.problem:
            if self._rows is None or now < self._next_try:
                return
            self._next_try = now + _TRY_AGAIN_SECONDS
            self._rows.try_to_write()
            self._write_again()
        late = [entry for entry in self._not_stored.values() if now - entry.taken > _STORE_AFTER_SECONDS]
        if late or self._gone:
            self._write(late)

    def _fail_to_write(self, error: Exception) -> None:
        self._next_try = time.monotonic() + _TRY_AGAIN_SECONDS
        problem = f"the outbox in {self._folder} cannot be written: {error}"
        if not self.problem:
            logger.error("%s; what cannot be kept is refused until it can", problem)
        self.problem = problem

    def _write_again(self) -> None:
        if self.problem:
            logger.info("the outbox can be written again")
        self.problem = ""

    def _send(self) -> None:
        """Hand over what may leave, as much as may be under way."""
        if self._client is not None and self._client.failed:
            self._replace_client()
        client = self._client
        if client is None:
            return
        while self._may_send() and (entry := self._next()) is not None:
            if entry.alone and self._window:
                self._line.put_back([entry])
                return
            self._window[entry.sequence] = entry
            self._window_bytes += entry.size
            entry.given = time.monotonic()
            try:
                taken = client.produce(entry)
            except KafkaException as error:
                self._hear([(entry, cause_of(error))])
                continue
            if not taken:
                self._leave_window(entry)
                self._line.put_back([entry])
                return

    def _may_send(self) -> bool:
        if not self._window:
            return True
        full = len(self._window) >= _WINDOW_RECORDS or self._window_bytes >= _WINDOW_BYTES
        return not full and not next(iter(self._window.values())).alone

    def _next(self) -> Entry | None:
        """Return the next entry with its record, read from the file where it is only there."""
        while True:
            entry = self._line.next()
            if entry is None:
                if not (self._behind and self._read_page()):
                    return None
                continue
            if entry.record is None and self._rows is not None:
                try:
                    entry.record = self._rows.read(entry.sequence)
                except sqlite3.Error:
                    self._line.put_back([entry])
                    raise
            if entry.record is not None:
                return entry
            logger.error("record %s of the outbox is gone from its file", entry.sequence)
            self._room.free(entry.size)

    def _read_page(self) -> bool:
        if self._rows is None:
            return False
        page, complete = self._rows.page(after=self._read_upto)
        for stored in page:
            entry = self._only_in_file.pop(stored.sequence, None) or Entry(
                lane=(stored.record.topic, stored.record.key),
                size=stored.record.size,
                record=None,
                stored=True,
            )
            entry.sequence, entry.record = stored.sequence, stored.record
            self._read_upto = stored.sequence
            self._line.ready.append(entry)
        self._behind = not complete
        return bool(page)

    def _hear(self, reports: Iterable[Report]) -> None:
        """Learn what became of records that were sent."""
        back = []
        for entry, error in reports:
            if self._window.get(entry.sequence) is not entry:
                continue
            self._leave_window(entry)
            if error is None:
                self._acknowledge(entry)
            elif error.code() in _PURGED or (self._client is not None and self._client.failed):
                back.append(entry)
            elif error.code() in OF_A_BATCH and not entry.alone:
                entry.alone = True
                back.append(entry)
            elif error.code() in PERMANENT:
                self._refuse(entry, error)
            else:
                self._tell_of_trouble(entry.lane[0], error)
                self._line.hold(entry, now=time.monotonic())
        if back:
            self._line.put_back(back)

    def _tell_of_trouble(self, topic: str, error: KafkaError) -> None:
        """Say why records are sent again, now and then; of a topic that does not exist once, however long it is waited for."""
        if error.code() not in NO_TOPIC:
            trouble, now = (topic, error.code()), time.monotonic()
            if now - self._told_at.get(trouble, float("-inf")) >= _TELL_AGAIN_SECONDS:
                self._told_at[trouble] = now
                logger.warning("records for %s are sent again until they are taken: %s", topic, error.str())
        elif topic not in self._absent:
            logger.warning(
                "records for %s wait in the outbox until that topic exists: %s", topic, error.str()
            )
            self._absent |= {topic}

    def _leave_window(self, entry: Entry) -> None:
        del self._window[entry.sequence]
        self._window_bytes -= entry.size

    def _acknowledge(self, entry: Entry) -> None:
        self._room.free(entry.size)
        self._not_stored.pop(entry.sequence, None)
        self._absent -= {entry.lane[0]}
        self._failures = 0
        if entry.stored:
            self._gone.append(entry.sequence)
        self._metrics.record_acknowledged(entry.lane[0], time.monotonic() - entry.given)
        if entry.on_acknowledged is not None:
            self._told.append((entry.on_acknowledged, None))

    def _refuse(self, entry: Entry, error: KafkaError) -> None:
        """Give up on a record no broker would take; where nobody waits for it, it is kept apart."""
        topic = entry.lane[0]
        if entry.stored and self._rows is not None and entry.record is not None:
            refused = StoredRecord(sequence=entry.sequence, record=entry.record)
            try:
                self._rows.refuse(refused, error=error.str())
            except sqlite3.Error as failure:
                self._fail_to_write(failure)
                self._line.hold(entry, now=time.monotonic())
                return
        logger.error("a record for %s of %s bytes is refused: %s", topic, entry.size, error.str())
        self._room.free(entry.size)
        self._not_stored.pop(entry.sequence, None)
        self._absent -= {entry.lane[0]}
        if complain := self._settings.get("error_cb"):
            complain(error)
        self._metrics.record_refused(topic, error.name(), time.monotonic() - entry.given)
        refusal = PublishError(
            f"the broker did not acknowledge a record for {topic}: {error.str()}",
            topic=topic,
            retryable=False,
        )
        self._told.append((entry.on_acknowledged, refusal))

    def _replace_client(self) -> None:
        """Make a new client for one that can send nothing more; what it had not sent is sent again, in order."""
        if not self._failures:
            logger.warning("the Kafka client failed and is made anew")
        # At once, and then with pauses that grow: what a broker denies may take a person to mend.
        self._failures += 1
        pause = min(
            _TRY_AGAIN_SECONDS * (2 ** min(self._failures - 1, 10) - 1), _LONGEST_CLIENT_PAUSE_SECONDS
        )
        self._next_client = time.monotonic() + pause
        if self._client is not None:
            self._client.stop()
        self._client = None
        back = list(self._window.values())
        self._window.clear()
        self._window_bytes = 0
        self._line.put_back(back)

    def _adopt(self) -> None:
        """Take over a page of records of an instance that died, where there is one."""
        if self._rows is None or self._slot is None or self.problem or self._stop_by is not None:
            return
        page = self._adoption.move_page(
            self._rows, mine=self._slot.path, first=self._sequence + 1, now=time.monotonic()
        )
        if page:
            self._sequence += len(page)
            self._room.add(records=len(page), size=sum(stored.record.size for stored in page))
            self._behind = True

    def _let_all_go(self) -> None:
        for entry in (
            *self._new,
            *self._window.values(),
            *self._line.everything(),
            *self._only_in_file.values(),
        ):
            entry.taken = 0.0
            if entry.on_acknowledged is not None:
                waits = BusUnavailableError("the broker has not acknowledged it; it waits in the outbox")
                self._told.append((entry.on_acknowledged, waits))
                entry.on_acknowledged = None

    def _finish(self) -> None:
        """Write what was not acknowledged, and let go of everything."""
        if self._client is not None:
            self._client.stop()
        with contextlib.suppress(Empty):
            while True:
                self._take(self._inbox.get_nowait())
        self._let_all_go()
        with contextlib.suppress(sqlite3.Error):
            self._admit()
            self._write(list(self._not_stored.values()))
        self._adoption.give_back()
        if self._rows is not None:
            self._rows.close()
        if self._slot is not None:
            self._slot.give_back()
        if self._not_stored:
            logger.error("%s records could not be kept: %s", len(self._not_stored), self.problem)

    def _tell(self) -> None:
        """Wake those who wait, once for all that came in this turn."""
        told, self._told = self._told, []
        if told:
            self._call(_settle, told)

    def _call(self, callback: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            self._loop.call_soon_threadsafe(callback, *arguments)


def _settle(told: Iterable[Told]) -> None:
    for future, error in told:
        if future is None or future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
