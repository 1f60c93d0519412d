"""A registry in the test's own process that is told what it hears, and serves for real."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession, DummyCookieJar
from registry.described import check

from nodesmith.registry import clock
from nodesmith.registry.http.server import RegistryServer
from nodesmith.registry.listening import Heard
from nodesmith.registry.service import Registry
from nodesmith.registry.settings import RegistrySettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiohttp import ClientResponse

    from nodesmith.runtime.sighting import Sighting

# Nothing listens there, and nobody asks: such a registry is told what it hears.
NO_BUS = "127.0.0.1:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """The registry, and a client of it that has no cookies of its own."""

    registry: Registry
    address: str
    client: ClientSession

    def hear(self, *sightings: Sighting) -> None:
        now = clock.now()
        self.registry._take([Heard(sighting=each, at=now, read_at=now) for each in sightings])

    async def get(self, path: str, *, status: int = 200) -> Any:
        async with self.client.get(self.address + path) as response:
            document = await response.json()
            assert response.status == status, document
            check("GET", path, status, document)
            return document

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], data: Any = None
    ) -> ClientResponse:
        """Return the answer to any request, as it is."""
        async with self.client.request(
            method, self.address + path, headers=headers, data=data, allow_redirects=False
        ) as response:
            await response.read()
            return response


@asynccontextmanager
async def inside(*sightings: Sighting, **settings: Any) -> AsyncIterator[Inside]:
    registry = Registry(RegistrySettings(kafka_servers=NO_BUS, port=0, **settings))
    server = RegistryServer(registry)
    await server.start()
    try:
        async with ClientSession(cookie_jar=DummyCookieJar()) as client:
            running = Inside(registry=registry, address=server.address, client=client)
            running.hear(*sightings)
            yield running
    finally:
        await server.stop()
        await registry.stop()


async def read_events(response: ClientResponse, number: int) -> list[tuple[str, Any]]:
    """Return the next events of a stream."""
    events: list[tuple[str, Any]] = []
    name = ""
    while len(events) < number:
        line = (await response.content.readline()).decode().rstrip("\n")
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            events.append((name, json.loads(line.removeprefix("data: "))))
    return events
