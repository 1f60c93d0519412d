"""Work that rests: others take its slot, it comes back within the limit, and it is told when its record is wanted back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from nodesmith.runtime.deadline import Deadline
from nodesmith.runtime.dispatch import Dispatcher, Job
from nodesmith.runtime.turn import HandedBackError, Turn

if TYPE_CHECKING:
    from collections.abc import Callable


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(50):
        await asyncio.sleep(0)


class Resting:
    """Jobs that rest until they are woken, and note how they come back."""

    def __init__(self) -> None:
        self.noted: list[str] = []
        self.bell = asyncio.Event()
        self.end = asyncio.Event()

    def job(self, offset: int, *, partition: int = 0, lane: str | None = None, rests: bool = True) -> Job:
        turn = Turn()

        async def run() -> None:
            if rests:
                await turn.rest(self.bell.wait())
            self.noted.append(f"{partition}:{offset}")
            await self.end.wait()

        return Job(partition=("t", partition), offset=offset, lane=lane, run=run, turn=turn)


async def test_one_that_rests_leaves_its_slot_and_counts_for_the_load() -> None:
    work, dispatcher = Resting(), Dispatcher(limit=1)
    dispatcher.add([work.job(0), work.job(1), work.job(2, rests=False)])
    await settle()
    assert (work.noted, dispatcher.load) == (["0:2"], 3)


async def test_those_that_come_back_stay_within_the_limit_and_go_before_those_that_have_not_begun() -> None:
    work, dispatcher = Resting(), Dispatcher(limit=1)
    jobs = [work.job(0), work.job(1), work.job(2, rests=False), work.job(3, rests=False)]
    dispatcher.add(jobs)
    await settle()
    work.bell.set()
    await settle()
    assert work.noted == ["0:2"]
    work.end.set()
    await settle()
    assert work.noted == ["0:2", "0:0", "0:1", "0:3"]
    assert dispatcher.commits.take() == {("t", 0): 4}


async def test_one_that_rests_keeps_its_lane() -> None:
    work, dispatcher = Resting(), Dispatcher(limit=8)
    dispatcher.add(
        [work.job(0, lane="a"), work.job(1, lane="a", rests=False), work.job(2, lane="b", rests=False)]
    )
    await settle()
    assert work.noted == ["0:2"]


async def test_draining_gives_back_what_rests_and_finishes_what_runs() -> None:
    work, dispatcher = Resting(), Dispatcher(limit=8)
    dispatcher.add([work.job(0, rests=False), work.job(1)])
    await settle()
    draining = asyncio.create_task(dispatcher.drain(Deadline(5)))
    await settle()
    assert dispatcher.load == 1
    work.end.set()
    assert await draining == 0, "nothing was cut off"
    assert dispatcher.commits.take() == {("t", 0): 1}


async def test_releasing_a_partition_gives_back_what_rests_in_it_and_nothing_else() -> None:
    work, dispatcher = Resting(), Dispatcher(limit=8)
    dispatcher.add([work.job(0), work.job(0, partition=1)])
    await settle()
    dispatcher.release([("t", 0)], released=lambda: None)
    work.bell.set()
    work.end.set()
    await settle()
    assert work.noted == ["1:0"]
    assert dispatcher.commits.take() == {("t", 1): 1}


def hand_back_first(turn: Turn, _bell: asyncio.Event) -> None:
    turn.hand_back()


def hand_back_at_once_with_the_bell(turn: Turn, bell: asyncio.Event) -> None:
    bell.set()
    turn.hand_back()


@pytest.mark.parametrize("how", [hand_back_first, hand_back_at_once_with_the_bell])
async def test_whatever_comes_first_a_record_that_is_wanted_back_is_given_back(
    how: Callable[[Turn, asyncio.Event], None],
) -> None:
    turn, bell = Turn(), asyncio.Event()
    resting = asyncio.create_task(turn.rest(bell.wait()))
    await settle()
    how(turn, bell)
    with pytest.raises(HandedBackError):
        await asyncio.wait_for(resting, 1)


async def test_one_that_is_wanted_back_while_it_waits_for_a_slot_takes_none() -> None:
    work, dispatcher = Resting(), Dispatcher(limit=1)
    dispatcher.add([work.job(0), work.job(0, partition=1, rests=False)])
    await settle()
    work.bell.set()
    await settle()
    dispatcher.release([("t", 0)], released=lambda: None)
    dispatcher.add([work.job(1, partition=1, rests=False)])
    work.end.set()
    await settle()
    assert work.noted == ["1:0", "1:1"]
    assert dispatcher.load == 0


async def test_rest_returns_what_was_waited_for_and_raises_what_it_raised() -> None:
    async def fail() -> None:
        raise ConnectionError("away")

    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    future.set_result(7)
    assert await Turn().rest(future) == 7
    with pytest.raises(ConnectionError):
        await Turn().rest(fail())


class Asking:
    """Jobs that ask for something before they work."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.worked: list[int] = []
        self.known, self.end = asyncio.Event(), asyncio.Event()

    def job(self, offset: int) -> Job:
        turn = Turn()

        async def run() -> None:
            self.asked.append(offset)
            await self.known.wait()
            await turn.come_back()
            self.worked.append(offset)
            await self.end.wait()

        return Job(partition=("t", 0), offset=offset, lane=None, run=run, turn=turn, rests_first=True)


async def test_those_that_ask_first_ask_together_and_work_within_the_limit() -> None:
    work, dispatcher = Asking(), Dispatcher(limit=2)
    dispatcher.add([work.job(offset) for offset in range(5)])
    await settle()
    assert (work.asked, work.worked) == ([0, 1, 2, 3, 4], [])
    work.known.set()
    await settle()
    assert work.worked == [0, 1]
    work.end.set()
    await settle()
    assert work.worked == [0, 1, 2, 3, 4]
    assert dispatcher.commits.take() == {("t", 0): 5}


async def test_one_that_waits_for_its_place_is_given_back_when_its_record_is_wanted() -> None:
    work, dispatcher = Asking(), Dispatcher(limit=1)
    dispatcher.add([work.job(offset) for offset in range(3)])
    await settle()
    work.known.set()
    await settle()
    released = asyncio.Event()
    dispatcher.release([("t", 0)], released=released.set)
    await settle()
    assert (work.worked, dispatcher.running) == ([0], 1)
    work.end.set()
    await asyncio.wait_for(released.wait(), 5)
    assert dispatcher.commits.take() == {("t", 0): 1}
