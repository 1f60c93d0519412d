"""Wait for a condition with a deadline, where a test would otherwise sleep."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")
PAUSE_SECONDS = 0.02


def wait_until(
    condition: Callable[[], T],
    *,
    seconds: float = 10.0,
    pause: float = PAUSE_SECONDS,
    why: str = "the condition",
) -> T:
    """Call `condition` every `pause` seconds until it returns something true, and return that; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{why} did not come true within {seconds} s"
        time.sleep(pause)
    return value


async def wait_until_async(
    condition: Callable[[], Awaitable[T]], *, seconds: float = 10.0, why: str = "the condition"
) -> T:
    """Await `condition` until it returns something true, and return that; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := await condition()):
        assert time.monotonic() < deadline, f"{why} did not come true within {seconds} s"
        await asyncio.sleep(PAUSE_SECONDS)
    return value
