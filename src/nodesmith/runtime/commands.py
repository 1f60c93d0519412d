"""From a record to its answer: what is asked, the handler's work, and the result on the bus."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from pydantic_core import PydanticSerializationError

from nodesmith.errors import OperationError, PublishError
from nodesmith.runtime.answering import Answering, answer_key
from nodesmith.runtime.answers import Question, completed, failed, message_of, question
from nodesmith.runtime.dead_letters import cut, dead_letter, replays_of, to_record
from nodesmith.runtime.dispatch import Job
from nodesmith.runtime.envelope import read_envelope
from nodesmith.runtime.handling import Handling, current_handling
from nodesmith.runtime.result_form import ResultForm
from nodesmith.runtime.retrying import FailedError, Failure
from nodesmith.runtime.routing import Routing
from nodesmith.runtime.turn import HandedBackError, Turn
from nodesmith.runtime.wire_record import WireRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.runtime.answering import Answers, Publisher
    from nodesmith.runtime.definition import NodeDefinition
    from nodesmith.runtime.envelope import OutgoingRecord
    from nodesmith.runtime.metrics import NodeMetrics
    from nodesmith.runtime.operations import Outcome
    from nodesmith.runtime.records import IncomingRecord
    from nodesmith.runtime.retrying import Retrying
    from nodesmith.runtime.routing import Asked
    from nodesmith.runtime.spans import Tracing
    from nodesmith.runtime.stats import Stats

logger = logging.getLogger("nodesmith.runtime.commands")

_REFUSED_SECONDS = 10.0


class CommandDesk:
    """Plans the work on each record and does it.

    A record that asks for nothing this node can do goes to the dead letters, is answered with a failure and never stops
    the ones behind it. So does a command that was tried as often as it may be. A command that comes again is answered
    as it was the first time. An answer is sent until the broker acknowledges it; only `give_up()` ends the waiting.
    """

    def __init__(
        self,
        *,
        definition: NodeDefinition,
        publisher: Publisher,
        answers: Answers,
        metrics: NodeMetrics,
        stats: Stats,
        retrying: Retrying,
        command_max_bytes: int,
        tracing: Tracing | None = None,
    ) -> None:
        self._definition = definition
        self._identity = definition.identity
        self._publisher = publisher
        self._metrics = metrics
        self._stats = stats
        self._handling = partial(Handling, seconds=metrics.process_seconds, stats=stats, tracing=tracing)
        self._retrying = retrying
        self._routing = Routing(definition, command_max_bytes=command_max_bytes)
        self._answering = Answering(store=answers, publisher=publisher)
        self._forms: dict[str, ResultForm] = {}

    def give_up(self) -> None:
        """Wait for no answer that cannot be published: the node is stopping."""
        self._answering.give_up()

    def plan(self, record: IncomingRecord) -> Job:
        """Return what to do about `record`, and in which lane."""
        self._metrics.consumed(record.topic).inc()
        turn = Turn()
        job = partial(Job, partition=record.source, offset=record.offset, size=record.size, turn=turn)
        envelope = None
        try:
            self._routing.check_size(record)
            asked = self._routing.read_at_once(record)
            if asked is None:
                envelope = read_envelope(record.value, new_id=lambda: record.own_id)
                asked = self._routing.understand(record, envelope)
        except OperationError as error:
            refused = question(
                record,
                event_type=(envelope and envelope.event_type) or self._identity.dot_path,
                envelope_id=envelope.envelope_id if envelope else None,
                correlation_id=envelope.correlation_id if envelope else None,
            )
            return job(lane=record.key_text, run=partial(self._refuse, record, refused, error, turn))
        if asked is None:
            return job(lane=None, run=_nothing)
        # Whether it was answered already is asked for many at once, and nobody works meanwhile.
        return job(lane=asked.lane, run=partial(self._work, record, asked, turn), rests_first=True)

    async def _work(self, record: IncomingRecord, asked: Asked, turn: Turn) -> None:
        name = asked.operation.name
        key = answer_key(asked.command.envelope_id, replays=replays_of(record.all_headers))
        with self._handling(record, asked.question, operation=name) as handling:
            answer = await self._answering.known(key, turn)
            if answer is None:
                try:
                    new = await self._new_answer(record, asked, turn)
                except HandedBackError:
                    await self._answering.abandon(key)
                    raise
                turn.leave()  # the disk and the broker are waited for; a handler can run meanwhile
                answer = await self._answering.keep(key, new)
            else:
                turn.leave()
                self._metrics.answered_again(name).inc()
                handling.note("answered again")
            await self._send(asked, answer, key, turn)

    async def _new_answer(self, record: IncomingRecord, asked: Asked, turn: Turn) -> list[WireRecord]:
        """Do what is asked, and return the records that answer it: whatever goes wrong is an answer too."""
        name = asked.operation.name
        try:
            await turn.come_back()
            answers = await self._retrying.carry_out(partial(self._attempt, asked), operation=name, turn=turn)
            return [self._to_wire(each) for each in answers]
        except FailedError as failed_for_good:
            failure = failed_for_good.failure
            logger.warning(
                "command %s: %s failed: %s", asked.command.envelope_id, name, message_of(failure.error)
            )
            logger.debug("operation %s failed here", name, exc_info=failure.error)
            if failure.used_up:
                await self._bury(record, failure, turn)
            return self._failed(asked.question, failure.error, operation=name, attempts=failure.attempts)
        except PublishError as error:
            return self._failed(asked.question, error, operation=name, attempts=1)

    async def _attempt(self, asked: Asked, number: int) -> Sequence[OutgoingRecord | WireRecord]:
        started, error_type = time.perf_counter(), ""
        command = asked.command if number == 1 else replace(asked.command, attempt=number)
        try:
            outcome = await self._definition.handle(command, asked.request)
        except BaseException as error:
            error_type = type(error).__name__
            raise
        finally:
            seconds = time.perf_counter() - started
            self._metrics.handler_seconds(asked.operation.name, error_type).observe(seconds)
        result = self._result(asked, outcome)
        return completed(self._identity, asked.question, outcome) if result is None else (result,)

    def _result(self, asked: Asked, outcome: Outcome) -> WireRecord | None:
        """Return the bytes of a result that leaves alone; None where there is more to it, or it is no JSON."""
        handling = current_handling()
        if outcome.intents or handling is None or handling.has_span:
            return None
        form = self._forms.get(asked.operation.name)
        if form is None:
            form = self._forms[asked.operation.name] = ResultForm(
                self._identity,
                event_type=f"{asked.question.event_type}.completed",
                sender=self._publisher.source,
            )
        with contextlib.suppress(PydanticSerializationError):
            return form.record(
                outcome.output,
                asked.question,
                traceparent=handling.traceparent,
                tracestate=handling.tracestate,
            )
        return None

    async def _send(self, asked: Asked, answer: Sequence[WireRecord], key: str, turn: Turn) -> None:
        """Return when the answer is acknowledged, or a failure in place of one the broker will never take."""
        is_failure = answer[-1].topic == self._identity.failed_topic
        try:
            await self._answering.send(answer, turn, last_resort=is_failure)
        except PublishError as error:
            instead = self._failed(asked.question, error, operation=asked.operation.name, attempts=1)
            kept = await self._answering.keep(key, instead, replace=True)
            await self._answering.send(kept, turn, last_resort=True)

    async def _refuse(
        self, record: IncomingRecord, asked: Question, error: OperationError, turn: Turn
    ) -> None:
        now = datetime.now(UTC)
        failure = Failure(error=error, attempts=1, first_at=now, last_at=now, used_up=False)
        with self._handling(record, asked, operation=""):
            logger.warning("record %s of %s: %s", record.offset, record.source, message_of(error))
            await self._bury(record, failure, turn)
            refusal = self._failed(asked, error, operation="", attempts=1)
            await self._answering.send(refusal, turn, last_resort=True)

    async def _bury(self, record: IncomingRecord, failure: Failure, turn: Turn) -> None:
        """Return when the record is among the dead letters; only its beginning, where the broker does not take it whole.

        Where the broker refuses that as well, the record waits, uncommitted, until a person has changed its mind.
        """
        letter, topic = dead_letter(record, failure), self._identity.dead_letter_topic
        forms = (to_record(letter, topic=topic), to_record(cut(letter), topic=topic))
        while True:
            for form in forms:
                try:
                    await self._answering.send([self._publisher.to_wire(form)], turn)
                except PublishError as error:
                    logger.error("record %s of %s: %s", record.offset, record.source, error.message)  # noqa: TRY400 - the broker's words say it
                else:
                    self._metrics.dead_lettered(letter.error_type).inc()
                    if (handling := current_handling()) is not None:
                        self._stats.dead_lettered(handling.operation)
                        handling.note("dead letter", topic=topic, attempts=letter.attempts)
                    return
            await turn.rest(asyncio.sleep(_REFUSED_SECONDS))

    def _failed(
        self, asked: Question, error: Exception, *, operation: str, attempts: int
    ) -> list[WireRecord]:
        self._metrics.failed(operation, type(error).__name__).inc()
        self._stats.failed(operation, error)
        if (handling := current_handling()) is not None:
            handling.failed(error)
        return [self._to_wire(failed(self._identity, asked, error, attempts=attempts))]

    def _to_wire(self, record: OutgoingRecord | WireRecord) -> WireRecord:
        """Return the bytes of an answer, with the trace context of the record at hand."""
        handling = current_handling()
        if handling is None or isinstance(record, WireRecord):
            return self._publisher.to_wire(record)
        return self._publisher.to_wire(handling.sending(record))


async def _nothing() -> None:
    """Do nothing about a record that is not for this node."""
