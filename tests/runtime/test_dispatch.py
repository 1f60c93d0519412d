from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from nodesmith.runtime.deadline import Deadline
from nodesmith.runtime.dispatch import Dispatcher, Job

if TYPE_CHECKING:
    import pytest


class Work:
    """Jobs that note their beginning, and end when they are let go."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.gates: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    def job(self, offset: int, *, lane: str | None = None, partition: int = 0) -> Job:
        async def run() -> None:
            self.begun.append(offset)
            await self.gates[offset].wait()

        return Job(partition=("t", partition), offset=offset, lane=lane, run=run)

    def let_go(self, *offsets: int) -> None:
        for offset in offsets:
            self.gates[offset].set()


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def release(dispatcher: Dispatcher, *partitions: int, seconds: float) -> None:
    """Give partitions back as a consumer does: wait for what runs, but not for ever, then forget them."""
    released = asyncio.Event()
    names = [("t", partition) for partition in partitions]
    dispatcher.release(names, released=released.set)
    with suppress(TimeoutError):
        await asyncio.wait_for(released.wait(), seconds)
    dispatcher.forget(names)


async def test_one_key_is_worked_on_in_order_and_other_keys_at_the_same_time() -> None:
    work, dispatcher = Work(), Dispatcher(limit=8)
    dispatcher.add([work.job(0, lane="a"), work.job(1, lane="a"), work.job(2, lane="b"), work.job(3)])
    await settle()
    assert work.begun == [0, 2, 3]
    work.let_go(0)
    await settle()
    assert work.begun == [0, 2, 3, 1]
    work.let_go(1, 2, 3)
    await settle()
    assert dispatcher.commits.take() == {("t", 0): 4}
    assert dispatcher.load == 0


async def test_no_more_than_the_limit_run_at_once() -> None:
    work, dispatcher = Work(), Dispatcher(limit=2)
    dispatcher.add([work.job(offset) for offset in range(5)])
    await settle()
    assert (work.begun, dispatcher.running, dispatcher.load) == ([0, 1], 2, 5)
    work.let_go(1)
    await settle()
    assert work.begun == [0, 1, 2]
    work.let_go(*range(5))
    await settle()


async def test_a_job_that_is_left_undone_stops_its_partition_until_it_is_read_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise RuntimeError("the bus is away")

    work, dispatcher = Work(), Dispatcher(limit=8, again_seconds=0)
    failing = Job(partition=("t", 0), offset=1, lane="a", run=fail)
    others = [work.job(2, lane="a"), work.job(3, lane="b"), work.job(9, lane="a", partition=1)]
    dispatcher.add([work.job(0), failing, *others])
    await settle()
    dispatcher.add([work.job(4, lane="a"), work.job(5, lane="c")])
    await settle()
    assert work.begun == [0, 3, 9]
    assert dispatcher.again.take() == {}
    work.let_go(0, 3, 9)
    await settle()
    assert dispatcher.commits.take() == {("t", 0): 1, ("t", 1): 10}
    assert dispatcher.again.take() == {("t", 0): 1}
    dispatcher.go_on(("t", 0))
    work.let_go(1, 2)
    dispatcher.add([work.job(1, lane="a"), work.job(2, lane="a")])
    await settle()
    assert work.begun == [0, 3, 9, 1, 2]
    assert dispatcher.commits.take() == {("t", 0): 3}
    assert "record 1 of ('t', 0) is left undone: the bus is away" in caplog.text


async def test_a_job_that_fails_after_its_partition_was_taken_away_does_not_stop_the_new_one() -> None:
    async def fail() -> None:
        await gate.wait()
        raise RuntimeError("late")

    work, dispatcher, gate = Work(), Dispatcher(limit=8, again_seconds=0), asyncio.Event()
    dispatcher.add([Job(partition=("t", 0), offset=0, lane="a", run=fail)])
    await settle()
    await release(dispatcher, 0, seconds=0)
    dispatcher.add([work.job(7, lane="b")])
    gate.set()
    await settle()
    work.let_go(7, 8)
    dispatcher.add([work.job(8, lane="b")])
    await settle()
    assert dispatcher.again.take() == {}
    assert dispatcher.commits.take() == {("t", 0): 9}


async def test_a_revoked_partition_is_dropped_after_what_runs_and_others_go_on() -> None:
    work, dispatcher = Work(), Dispatcher(limit=8)
    dispatcher.add([work.job(0, lane="a"), work.job(1, lane="a"), work.job(2, lane="a", partition=1)])
    released = asyncio.create_task(release(dispatcher, 0, seconds=5))
    await settle()
    assert not released.done()
    work.let_go(0)
    await released
    await settle()
    assert work.begun == [0, 2]
    assert dispatcher.commits.take() == {("t", 0): 1}
    work.let_go(2)
    await settle()


async def test_work_of_a_partition_that_was_taken_away_and_given_back_does_not_commit_the_new_one() -> None:
    work, dispatcher = Work(), Dispatcher(limit=8)
    dispatcher.add([work.job(0)])
    await settle()
    await release(dispatcher, 0, seconds=0)
    dispatcher.add([work.job(1)])
    work.let_go(0)
    await settle()
    assert dispatcher.commits.take() == {}
    work.let_go(1)
    await settle()
    assert dispatcher.commits.take() == {("t", 0): 2}


async def test_draining_finishes_what_runs_and_begins_nothing() -> None:
    work, dispatcher = Work(), Dispatcher(limit=1)
    dispatcher.add([work.job(0), work.job(1)])
    await settle()
    draining = asyncio.create_task(dispatcher.drain(Deadline(5)))
    await settle()
    dispatcher.add([work.job(2)])
    work.let_go(0, 1, 2)
    assert await draining == 0
    assert work.begun == [0]
    assert dispatcher.commits.take() == {("t", 0): 1}


async def test_what_does_not_finish_in_time_is_cut_off_and_counted() -> None:
    work, dispatcher = Work(), Dispatcher(limit=4)
    dispatcher.add([work.job(0), work.job(1)])
    await settle()
    work.let_go(0)
    assert await dispatcher.drain(Deadline(0.05)) == 1
    assert dispatcher.commits.take() == {("t", 0): 1}


@given(st.lists(st.sampled_from(["a", "b", "c", None]), max_size=40), st.integers(1, 5))
def test_every_job_runs_once_and_lanes_keep_their_order(lanes: list[str | None], limit: int) -> None:
    done: list[int] = []

    async def scenario() -> None:
        dispatcher = Dispatcher(limit=limit)

        def job(offset: int, lane: str | None) -> Job:
            async def run() -> None:
                for _ in range(offset % 3):
                    await asyncio.sleep(0)
                done.append(offset)

            return Job(partition=("t", 0), offset=offset, lane=lane, run=run)

        dispatcher.add([job(offset, lane) for offset, lane in enumerate(lanes)])
        while dispatcher.load:  # noqa: ASYNC110 - the dispatcher tells nobody
            await asyncio.sleep(0)
        assert dispatcher.commits.take() == ({("t", 0): len(lanes)} if lanes else {})

    asyncio.run(scenario())
    assert sorted(done) == list(range(len(lanes)))
    for lane in ("a", "b", "c"):
        assert [offset for offset in done if lanes[offset] == lane] == [
            offset for offset, name in enumerate(lanes) if name == lane
        ]
