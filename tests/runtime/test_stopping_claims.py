"""What a command that goes back leaves behind: nothing that the next instance would have to wait for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from pydantic import BaseModel
from support.ports import free_port
from support.waiting import wait_until_async

from nodesmith.errors import TemporaryError
from nodesmith.runtime import NodeDefinition, NodeIdentity, Operation
from nodesmith.runtime.answer_store import Claimed, open_answers
from nodesmith.runtime.breaker import BreakerPolicy, Breakers
from nodesmith.runtime.bus import EventPublisher
from nodesmith.runtime.commands import CommandDesk
from nodesmith.runtime.metrics import NodeMetrics
from nodesmith.runtime.outbox import OutboxBounds
from nodesmith.runtime.records import IncomingRecord
from nodesmith.runtime.retrying import Retrying, RetryPolicy
from nodesmith.runtime.settings import NodeSettings
from nodesmith.runtime.stats import Stats
from nodesmith.runtime.turn import HandedBackError

if TYPE_CHECKING:
    from pathlib import Path


class ModelNothing(BaseModel):
    pass


async def fail(_request: ModelNothing) -> ModelNothing:
    raise TemporaryError("not now")


async def test_a_command_that_goes_back_while_its_dead_letter_waits_for_the_bus_is_free_at_once(
    tmp_path: Path,
) -> None:
    operation = Operation(name="do", input_model=ModelNothing, output_model=ModelNothing, handler=fail)
    definition = NodeDefinition(
        identity=NodeIdentity(name="test", archetype="effect"), operations=(operation,)
    )
    metrics = NodeMetrics(node="test")
    publisher = EventPublisher(bootstrap_servers=f"127.0.0.1:{free_port()}", source="test")
    publisher.keep_outbox(tmp_path, bounds=OutboxBounds(records=10, bytes=100_000), metrics=metrics)
    await publisher.start()
    answers = open_answers(NodeSettings(), node="test", folder=tmp_path)
    await answers.start()
    breakers = Breakers(policy=BreakerPolicy())
    desk = CommandDesk(
        definition=definition,
        publisher=publisher,
        answers=answers,
        metrics=metrics,
        stats=Stats(definition),
        retrying=Retrying(policy=RetryPolicy(attempts=1), breakers=breakers, retried=lambda *_: None),
        command_max_bytes=10_000,
    )
    sent = uuid4()
    value = b'{"payload": {}, "envelope_id": "%s"}' % str(sent).encode()
    record = IncomingRecord(topic="t", partition=0, offset=0, key=None, value=value, headers={})
    outbox = publisher.outbox
    assert outbox is not None

    async def holds_the_dead_letter() -> bool:
        return outbox.records == 1

    doing = asyncio.ensure_future(desk.plan(record).run())
    await wait_until_async(holds_the_dead_letter, why="the dead letter waiting for the bus")
    desk.give_up()
    outbox.let_go()
    with pytest.raises(HandedBackError):
        await asyncio.wait_for(doing, 5)
    assert await answers.begin(str(sent)) == Claimed()
    await answers.close()
    await publisher.close(0)
