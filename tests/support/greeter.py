"""The greeter in the test's own process: started against any bus, asked what its `/health/ready` says."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from runtime.nodes.greeter import ModelGreetOutput, NodeGreeterEffect
from support.waiting import wait_until_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    import pytest


class Greeter:
    """A greeter that runs."""

    def __init__(self, node: NodeGreeterEffect) -> None:
        self.node = node

    @property
    def reasons(self) -> str:
        assert self.node._service is not None
        return "; ".join(self.node._service.readiness().reasons)

    @property
    def fix(self) -> str:
        """What it says to do about the bus."""
        assert self.node.event_publisher is not None
        return self.node.event_publisher.connection.error().fix

    async def says(self, words: str, *, seconds: float = 20.0) -> None:
        """Return when its readiness says `words`."""

        async def said() -> bool:
            return words in self.reasons

        try:
            await wait_until_async(said, seconds=seconds)
        except AssertionError:
            raise AssertionError(f"{words!r} is not in {self.reasons!r}") from None

    async def is_ready(self, *, seconds: float = 20.0) -> None:
        """Return when it is ready."""

        async def ready() -> bool:
            return not self.reasons

        await wait_until_async(ready, seconds=seconds, why="the node being ready")

    async def greets(self) -> None:
        """See that it does its work for who calls it directly."""
        done = await self.node.process("greet", {"name": "ann"})
        assert isinstance(done, ModelGreetOutput)
        assert done.greeting == "hello ann 0"


@asynccontextmanager
async def running_greeter(
    environment: Mapping[str, str], folder: Path, patch: pytest.MonkeyPatch
) -> AsyncIterator[Greeter]:
    """Start it with variables; it is stopped at the end."""
    for name in [name for name in os.environ if name.startswith("KAFKA_")]:
        patch.delenv(name)
    own = {"GREETER_JOURNAL": str(folder), "NODESMITH_DATA_DIR": str(folder / "data")}
    for name, value in {**own, **environment}.items():
        patch.setenv(name, value)
    node = NodeGreeterEffect()
    await node.initialize()
    try:
        yield Greeter(node)
    finally:
        await node.shutdown()
