"""A record's turn to be worked on, and what the work may ask of its dispatcher meanwhile.

Work that only waits (for a pause to pass, for a dependency to come back) gives its slot to others, and is told when its
record is wanted back: nobody should wait for it then, and another instance can begin.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class HandedBackError(Exception):
    """The record is given back undone, for whoever gets it next: not a failure, and nothing is lost."""


class Slots(Protocol):
    """How many may work at once: a Dispatcher."""

    def leave(self, turn: Turn) -> None:
        """Let another one work in the place of `turn`."""

    async def enter(self, turn: Turn) -> None:
        """Return when `turn` may work again."""

    def place_for(self, turn: Turn) -> asyncio.Future[None]:
        """Return what is done when `turn` may work again."""

    def enter_now(self, turn: Turn) -> bool:
        """Let `turn` work again if there is a place for it, and return whether it works."""


class Turn:
    """One record's turn; begun by a dispatcher, or by nobody where work is done without one."""

    __slots__ = ("_place", "_returned", "_slots", "handed_back")

    def __init__(self) -> None:
        self.handed_back = False
        self._place: asyncio.Future[None] | None = None
        self._returned: asyncio.Event | None = None
        self._slots: Slots | None = None

    def begin(self, slots: Slots) -> None:
        """Take note of whose slot it is."""
        self._slots = slots

    def hand_back(self) -> None:
        """Let the work end at its next rest, or the one it is in."""
        self.handed_back = True
        if self._returned is not None:
            self._returned.set()
        if self._place is not None and not self._place.done():
            self._place.set_exception(HandedBackError())

    def leave(self) -> None:
        """Let another one work in this place for good: all that is left to do is to wait."""
        if self._slots is not None:
            self._slots.leave(self)

    async def come_back(self) -> None:
        """Return when there is a place to work in; raise HandedBackError where the record is wanted back."""
        if self.handed_back:
            raise HandedBackError
        if self._slots is None or self._slots.enter_now(self):
            return
        self._place = self._slots.place_for(self)
        try:
            await self._place
        finally:
            self._place = None
        if self.handed_back:
            raise HandedBackError

    async def rest(self, wait: asyncio.Future[T] | Coroutine[None, None, T]) -> T:
        """Return what `wait` returns, working on nothing meanwhile; raise HandedBackError where the record is wanted back."""
        if self._slots is None:
            return await self._unless_handed_back(wait)
        self._slots.leave(self)
        result = await self._unless_handed_back(wait)
        await self._unless_handed_back(self._slots.enter(self))
        return result

    async def _unless_handed_back(self, wait: asyncio.Future[T] | Coroutine[None, None, T]) -> T:
        self._returned = self._returned or asyncio.Event()
        if self.handed_back:
            self._returned.set()
        waiting = asyncio.ensure_future(wait)
        returned = asyncio.ensure_future(self._returned.wait())
        try:
            await asyncio.wait({waiting, returned}, return_when=asyncio.FIRST_COMPLETED)
            if self.handed_back:
                raise HandedBackError
            return waiting.result()
        finally:
            returned.cancel()
            waiting.cancel()
