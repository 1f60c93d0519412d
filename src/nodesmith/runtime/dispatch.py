"""In which order records are worked on: same key one after the other, different keys at the same time."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from nodesmith.runtime.backlog import Backlog, BacklogBounds
from nodesmith.runtime.progress import Commits, PartitionName, PartitionProgress
from nodesmith.runtime.turn import HandedBackError, Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from nodesmith.runtime.deadline import Deadline

logger = logging.getLogger("nodesmith.runtime.dispatch")

_LAST_CALL_SECONDS = 0.3
_CANCEL_SECONDS = 0.5
# After which a partition is read again of which a record was left undone; the error may last.
_AGAIN_SECONDS = 1.0
# So many may wait for what they need before they work: they ask for it together.
_AHEAD = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One record and what to do about it. Jobs of the same `lane` are done one after the other; None: any time.

    `size` is the record's, as its consumer counts it. One that `rests_first` begins to wait for something at once, and
    comes back by its turn when it wants to work.
    """

    partition: PartitionName
    offset: int
    size: int = 0
    lane: str | None
    run: Callable[[], Awaitable[None]]
    turn: Turn = field(default_factory=Turn)
    rests_first: bool = False


class Dispatcher:
    """Runs jobs: those of one lane in order, those of different lanes at the same time, at most `limit` of them.

    Lives on the event loop, but for `commits`, `again` and `backlog`, which the consumer's thread uses as well. A job that
    returns is done and may be committed; one that raises or is cancelled is not. One that rests, by its `turn`, keeps its
    lane and counts for the backlog, but not for the limit.

    A job that is left undone stops its partition: nothing of it begins that could overtake the record. When what runs is
    over, the partition is in `again`, with the offset to read on from, and goes on with `go_on()`.
    """

    def __init__(
        self, *, limit: int, bounds: BacklogBounds | None = None, again_seconds: float = _AGAIN_SECONDS
    ) -> None:
        self.commits = Commits()
        self.again = Commits()
        self.backlog = Backlog(bounds or BacklogBounds())
        self._limit = limit
        self._waiting = 0
        self._ready: deque[Job] = deque()
        # A lane is here as long as one of its jobs is ready or running; the deque holds those behind it.
        self._lanes: dict[str, deque[Job]] = {}
        self._running: dict[asyncio.Task[None], Job] = {}
        self._resting: set[Turn] = set()
        # Of those that rest: who has not worked yet.
        self._ahead: set[Turn] = set()
        self._returning: deque[tuple[Turn, asyncio.Future[None]]] = deque()
        self._progress: dict[PartitionName, PartitionProgress] = {}
        self._again_seconds = again_seconds
        self._stopped: set[PartitionName] = set()
        # Who is to be told when so many jobs of theirs are done.
        self._releases: list[tuple[set[asyncio.Task[None]], Callable[[], None]]] = []
        self._draining = False

    @property
    def running(self) -> int:
        """How many jobs are being done, without those that have not come to their work yet."""
        return len(self._running) - len(self._ahead)

    @property
    def load(self) -> int:
        """How many jobs are being done or wait."""
        return self._waiting + len(self._running)

    @property
    def _full(self) -> bool:
        return len(self._running) - len(self._resting) >= self._limit

    def add(self, jobs: Iterable[Job]) -> None:
        """Take jobs, in the order of their partitions; while draining they are left to another instance."""
        for job in jobs:
            if self._draining or job.partition in self._stopped:
                self.backlog.drop(job.partition, job.size)
                continue
            self._progress.setdefault(job.partition, PartitionProgress()).begin(job.offset)
            self._queue(job)
        self._start_ready()

    def release(self, partitions: Iterable[PartitionName], *, released: Callable[[], None]) -> None:
        """Give partitions back: drop what has not begun, and call `released` when what has is done, for it to be committed."""
        gone = frozenset(partitions)
        self._keep_waiting(lambda job: job.partition not in gone)
        running = {task for task, job in self._running.items() if job.partition in gone}
        for task in running:
            self._running[task].turn.hand_back()
        if running:
            self._releases.append((running, released))
        else:
            released()

    def forget(self, partitions: Iterable[PartitionName]) -> None:
        """Commit nothing more of partitions that are somebody else's, whatever of them still runs."""
        for partition in partitions:
            self._progress.pop(partition, None)
            self._stopped.discard(partition)

    def go_on(self, partition: PartitionName) -> None:
        """Take records of a stopped partition again: what comes from now on was read from where it was left."""
        self._stopped.discard(partition)

    async def drain(self, deadline: Deadline, *, last_call: Callable[[], None] = lambda: None) -> int:
        """Start nothing more and wait for what runs; cancel what is left at the deadline and return how many.

        `last_call` is called a moment before that, for what only waits to be told that it need not.
        """
        self._draining = True
        self._keep_waiting(lambda _: False)
        running = dict(self._running)
        for job in running.values():
            job.turn.hand_back()
        if running:
            async with deadline.limit():
                await asyncio.wait(running)
        if any(not task.done() for task in running):
            last_call()
            await asyncio.wait(running, timeout=_LAST_CALL_SECONDS)
        late = [task for task in running if not task.done()]
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_CANCEL_SECONDS)
        return len(late) + sum(_is_cut_off(task) for task in running if task not in late)

    def leave(self, turn: Turn) -> None:
        """Let another job run in the place of one that rests."""
        self._resting.add(turn)
        self._start_ready()

    async def enter(self, turn: Turn) -> None:
        """Return when a job that has rested may run again; it comes before those that have not begun."""
        await self.place_for(turn)

    def place_for(self, turn: Turn) -> asyncio.Future[None]:
        """Return what is done when a job that has rested may run again."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._returning.append((turn, place))
        self._start_ready()
        return place

    def enter_now(self, turn: Turn) -> bool:
        """Let a job that has rested run again where there is room and nobody was there before it."""
        if turn not in self._resting:
            return True
        if self._returning or self._full:
            return False
        self._come_back(turn)
        return True

    def _queue(self, job: Job) -> None:
        self._waiting += 1
        if job.lane in self._lanes:
            self._lanes[job.lane].append(job)
            return
        if job.lane is not None:
            self._lanes[job.lane] = deque()
        self._ready.append(job)

    def _keep_waiting(self, wanted: Callable[[Job], bool]) -> None:
        """Forget the waiting jobs that are not wanted."""
        waiting = []
        for job in chain(self._ready, *self._lanes.values()):
            if wanted(job):
                waiting.append(job)
            else:
                self.backlog.drop(job.partition, job.size)
        self._ready.clear()
        self._lanes = {job.lane: deque() for job in self._running.values() if job.lane is not None}
        self._waiting = 0
        for job in waiting:
            self._queue(job)

    def _start_ready(self) -> None:
        while self._returning and not self._full:
            self._go_on(*self._returning.popleft())
        while self._ready:
            rests_first = self._ready[0].rests_first
            if len(self._ahead) >= _AHEAD if rests_first else self._full:
                return
            self._start(self._ready.popleft())

    def _start(self, job: Job) -> None:
        self._waiting -= 1
        job.turn.begin(self)
        task = asyncio.create_task(self._do(job), name=f"nodesmith record {job.partition} {job.offset}")
        self._running[task] = job
        if job.rests_first:
            self._resting.add(job.turn)
            self._ahead.add(job.turn)
        task.add_done_callback(self._done)

    def _go_on(self, turn: Turn, place: asyncio.Future[None]) -> None:
        if not place.done():
            self._come_back(turn)
            place.set_result(None)

    def _come_back(self, turn: Turn) -> None:
        self._resting.discard(turn)
        self._ahead.discard(turn)

    async def _do(self, job: Job) -> None:
        # The partition may be taken away and given again meanwhile: its new progress is not this job's.
        progress = self._progress[job.partition]
        await job.run()
        commit = progress.finish(job.offset)
        if commit is not None and self._progress.get(job.partition) is progress:
            self.commits.put(job.partition, commit)

    def _done(self, task: asyncio.Task[None]) -> None:
        job = self._running.pop(task)
        self.backlog.drop(job.partition, job.size)
        begun = job.turn not in self._ahead
        self._come_back(job.turn)
        if self._releases:
            self._note_released(task)
        if job.lane is not None:
            if behind := self._lanes.get(job.lane):
                self._ready.append(behind.popleft())
            else:
                self._lanes.pop(job.lane, None)
        if task.cancelled() or (error := task.exception()) is None:
            pass
        elif isinstance(error, HandedBackError):
            level = logging.INFO if begun else logging.DEBUG
            logger.log(level, "record %s of %s is given back undone", job.offset, job.partition)
        else:
            logger.error("record %s of %s is left undone: %s", job.offset, job.partition, error)
            self._stop_for(job)
        self._start_ready()

    def _stop_for(self, job: Job) -> None:
        """Begin nothing more of the partition of a job that was left undone; one that was taken away meanwhile is not ours."""
        partition, progress = job.partition, self._progress.get(job.partition)
        if self._draining or partition in self._stopped or progress is None or job.offset not in progress:
            return
        self._stopped.add(partition)
        self.release([partition], released=partial(self._offer_later, partition))

    def _offer_later(self, partition: PartitionName) -> None:
        asyncio.get_running_loop().call_later(self._again_seconds, self._offer_again, partition)

    def _offer_again(self, partition: PartitionName) -> None:
        progress = self._progress.pop(partition, None)
        if partition in self._stopped and progress is not None:
            self.again.put(partition, progress.first)

    def _note_released(self, task: asyncio.Task[None]) -> None:
        for running, released in self._releases:
            running.discard(task)
            if not running:
                released()
        self._releases = [(running, released) for running, released in self._releases if running]


def _is_cut_off(task: asyncio.Task[None]) -> bool:
    if task.cancelled():
        return True
    error = task.exception()
    return error is not None and not isinstance(error, HandedBackError)
