"""What a registry of ours shows of nodes of ours, asked over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from nodesmith.registry.instance import ENDED_STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aiohttp import ClientSession

PAUSE_SECONDS = 0.05
REQUEST_SECONDS = 5.0

Life = tuple[str, str]


class RegistryView:
    """One registry; `token` is what lets us in, where it asks for one."""

    def __init__(self, address: str, *, token: str) -> None:
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def wait_ready(self, lives: Iterable[Life], *, seconds: float) -> Mapping[Life, str]:
        """Wait until every life, a node id and an incarnation, is shown as ready, and return the state of each that is not."""
        return await self._wait(lives, lambda state: state == "ready", seconds=seconds)

    async def wait_ended(self, lives: Iterable[Life], *, seconds: float) -> Mapping[Life, str]:
        """Wait until no life is shown as one that goes on, and return the state of each that is."""
        return await self._wait(lives, lambda state: not state or state in ENDED_STATES, seconds=seconds)

    async def _wait(
        self, lives: Iterable[Life], fits: Callable[[str], bool], *, seconds: float
    ) -> Mapping[Life, str]:
        import aiohttp

        left = dict.fromkeys(lives, "")
        timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
        ends_at = asyncio.get_running_loop().time() + seconds
        async with aiohttp.ClientSession(headers=self._headers, timeout=timeout) as session:
            while True:
                for life in tuple(left):
                    left[life] = await self._state(session, life)
                    if fits(left[life]):
                        del left[life]
                if not left or asyncio.get_running_loop().time() >= ends_at:
                    return left
                await asyncio.sleep(PAUSE_SECONDS)

    async def _state(self, session: ClientSession, life: Life) -> str:
        """Return how a life is shown; nothing where it is not, or where the registry does not answer."""
        node_id, incarnation = life
        try:
            async with session.get(f"{self._address}/api/v1/instances/{node_id}") as answer:
                shown = (await answer.json()).get("instances", [])
        except (OSError, TimeoutError, ValueError):
            return ""
        return next((str(each["state"]) for each in shown if each["incarnation"] == incarnation), "")
