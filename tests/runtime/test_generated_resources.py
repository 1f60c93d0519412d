"""What an effect's generated resources do with a real PostgreSQL, Redis, HTTP service and SQLite file, there and away."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from aiohttp import web
from support.ports import free_port
from support.postgresql import running_postgresql
from support.redis import running_redis

from nodesmith.generation.pipeline import run
from nodesmith.runtime import TemporaryError
from nodesmith.runtime.context import Command, command_at_hand
from nodesmith.spec.loading import load_system

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Resources = Any
SPEC = """\
node: effect
name: {adapter}_keeper
version: 1.0.0
description: Keeps things.
adapter: {adapter}
operations:
  keep: {{description: Keep one., input: {{name: str}}, output: {{kept: bool}}}}
"""
COMMAND = Command(operation="keep", event_type="keep", envelope_id=UUID(int=7))


@pytest.fixture
def resources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Resources]:
    """Return the resources of a node that was just generated with an adapter."""

    def make(adapter: str) -> Resources:
        spec = tmp_path / f"{adapter}.node.yaml"
        spec.write_text(SPEC.format(adapter=adapter))
        run(load_system(spec), tmp_path, verify=False, report=lambda _event: None)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        return import_module(f"node_{adapter}_keeper_effect.v1_0_0.resources").Resources()

    return make


async def keep_in_postgresql(held: Resources, name: str) -> None:
    async with held.transaction() as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS things (name text)")
        await connection.execute("INSERT INTO things VALUES (%s)", [name])
        if name == "bad":
            raise ValueError(name)


async def test_a_transaction_of_postgresql_is_committed_or_rolled_back(
    resources: Callable[[str], Resources], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_postgresql() as server:
        monkeypatch.setenv("DATABASE_URL", server.url)
        async with resources("postgresql") as held:
            await keep_in_postgresql(held, "good")
            with pytest.raises(ValueError, match="bad"):
                await keep_in_postgresql(held, "bad")

            async with held.transaction() as connection:
                rows = await (await connection.execute("SELECT name FROM things")).fetchall()

    assert rows == [("good",)]


async def test_a_postgresql_that_goes_away_may_come_back(
    resources: Callable[[str], Resources], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_postgresql() as server:
        monkeypatch.setenv("DATABASE_URL", server.url)
        async with resources("postgresql") as held:
            await keep_in_postgresql(held, "good")
            server.stop()

            with pytest.raises(TemporaryError, match="PostgreSQL") as raised:
                await keep_in_postgresql(held, "more")

    assert raised.value.dependency == "postgresql"


async def test_a_redis_that_is_away_may_come_back(
    resources: Callable[[str], Resources], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{port}/0")
    async with resources("redis") as held:
        with pytest.raises(TemporaryError, match="Redis") as raised:
            async with held.connected() as client:
                await client.set("name", "thing")
        with running_redis(port):
            await until_redis_answers(held)
            async with held.connected() as client:
                await client.set("name", "thing")
                found = await client.get("name")

    assert raised.value.dependency == "redis"
    assert found == b"thing"


async def until_redis_answers(held: Resources) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                async with held.connected() as client:
                    await client.ping()
            except TemporaryError:
                await asyncio.sleep(0.02)
            else:
                return


async def answering(*statuses: int) -> tuple[web.AppRunner, int, list[str]]:
    """Serve these statuses, one a request; return also the idempotency keys that were sent."""
    keys: list[str] = []
    left = list(statuses)

    async def answer(request: web.Request) -> web.Response:
        keys.append(request.headers["Idempotency-Key"])
        return web.json_response({}, status=left.pop(0), headers={"Retry-After": "3"})

    application = web.Application()
    application.router.add_post("/things", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, runner.addresses[0][1], keys


async def test_a_service_that_is_overloaded_says_when_to_come_back(
    resources: Callable[[str], Resources], monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, port, keys = await answering(503, 201)
    monkeypatch.setenv("HTTP_BASE_URL", f"http://127.0.0.1:{port}")
    async with resources("http") as held:
        with command_at_hand(COMMAND):
            with pytest.raises(TemporaryError, match=r"POST /things: the answer is 503") as raised:
                await held.request("POST", "/things", json={})
            done = await held.request("POST", "/things", json={})
    await runner.cleanup()

    assert (raised.value.dependency, raised.value.retry_after) == ("http", 3.0)
    assert done.status_code == 201
    assert len(set(keys)) == 1


async def test_a_service_that_is_away_may_come_back_and_a_refusal_is_an_answer(
    resources: Callable[[str], Resources], monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, port, _ = await answering(404)
    monkeypatch.setenv("HTTP_BASE_URL", f"http://127.0.0.1:{port}")
    async with resources("http") as held:
        with command_at_hand(COMMAND):
            refused = await held.request("POST", "/things")
            await runner.cleanup()
            with pytest.raises(TemporaryError, match=r"POST /things: Connect"):
                await held.request("POST", "/things")

    assert refused.status_code == 404


async def test_a_sqlite_file_that_another_process_keeps_locked_may_be_let_go(
    resources: Callable[[str], Resources], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLITE_PATH", str(tmp_path / "things.sqlite3"))
    async with resources("sqlite") as held:
        with held.transaction() as connection:
            connection.execute("PRAGMA busy_timeout = 1")
            connection.execute("CREATE TABLE things (name TEXT)")
        other = sqlite3.connect(tmp_path / "things.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(TemporaryError, match="locked"), held.transaction() as connection:
            connection.execute("INSERT INTO things VALUES ('one')")
        other.close()
        with pytest.raises(sqlite3.OperationalError), held.transaction() as connection:
            connection.execute("INSERT INTO nothing VALUES ('one')")
