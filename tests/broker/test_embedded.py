"""The broker inside a program's own event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # type: ignore[import-untyped]

from nodesmith.broker import EmbeddedBroker
from nodesmith.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def test_it_serves_a_client_in_the_same_loop_and_keeps_its_data(tmp_path: Path) -> None:
    async def write() -> None:
        async with (
            EmbeddedBroker(data_dir=tmp_path) as broker,
            AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer,
        ):
            await producer.send_and_wait("embedded", b"kept")

    async def read() -> bytes | None:
        async with (
            EmbeddedBroker(data_dir=tmp_path) as broker,
            AIOKafkaConsumer(
                "embedded", bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest"
            ) as reader,
        ):
            value: bytes | None = (await asyncio.wait_for(anext(reader), 10)).value
            return value

    asyncio.run(write())
    assert asyncio.run(read()) == b"kept"


def test_a_broker_that_cannot_open_its_data_leaves_the_port_free(tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("")

    async def fail_and_start() -> None:
        async with EmbeddedBroker(data_dir=tmp_path / "data") as broker:
            port = broker.port
        with pytest.raises(InputError):
            async with EmbeddedBroker(data_dir=tmp_path / "in-the-way", port=port):
                pass
        async with EmbeddedBroker(data_dir=tmp_path / "data", port=port) as again:
            assert again.bootstrap_servers == f"127.0.0.1:{port}"

    asyncio.run(fail_and_start())


def test_it_listens_on_ipv6_where_it_is_told_to(tmp_path: Path) -> None:
    async def serve() -> None:
        async with EmbeddedBroker(data_dir=tmp_path, host="::1") as broker:
            assert broker.bootstrap_servers == f"[::1]:{broker.port}"
            async with AIOKafkaProducer(bootstrap_servers=f"[::1]:{broker.port}") as producer:
                await producer.send_and_wait("six", b"x")

    asyncio.run(serve())
