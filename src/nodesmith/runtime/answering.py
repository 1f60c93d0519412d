"""How a command comes to be answered once: known answers, the record of a new one, and its way to the broker.

The order is what counts: the answer is on disk before it is sent, and acknowledged before the command is committed. So a
crash anywhere leaves a command that comes again, and either is answered from the record or was never done.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from nodesmith.errors import AnswersUnavailableError, BusUnavailableError, PublishError
from nodesmith.runtime.answer_store import Busy, Claimed, Known
from nodesmith.runtime.turn import HandedBackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from nodesmith.runtime.answer_store.store import Begun
    from nodesmith.runtime.envelope import OutgoingRecord
    from nodesmith.runtime.outbox import Until
    from nodesmith.runtime.turn import Turn
    from nodesmith.runtime.wire_record import WireRecord

logger = logging.getLogger("nodesmith.runtime.commands")

_LOOK_AGAIN_SECONDS = 0.02
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0


class Publisher(Protocol):
    """Where records leave: an EventPublisher. `source` is who their headers say they come from."""

    @property
    def source(self) -> str:
        """The sender's name."""

    async def publish(self, record: OutgoingRecord | WireRecord, *, until: Until = ...) -> None:
        """Return when the record is as safe as asked for."""

    def to_wire(self, record: OutgoingRecord | WireRecord) -> WireRecord:
        """Return the record's bytes; raise PublishError for one that can never be sent."""


class Answers(Protocol):
    """Where answers are kept: an AnswerStore."""

    async def begin(self, command: str) -> Begun:
        """Claim a command, or learn what is known of it."""

    async def finish(
        self, command: str, records: Iterable[WireRecord], *, replace: bool = ...
    ) -> tuple[WireRecord, ...]:
        """Keep an answer, and return the one that counts."""

    async def abandon(self, command: str) -> None:
        """Give a claim back."""

    def let_go(self) -> None:
        """Let nobody wait for a claim any longer."""


def answer_key(envelope_id: UUID, *, replays: int) -> str:
    """Return what an answer is kept under: a command that a person sends again from the dead letters is a new one."""
    return f"{envelope_id}/{replays}" if replays else str(envelope_id)


class Answering:
    """Answers commands, each once."""

    def __init__(self, *, store: Answers, publisher: Publisher) -> None:
        self._store = store
        self._publisher = publisher
        self._giving_up = False

    def give_up(self) -> None:
        """Wait for nothing that may take long any more: the node is stopping."""
        self._giving_up = True
        self._store.let_go()

    async def known(self, command: str, turn: Turn) -> tuple[WireRecord, ...] | None:
        """Return the command's answer, or None when it is ours to do.

        Waits while somebody else works on it, and while nobody can tell; raises HandedBackError where the record is
        wanted back meanwhile.
        """
        pause = _LOOK_AGAIN_SECONDS
        while True:
            seconds = _LONGEST_PAUSE_SECONDS
            try:
                begun = await self._store.begin(command)
            except AnswersUnavailableError:
                pause = max(pause, _FIRST_PAUSE_SECONDS)
            else:
                if isinstance(begun, Claimed):
                    return None
                if isinstance(begun, Known):
                    return begun.records
                assert isinstance(begun, Busy)
                seconds = max(begun.seconds, _LOOK_AGAIN_SECONDS)
            if self._giving_up:
                raise HandedBackError
            await turn.rest(asyncio.sleep(min(pause, seconds)))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS if pause >= _FIRST_PAUSE_SECONDS else seconds)

    async def keep(
        self, command: str, records: Sequence[WireRecord], *, replace: bool = False
    ) -> tuple[WireRecord, ...]:
        """Keep a command's answer and return the one that counts, which is another's if that was there first."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self._store.finish(command, records, replace=replace)
            except AnswersUnavailableError as error:
                if self._giving_up:
                    raise
                logger.warning("an answer is not on disk yet: %s", error.message)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def abandon(self, command: str) -> None:
        """Give a command back that was not begun."""
        try:
            await self._store.abandon(command)
        except AnswersUnavailableError as error:
            logger.debug("a claim is left to its lease: %s", error.message)

    async def send(self, records: Sequence[WireRecord], turn: Turn, *, last_resort: bool = False) -> None:
        """Return when the broker has all of them, the last one after the others.

        Raises HandedBackError where the node stops or the record is wanted back while they wait in the outbox, and
        PublishError for a record no broker would take; there is nothing to send in place of a `last_resort`, so that is
        tried again until somebody changes the broker's mind.
        """
        *before, last = records
        if before:
            await asyncio.gather(*(self._send(record, turn, last_resort=last_resort) for record in before))
        await self._send(last, turn, last_resort=last_resort)

    async def _send(self, record: WireRecord, turn: Turn, *, last_resort: bool) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._publisher.publish(record, until="acknowledged")
            except (PublishError, BusUnavailableError) as error:
                if isinstance(error, PublishError) and not error.retryable and not last_resort:
                    raise
                if self._giving_up or turn.handed_back:
                    raise HandedBackError from error
                logger.warning("an answer waits: %s", error.message)
            else:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
