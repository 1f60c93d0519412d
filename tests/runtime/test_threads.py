from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from nodesmith.runtime.threads import in_thread

colour: ContextVar[str] = ContextVar("colour")


async def test_work_is_done_in_daemon_threads_that_are_used_again() -> None:
    first = await in_thread(threading.current_thread)
    assert first.daemon
    threads = {await in_thread(threading.current_thread) for _ in range(20)}
    assert len(threads) < 20  # as many as earlier tests have left, and no new one each time


async def test_as_many_run_at_once_as_are_asked_for() -> None:
    together = threading.Barrier(50)
    assert sorted(await asyncio.gather(*(in_thread(together.wait, 5) for _ in range(50)))) == list(range(50))


async def test_the_context_goes_along_and_what_is_raised_comes_back() -> None:
    colour.set("red")
    assert await in_thread(colour.get) == "red"
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await in_thread(next, iter(()))


async def test_a_cancelled_wait_leaves_the_thread_alone_and_the_next_call_works() -> None:
    gate = threading.Event()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(in_thread(gate.wait, 5), 0.05)
    assert await in_thread(len, "abc") == 3
    gate.set()
