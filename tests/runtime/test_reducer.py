from __future__ import annotations

import asyncio
import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel

from nodesmith.errors import OperationError, TransitionError
from nodesmith.runtime import Command, NodeDefinition, NodeIdentity, Reducer, StateMachine

if TYPE_CHECKING:
    from pathlib import Path

    from nodesmith.runtime.operations import Outcome
    from nodesmith.runtime.reducer import EventHandler


class Totals(BaseModel):
    customer: str
    orders: int = 0
    total: Decimal = Decimal(0)
    status: str = "open"


class Stored(BaseModel):
    customer: str
    total: Decimal = Decimal(0)


class Notify(BaseModel):
    customer: str


class Undeclared(BaseModel):
    pass


def add(before: Totals, event: Stored) -> tuple[Totals, list[Notify]]:
    after = before.model_copy(update={"orders": before.orders + 1, "total": before.total + event.total})
    return after, [Notify(customer=before.customer)] if after.orders >= 2 else []


def node(
    handler: EventHandler = add, *, machine: StateMachine | None = None
) -> tuple[Reducer, NodeDefinition]:
    reducer = Reducer(
        name="totals",
        domain="shop",
        state_model=Totals,
        key="customer",
        machine=machine,
        intents={"notify": Notify},
    )
    event = reducer.event(name="stored", event_model=Stored, handler=handler)
    identity = NodeIdentity(name="totals", domain="shop", archetype="reducer")
    return reducer, NodeDefinition(
        identity=identity, operations=(event, reducer.query(input_model=Notify)), resources=reducer
    )


async def deliver(definition: NodeDefinition, envelope_id: UUID, **event: Any) -> Outcome:
    command = Command(operation="stored", event_type="shop.totals.stored", envelope_id=envelope_id)
    return await definition.handle(command, Stored.model_validate(event))


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NODESMITH_DATA_DIR", str(tmp_path))
    return tmp_path


async def test_without_a_start_state_is_kept_in_memory(data_dir: Path) -> None:
    _, definition = node()
    await definition.run("stored", {"customer": "c", "total": "1.10"})
    after = await definition.run("stored", {"customer": "c", "total": "2.20"})
    assert after == Totals(customer="c", orders=2, total=Decimal("3.30"))
    assert await definition.run("get_state", {"customer": "c"}) == after
    assert not (data_dir / "shop.totals").exists()


async def test_state_on_disk_outlives_the_process_and_keys_are_apart(data_dir: Path) -> None:
    for _ in range(2):
        reducer, definition = node()
        async with reducer:
            await definition.run("stored", {"customer": "a", "total": "5"})
    reducer, definition = node()
    async with reducer:
        await definition.run("stored", {"customer": "b", "total": "1"})
        assert await definition.run("get_state", {"customer": "a"}) == Totals(
            customer="a", orders=2, total=Decimal(10)
        )
    assert (data_dir / "shop.totals" / "state.sqlite").exists()


async def test_an_event_that_comes_twice_counts_once_and_is_answered_as_the_first_time() -> None:
    first, second = uuid4(), uuid4()
    reducer, definition = node()
    async with reducer:
        await deliver(definition, first, customer="c", total="1")
        answer = await deliver(definition, second, customer="c", total="1")
        await deliver(definition, uuid4(), customer="c", total="1")
        again = await deliver(definition, second, customer="c", total="1")
    assert again == answer
    assert [intent.name for intent in again.intents] == ["notify"]


async def test_a_handler_that_fails_changes_nothing_and_its_event_may_come_again() -> None:
    event = uuid4()

    def fails_once(before: Totals, stored: Stored) -> tuple[Totals, list[Notify]]:
        if not failed:
            failed.append(True)
            raise RuntimeError("not now")
        return add(before, stored)

    failed: list[bool] = []
    reducer, definition = node(fails_once)
    async with reducer:
        with pytest.raises(RuntimeError):
            await deliver(definition, event, customer="c")
        outcome = await deliver(definition, event, customer="c")
    assert outcome.output == Totals(customer="c", orders=1)


async def test_a_key_without_events_is_an_error_and_no_invented_state() -> None:
    _, definition = node()
    with pytest.raises(OperationError, match="no state for customer 'nobody'"):
        await definition.run("get_state", {"customer": "nobody"})


async def test_the_machine_sets_its_field_and_refuses_what_is_not_listed() -> None:
    machine = StateMachine(field="status", transitions={("stored", "open"): "closed"})
    _, definition = node(machine=machine)
    assert (await definition.run("stored", {"customer": "c"})).model_dump()["status"] == "closed"
    with pytest.raises(TransitionError, match="not allowed while status is 'closed'; allowed: none"):
        await definition.run("stored", {"customer": "c"})
    assert definition.has_state_machine


async def test_a_handler_may_neither_change_the_key_nor_ask_for_what_is_not_declared() -> None:
    _, moves = node(lambda before, _: (before.model_copy(update={"customer": "other"}), []))
    with pytest.raises(OperationError, match="changed customer"):
        await moves.run("stored", {"customer": "c"})
    _, asks = node(lambda before, _: (before, [Undeclared()]))
    with pytest.raises(OperationError, match="Undeclared is no intent"):
        await asks.run("stored", {"customer": "c"})
    _, forgets = node(lambda _, __: (None, []))  # type: ignore[arg-type, return-value]
    with pytest.raises(OperationError, match="returned NoneType as its state, not Totals"):
        await forgets.run("stored", {"customer": "c"})


async def test_two_instances_on_one_host_count_every_event_once() -> None:
    (one, first), (two, second) = node(), node()
    events = [uuid4() for _ in range(40)]
    async with one, two:
        await asyncio.gather(
            *(deliver(definition, event, customer="c") for event in events for definition in (first, second))
        )
        answer = await first.run("get_state", {"customer": "c"})
    assert answer == Totals(customer="c", orders=40)


async def test_a_stored_state_that_no_longer_fits_is_an_error_that_says_where(data_dir: Path) -> None:
    reducer, definition = node()
    async with reducer:
        await definition.run("stored", {"customer": "c"})
    database = sqlite3.connect(data_dir / "shop.totals" / "state.sqlite")
    database.execute("""UPDATE state SET state = '{"customer": "c", "orders": "many"}'""")
    database.commit()
    database.close()
    async with reducer:
        with pytest.raises(OperationError, match="stored state of customer 'c' does not fit Totals: orders"):
            await definition.run("get_state", {"customer": "c"})
