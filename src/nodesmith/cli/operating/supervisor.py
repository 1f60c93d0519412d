"""Run a system until it is told to end, or until a part of it dies."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from nodesmith.cli.operating.system import System, say
from nodesmith.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nodesmith.cli.operating.system import Plan, RunningNode

# A terminal and whoever runs us in it may each send the same Ctrl-C.
SAME_SIGNAL_SECONDS = 1.0


async def supervise(plan: Plan, *, on_ready: Callable[[System, Sequence[RunningNode]], None]) -> ExitCode:
    """Run everything until SIGTERM or SIGINT, which end it in order; a second one kills.

    Raises SystemFailedError, after everything else has been ended in order, where a process ends by itself.
    """
    stop, hurry = asyncio.Event(), asyncio.Event()

    loop = asyncio.get_running_loop()
    first = 0.0

    def on_signal() -> None:
        nonlocal first
        if not stop.is_set():
            first = loop.time()
            stop.set()
        elif loop.time() - first > SAME_SIGNAL_SECONDS:
            hurry.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    system = System(plan=plan)
    working = asyncio.create_task(_work(system, on_ready))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    working.cancel()
    await asyncio.wait({working})
    if system.nodes:
        count = len(system.nodes)
        say(
            f"ending {count} node{'' if count == 1 else 's'}; another Ctrl-C kills {'it' if count == 1 else 'them'}"
        )
    clean = await system.stop(hurry=hurry)
    if not working.cancelled():
        working.result()
    return ExitCode.DONE if clean else ExitCode.SYSTEM_FAILED


async def _work(system: System, on_ready: Callable[[System, Sequence[RunningNode]], None]) -> None:
    on_ready(system, await system.start())
    await system.watch()
