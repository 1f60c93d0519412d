"""Run blocking work in threads that never keep the process alive.

`asyncio.to_thread` uses a pool whose threads are joined when the loop and the interpreter end, so one handler that
hangs would hang the whole shutdown. These are daemon threads, kept for a while for the next call, since starting one
costs several times what a handler does.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

_Inbox = SimpleQueue["Callable[[], None]"]

_IDLE_SECONDS = 10.0

# Threads are the process's, not a loop's or a node's, so this is as well: the inboxes of those that wait for work.
_idle: list[_Inbox] = []


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `function` in a daemon thread, in this context, and return what it returns.

    When the waiting task is cancelled the thread goes on to its end, unheard: Python cannot stop a thread.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = copy_context()

    def work() -> None:
        try:
            result = context.run(function, *args, **kwargs)
        except StopIteration as error:  # a future refuses it: it would end whoever awaits without a trace
            failure = RuntimeError(f"{function!r} raised StopIteration")
            failure.__cause__ = error
            tell(_fail, future, failure)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to whoever awaits
            tell(_fail, future, error)
        else:
            tell(_succeed, future, result)

    def tell(settle: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(settle, *arguments)

    _give(work)
    return await future


def _give(work: Callable[[], None]) -> None:
    """Hand `work` to a thread that waits, or to a new one."""
    try:
        inbox = _idle.pop()
    except IndexError:
        inbox = SimpleQueue()
        Thread(target=_serve, args=(inbox,), daemon=True, name="nodesmith worker").start()
    inbox.put(work)


def _serve(inbox: _Inbox) -> None:
    while True:
        try:
            inbox.get(timeout=_IDLE_SECONDS)()
        except Empty:
            try:
                _idle.remove(inbox)
            except ValueError:  # taken in this very moment: work is coming
                continue
            return
        _idle.append(inbox)


def _succeed(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
