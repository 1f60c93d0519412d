"""The records of answers, in a SQLite file and in a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from support.postgresql import running_postgresql
from support.waiting import wait_until_async

from nodesmith.errors import AnswersUnavailableError
from nodesmith.runtime.answer_store import Busy, Claimed, Known, open_answers
from nodesmith.runtime.settings import NodeSettings
from nodesmith.runtime.wire_record import WireRecord

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from nodesmith.runtime.answer_store import AnswerStore

    Opening = Callable[..., AbstractAsyncContextManager[AnswerStore]]

LEASE_SECONDS = 1.5


@pytest.fixture(params=["sqlite", "postgresql"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """Open a store; every one that a test opens is another instance's, with the same records."""
    url = request.getfixturevalue("postgresql").url if request.param == "postgresql" else ""
    node = f"test.{uuid4()}"

    @asynccontextmanager
    async def opened(**settings: Any) -> AsyncIterator[AnswerStore]:
        bounds = {"answer_lease_seconds": LEASE_SECONDS, **settings}
        store = open_answers(NodeSettings(answers_url=url, **bounds), node=node, folder=tmp_path)
        await store.start()
        try:
            yield store
        finally:
            await store.close()

    return opened


def answer(text: str = "done", *, size: int = 0) -> list[WireRecord]:
    """Return an answer of odd bytes, one header without a value and a record without one."""
    headers = (("one", b"\xff\x00"), ("none", None))
    value = text.encode() + b"\xfe" + b"x" * size
    return [
        WireRecord(topic="intents", key=None, headers=(), value=None),
        WireRecord(topic="results", key=b"k\xff", headers=headers, value=value),
    ]


async def test_a_command_is_claimed_once_and_known_when_it_is_answered(opening: Opening) -> None:
    async with opening() as one, opening() as two:
        assert await one.begin("c") == Claimed()
        assert isinstance(await two.begin("c"), Busy)
        assert isinstance(await one.begin("c"), Busy)
        await one.finish("c", answer())
        assert await two.begin("c") == Known(records=tuple(answer()))
    async with opening() as later:
        assert await later.begin("c") == Known(records=tuple(answer()))


async def test_of_many_that_ask_at_once_one_gets_the_command(opening: Opening) -> None:
    async with opening() as one, opening() as two:
        begun = await asyncio.gather(*(store.begin("c") for store in (one, two) * 10))
    assert begun.count(Claimed()) == 1
    assert all(isinstance(each, Busy) for each in begun if each != Claimed())


async def test_a_claim_that_is_given_back_is_free(opening: Opening) -> None:
    async with opening() as one, opening() as two:
        assert await one.begin("c") == Claimed()
        await one.abandon("c")
        assert await two.begin("c") == Claimed()


async def test_a_claim_holds_as_long_as_its_instance_works_on_it(opening: Opening) -> None:
    async with opening() as one, opening() as two:
        assert await one.begin("c") == Claimed()
        until = time.monotonic() + 3 * LEASE_SECONDS

        async def the_time_has_passed() -> bool:
            assert isinstance(await two.begin("c"), Busy)
            return time.monotonic() > until

        await wait_until_async(the_time_has_passed, why="three leases passing")


async def test_a_claim_that_nobody_renews_is_taken_over_after_its_lease_and_the_first_answer_counts(
    opening: Opening,
) -> None:
    async with opening() as one, opening() as two:
        assert await one.begin("c") == Claimed()
        one._held.clear()  # as if the process hung: nothing is renewed

        async def claimed() -> bool:
            return await two.begin("c") == Claimed()

        begun = time.monotonic()
        await wait_until_async(claimed, why="the claim being taken over")
        assert time.monotonic() - begun > LEASE_SECONDS / 2
        assert await two.finish("c", answer("second")) == tuple(answer("second"))
        assert await one.finish("c", answer("first")) == tuple(answer("second"))
        assert await one.finish("c", answer("other"), replace=True) == tuple(answer("other"))
        assert await two.begin("c") == Known(records=tuple(answer("other")))


async def test_answers_are_dropped_when_they_are_too_old(opening: Opening) -> None:
    async with opening() as store:
        await store.begin("c")
        await store.finish("c", answer())
    async with opening(answer_keep_seconds=3600.0) as store:
        assert isinstance(await store.begin("c"), Known)
    async with opening(answer_keep_seconds=0.0) as store:
        assert await store.begin("c") == Claimed()


async def test_the_oldest_answers_are_dropped_when_there_are_too_many_bytes(opening: Opening) -> None:
    async with opening(answer_keep_bytes=100_000) as store:
        for number in range(30):
            await store.begin(str(number))
            await store.finish(str(number), answer(size=10_000))
        known = [number for number in range(30) if isinstance(await store.begin(str(number)), Known)]
    assert known[-1] == 29
    assert known == list(range(known[0], 30))
    assert 5 <= len(known) <= 10


async def test_while_the_database_is_away_every_call_says_so_and_it_is_found_again() -> None:
    with running_postgresql() as first:
        settings = NodeSettings(answers_url=first.url)
        store = open_answers(settings, node="test.away", folder=first.folder)
        await store.start()
        assert await store.begin("c") == Claimed()
        await asyncio.to_thread(first.stop)
        with pytest.raises(AnswersUnavailableError, match="in PostgreSQL are away"):
            await store.finish("c", answer())
        assert "in PostgreSQL are away" in store.problem
        with running_postgresql(first.folder, first.port):

            async def back() -> bool:
                return not store.problem

            await wait_until_async(back, seconds=20, why="the database being found again")
            assert await store.finish("c", answer()) == tuple(answer())
            await store.close()
