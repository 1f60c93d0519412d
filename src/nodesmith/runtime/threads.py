"""Run blocking work in a thread that never keeps the process alive.

`asyncio.to_thread` uses a pool whose threads are joined when the loop and the interpreter end, so one handler that
hangs would hang the whole shutdown. Here every call has a daemon thread of its own; it costs about as much to start.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import copy_context
from threading import Thread
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


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

    Thread(target=work, daemon=True, name=f"nodesmith {getattr(function, '__qualname__', 'work')}").start()
    return await future


def _succeed(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
