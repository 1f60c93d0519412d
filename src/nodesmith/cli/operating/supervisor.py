"""Run a system until it is told to end, or until a part of it dies."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from nodesmith.cli.operating.children import Hurry
from nodesmith.cli.operating.system import System, say
from nodesmith.errors import ExitCode
from nodesmith.runtime.watchdog import SAME_PRESS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nodesmith.cli.operating.system import Plan, RunningNode


async def supervise(plan: Plan, *, on_ready: Callable[[System, Sequence[RunningNode]], None]) -> ExitCode:
    """Run everything until SIGTERM or SIGINT, which end it in order; a second one cuts short what runs, a third one kills.

    Raises SystemFailedError, after everything else has been ended in order, where a process ends by itself.
    """
    stop, hurry = asyncio.Event(), Hurry()
    _on_each_press(
        {stop: "", hurry.cut_short: "cutting short what runs; another Ctrl-C kills", hurry.kill: "killing"}
    )
    system = System(plan=plan)
    working = asyncio.create_task(_work(system, on_ready))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    working.cancel()
    await asyncio.wait({working})
    if system.nodes:
        count = len(system.nodes)
        say(f"ending {count} node{'' if count == 1 else 's'}; another Ctrl-C cuts short what runs")
    clean = await system.stop(hurry=hurry)
    if not working.cancelled():
        working.result()
    return ExitCode.DONE if clean else ExitCode.SYSTEM_FAILED


def _on_each_press(events: Mapping[asyncio.Event, str]) -> None:
    """Have each SIGTERM or SIGINT set the next of the events that is not set, and say its words.

    A terminal and whoever runs us in it may each send the same Ctrl-C: what comes within a moment is one.
    """
    loop = asyncio.get_running_loop()
    last = float("-inf")

    def on_signal() -> None:
        nonlocal last
        if loop.time() - last < SAME_PRESS_SECONDS:
            return
        last = loop.time()
        for event, words in events.items():
            if not event.is_set():
                event.set()
                if words:
                    say(words)
                return

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)


async def _work(system: System, on_ready: Callable[[System, Sequence[RunningNode]], None]) -> None:
    on_ready(system, await system.start())
    await system.watch()
