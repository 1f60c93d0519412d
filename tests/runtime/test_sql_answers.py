"""An effect on SQL and the record of its answer are one: in SQLite, in PostgreSQL, and in the example's process that dies."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from pydantic import BaseModel
from support.nodes import running_node
from support.waiting import wait_until
from support.wire import command, committed, reading, send

from nodesmith.runtime import Command, command_at_hand
from nodesmith.runtime.sql_answers import (
    record_output,
    record_output_async,
    recorded_output,
    recorded_output_async,
)

if TYPE_CHECKING:
    from support.broker import RunBroker
    from support.postgresql import RunningPostgresql

ORDER_STORE = (
    Path(__file__).parents[2] / "examples/orders/node_orders_order_store_effect/v1_0_0/start_node.py"
)
COMMANDS = "onex.cmd.orders.order-store-requested.v1"
COMPLETED = "onex.evt.orders.order-store-completed.v1"


class Output(BaseModel):
    number: int


def asked() -> Command:
    return Command(operation="store", event_type="test.store.store")


def test_an_output_is_recorded_with_the_transaction_and_not_without_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "effects.sqlite3")) as connection, command_at_hand(asked()):
        assert recorded_output(connection, Output) is None
        record_output(connection, Output(number=1))
        connection.rollback()
        assert recorded_output(connection, Output) is None
        with connection:
            record_output(connection, Output(number=2))
        assert recorded_output(connection, Output) == Output(number=2)
        with command_at_hand(asked()):
            assert recorded_output(connection, Output) is None


def test_without_a_command_nothing_is_recorded(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "effects.sqlite3")) as connection:
        record_output(connection, Output(number=1))
        assert recorded_output(connection, Output) is None


def test_records_that_are_too_old_are_dropped(tmp_path: Path) -> None:
    first = asked()
    with closing(sqlite3.connect(tmp_path / "effects.sqlite3")) as connection:
        with command_at_hand(first):
            record_output(connection, Output(number=1))
        with command_at_hand(asked()):
            record_output(connection, Output(number=2), keep_seconds=0)
        with command_at_hand(first):
            assert recorded_output(connection, Output) is None


def test_of_two_transactions_with_one_command_one_fails_with_its_effect(
    postgresql: RunningPostgresql,
) -> None:
    with command_at_hand(asked()):
        with psycopg.connect(postgresql.url) as one:
            assert recorded_output(one, Output) is None
            record_output(one, Output(number=1))
        with psycopg.connect(postgresql.url) as two:
            two.execute("CREATE TABLE IF NOT EXISTS effects (number integer)")
            two.commit()
            two.execute("INSERT INTO effects VALUES (2)")
            with pytest.raises(psycopg.errors.UniqueViolation):
                record_output(two, Output(number=2))
            two.rollback()
            assert two.execute("SELECT count(*) FROM effects").fetchone() == (0,)
            assert recorded_output(two, Output) == Output(number=1)


async def test_a_connection_that_is_awaited_records_as_well(postgresql: RunningPostgresql) -> None:
    with command_at_hand(asked()):
        async with await psycopg.AsyncConnection.connect(postgresql.url) as connection:
            assert await recorded_output_async(connection, Output) is None
            await record_output_async(connection, Output(number=3))
        async with await psycopg.AsyncConnection.connect(postgresql.url) as connection:
            assert await recorded_output_async(connection, Output) == Output(number=3)


def test_two_that_make_the_table_at_the_same_time_both_succeed(postgresql: RunningPostgresql) -> None:
    async def record(number: int) -> None:
        with command_at_hand(asked()):
            async with await psycopg.AsyncConnection.connect(postgresql.url) as connection:
                await record_output_async(connection, Output(number=number))

    async def both() -> None:
        await asyncio.gather(*(record(number) for number in range(8)))

    with psycopg.connect(postgresql.url) as connection:
        connection.execute("DROP TABLE IF EXISTS nodesmith_answers")
    asyncio.run(both())


def test_a_process_that_dies_between_the_effect_and_its_answer_repeats_neither(
    run_broker: RunBroker, tmp_path: Path
) -> None:
    order = {"order_id": "o-1", "customer_id": "ada", "total": "7.00"}
    asks = command("orders.order-store.store-order", order, envelope_id=str(uuid4()))
    orders, data = tmp_path / "orders.sqlite3", tmp_path / "data"
    with ExitStack() as stack:
        bus = stack.enter_context(run_broker(tmp_path / "bus"))
        environment = {"KAFKA_BOOTSTRAP_SERVERS": bus.bootstrap_servers, "SQLITE_PATH": str(orders)}
        one = stack.enter_context(running_node(ORDER_STORE, tmp_path / "one.log", environment=environment))
        one.wait_ready()
        completed = stack.enter_context(reading(bus.bootstrap_servers, COMPLETED))
        answers = data / "orders.order_store" / "answers.sqlite3"
        # While the orders are locked the handler waits, with its command claimed; then no answer can be written.
        with held(orders):
            send(bus.bootstrap_servers, COMMANDS, asks, key="ada")
            wait_until(lambda: count(answers, "answers") == 1, why="the command being claimed")
            lock = stack.enter_context(ExitStack())
            lock.enter_context(held(answers))
        wait_until(lambda: count(orders, "orders") == 1, why="the handler's own commit")
        one.process.kill()
        one.process.wait()
        lock.close()
        completed.read()
        assert not completed.records
        stack.enter_context(running_node(ORDER_STORE, tmp_path / "two.log", environment=environment))
        answer = completed.wait_for_count(1, seconds=40)[0]
        wait_until(
            lambda: committed(bus.bootstrap_servers, "orders.order-store", COMMANDS) == 1, why="the end"
        )
    assert answer.payload == {**order, "created": True}
    assert count(orders, "orders") == 1


def held(path: Path) -> ExitStack:
    """Hold a file's write lock, as any other program that works on it would."""
    stack = ExitStack()
    connection = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None, timeout=5)))
    connection.execute("BEGIN IMMEDIATE")
    return stack


def count(path: Path, table: str) -> int:
    try:
        with closing(sqlite3.connect(path)) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    except sqlite3.OperationalError:  # not made yet
        return 0
