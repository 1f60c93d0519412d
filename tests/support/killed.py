"""What is left when a process is killed at any step: right before each thing it does to a file."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STEPS = {"open", "os.rename", "os.remove", "os.truncate", "os.mkdir", "os.rmdir", "shutil.rmtree"}


def killed_at_each_step(
    folder: Path, *, prepare: Callable[[Path], None], act: Callable[[Path], None]
) -> Iterator[Path]:
    """Yield folders in which `act` was killed before its first step, its second, ..., and in which it came to its end.

    The first step is skipped: nothing has happened yet. Use it in a process without other threads.
    """
    step = 0
    while True:
        place = folder / str(step)
        place.mkdir()
        prepare(place)
        child = os.fork()
        if child == 0:
            _be_killed_at(step, place)
            act(place)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert status == 0, f"it failed at step {step}"
            yield place
            return
        yield place
        step += 1


def _be_killed_at(step: int, place: Path) -> None:
    left = step

    def on_event(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in STEPS and str(arguments[0]).startswith(str(place)):
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(on_event)
