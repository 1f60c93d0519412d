from __future__ import annotations

import asyncio
import threading
import time
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from nodesmith.errors import InvalidPayloadError, OperationError, UnknownOperationError
from nodesmith.runtime import (
    HandlerNotImplementedError,
    NodeDefinition,
    NodeIdentity,
    Operation,
    current_command,
)
from nodesmith.runtime.operations import Handler, fit_json


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int
    total: Decimal = Decimal(0)


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    order: Order


def node(handler: Handler, *, timeout_seconds: float | None = None) -> NodeDefinition:
    return NodeDefinition(
        identity=NodeIdentity(name="tills", domain="shop", archetype="compute"),
        operations=(
            Operation(
                name="add",
                input_model=Order,
                output_model=Order,
                handler=handler,
                timeout_seconds=timeout_seconds,
            ),
        ),
    )


def same(request: Order) -> Order:
    return request


async def test_a_mapping_and_a_model_are_both_taken() -> None:
    definition = node(same)
    assert await definition.run("add", {"number": 1}) == Order(number=1)
    assert await definition.run("add", Order(number=2)) == Order(number=2)


async def test_a_sync_handler_runs_in_a_worker_thread_and_an_async_one_in_the_loop() -> None:
    threads: list[int] = []

    def sync(request: Order) -> Order:
        threads.append(threading.get_ident())
        return request

    async def coroutine(request: Order) -> Order:
        threads.append(threading.get_ident())
        return request

    await node(sync).run("add", {"number": 1})
    await node(coroutine).run("add", {"number": 1})
    assert threads[0] != threading.get_ident()
    assert threads[1] == threading.get_ident()


async def test_an_unknown_operation_is_refused_with_a_near_name() -> None:
    with pytest.raises(UnknownOperationError, match="it has add") as caught:
        await node(same).run("ad", {})
    assert "'add'" in caught.value.fix


async def test_every_field_that_does_not_fit_is_named() -> None:
    with pytest.raises(InvalidPayloadError) as caught:
        await node(same).run("add", {"nummer": 1})
    assert "number: Field required" in caught.value.message
    assert "nummer: Extra inputs are not permitted" in caught.value.message


async def test_a_handler_that_returns_something_else_is_an_error_and_no_answer() -> None:
    with pytest.raises(OperationError, match="returned NoneType, not Order"):
        await node(lambda _: None).run("add", {"number": 1})
    with pytest.raises(OperationError, match="does not fit Order: number"):
        await node(lambda _: {"number": "x"}).run("add", {"number": 1})


async def test_a_handler_that_takes_too_long_is_a_timeout_that_says_so() -> None:
    with pytest.raises(TimeoutError, match=r"'add' took longer than 0\.05 s"):
        await node(lambda _: time.sleep(0.3), timeout_seconds=0.05).run("add", {"number": 1})


async def test_a_timeout_of_the_handlers_own_keeps_its_words() -> None:
    def slow_peer(_request: Order) -> Order:
        raise TimeoutError("the database said nothing")

    with pytest.raises(TimeoutError, match="the database said nothing"):
        await node(slow_peer, timeout_seconds=5).run("add", {"number": 1})


async def test_a_handler_nobody_has_written_names_the_file() -> None:
    def unwritten(_request: Order) -> Order:
        raise HandlerNotImplementedError(operation="add", file="handlers/handler_add.py")

    with pytest.raises(HandlerNotImplementedError, match=r"handlers/handler_add\.py"):
        await node(unwritten).run("add", {"number": 1})


async def test_a_handler_may_ask_for_the_command_at_hand_also_in_its_thread() -> None:
    seen: list[Any] = []

    def ask(request: Order) -> Order:
        seen.append(current_command())
        return request

    await asyncio.gather(*(node(ask, timeout_seconds=9).run("add", {"number": n}) for n in range(3)))
    assert {command.operation for command in seen} == {"add"}
    assert {command.event_type for command in seen} == {"shop.tills.add"}
    assert len({command.idempotency_key for command in seen}) == 3
    assert all(command.deadline is not None and command.attempt == 1 for command in seen)


def test_outside_of_a_handler_there_is_no_command() -> None:
    with pytest.raises(OperationError, match="no command is being handled"):
        current_command()


def test_a_lenient_reading_ignores_unknown_fields_at_any_depth() -> None:
    payload = b'{"order": {"number": 1, "more": 2}, "other": 3}'
    assert fit_json(Line, payload, operation="x", lenient=True) == Line(order=Order(number=1))
    with pytest.raises(InvalidPayloadError, match=r"order\.more"):
        fit_json(Line, payload, operation="x")
