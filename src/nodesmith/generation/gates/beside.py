"""Work that waits for other processes, in a thread, while this one goes on."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Result = TypeVar("Result")


@contextmanager
def beside(act: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Let `act` run while the block does, which ends after it; what is given, called, waits and returns what came of it.

    What it raises is raised there. Not `concurrent.futures`: to import that takes as long as ruff takes.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(act())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            errors.append(error)

    def finish() -> Result:
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    thread = Thread(target=run)
    thread.start()
    try:
        yield finish
    finally:
        thread.join()
