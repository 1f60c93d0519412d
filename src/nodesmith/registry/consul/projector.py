"""Keeps Consul in step with who is alive: reads what is there, does what is missing, feeds the checks, and tries again.

Nothing waits for it. Consul may be away, refuse, or have forgotten everything; what it has is never taken for the truth.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, NoReturn

from nodesmith.errors import ConsulRefusedError, ConsulUnavailableError
from nodesmith.registry.consul.client import (
    CONNECTIONS,
    REQUEST_SECONDS,
    NotThereError,
    RejectedError,
    connected,
)
from nodesmith.registry.consul.memory import AgentMemory
from nodesmith.registry.consul.projection import Projection
from nodesmith.registry.consul.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from nodesmith.registry.consul.client import ConsulClient
    from nodesmith.registry.consul.plan import Action
    from nodesmith.registry.consul.settings import ConsulSettings
    from nodesmith.registry.instance import Instance

logger = logging.getLogger(__name__)

# With thousands of services reading and planning take a moment: they may take this share of the time.
MOST_SHARE = 0.1
# One turn's work: then who has left or failed meanwhile comes first again.
ACTIONS_A_TURN = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often things are done, in seconds.

    `read`: what Consul has is read at least so often, as far as that is cheap. `turn`: changes are taken together for so
    long. `retry` and `most_retry`: the bounds of the pause while Consul is away, which doubles. `request`: what one call may take.
    `last_words`: how long the end waits for Consul to be told of what has just changed.
    """

    read: float = 5.0
    turn: float = 0.1
    retry: float = 0.25
    most_retry: float = 5.0
    request: float = REQUEST_SECONDS
    last_words: float = 1.0


class Projector:
    """Shows `instances()` in Consul. `wake` says that they have changed; `asked_everyone` that all who live are known.

    Until then nothing is taken away that nobody is known to be behind.
    """

    def __init__(
        self,
        settings: ConsulSettings,
        *,
        instances: Callable[[], Iterable[Instance]],
        asked_everyone: Callable[[], bool] = lambda: True,
        pace: Pace | None = None,
    ) -> None:
        self._settings = settings
        self._instances = instances
        self._asked_everyone = asked_everyone
        self._pace = pace or Pace()
        self._standing = Standing(settings.address)
        self._projection = Projection(settings)
        self._memory = AgentMemory(settings.fleet)
        self._awake = asyncio.Event()
        self._told_all = asyncio.Event()
        self._read_at = 0.0
        self._plan_seconds = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; returns at once, whether Consul is there or not."""
        if self._settings.unused:
            logger.warning("set, and not used for Consul: %s", ", ".join(self._settings.unused))
        self._task = asyncio.create_task(self._run(), name="nodesmith consul")

    async def stop(self) -> None:
        """End when Consul has been told of what has changed, or cannot be told soon.

        What it shows then stays: the next registry goes on with it, and without one it turns critical.
        """
        task, self._task = self._task, None
        if task is not None:
            if self._standing.state != "away":
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._told_all.wait(), self._pace.last_words)
            task.cancel()
            await asyncio.wait({task})

    def wake(self) -> None:
        """Say that instances have changed; costs nothing."""
        self._told_all.clear()
        self._awake.set()

    def document(self) -> dict[str, object]:
        """Return how Consul stands, for the registry's health."""
        return self._standing.document()

    async def _run(self) -> None:
        pause = self._pace.retry
        while True:
            began = self._read_at
            try:
                async with connected(self._settings, request_seconds=self._pace.request) as client:
                    await self._keep_in_step(client)
            except ConsulUnavailableError as error:
                refused = isinstance(error, ConsulRefusedError)
                self._standing.note("refused" if refused else "away", error=error.message)
            except Exception as error:
                if self._standing.note("behind", error=f"{type(error).__name__}: {error}"):
                    logger.exception("the projection into Consul failed; it begins anew")
            if self._read_at != began:  # it did answer
                pause = self._pace.retry
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - keeps registries apart
            pause = min(2 * pause, self._pace.most_retry)

    async def _keep_in_step(self, client: ConsulClient) -> NoReturn:
        self._memory.lose()
        await self._read(client)
        while True:
            if monotonic() >= self._read_at:
                await self._read(client)
            if not await self._turn(client):
                await self._rest()

    async def _read(self, client: ConsulClient) -> None:
        began = monotonic()
        self._memory.read(await client.registered())
        ended = monotonic()
        self._read_at = ended + max(self._pace.read, (ended - began) / MOST_SHARE)
        self._awake.set()

    async def _turn(self, client: ConsulClient) -> bool:
        """Do the most urgent of what there is to do; return whether there may be more."""
        planned = self._plan() if self._awake.is_set() else []
        known = {action.id for action in planned}
        feeds = [action for action in self._memory.to_feed(monotonic()) if action.id not in known]
        # Who is new waits for those that are there: their time to live runs.
        urgent = [action for action in planned if action.kind != "register"]
        new = [action for action in planned if action.kind == "register"]
        actions = [*urgent, *feeds, *new]
        if len(actions) > ACTIONS_A_TURN:
            self._standing.note("behind", services=self._memory.services())
        await self._carry_out(client, actions[:ACTIONS_A_TURN])
        if planned:
            self._awake.set()  # what was done may call for more
        elif not self._awake.is_set():
            self._told_all.set()
            self._note_standing()
        return bool(actions)

    def _plan(self) -> list[Action]:
        self._awake.clear()
        began = monotonic()
        desired = self._projection.desired_services(self._instances())
        actions = self._memory.to_do(desired, began, may_clean=self._asked_everyone())
        self._plan_seconds = monotonic() - began
        return actions

    async def _carry_out(self, client: ConsulClient, actions: list[Action]) -> None:
        """Carry actions out, several at once; what concerns only one service is noted, what concerns all is raised."""
        waiting = iter(actions)
        workers = [
            asyncio.create_task(self._work(client, waiting)) for _ in range(min(CONNECTIONS, len(actions)))
        ]
        try:
            for worker in workers:
                await worker
        finally:
            for worker in workers:
                worker.cancel()
            if workers:
                await asyncio.wait(workers)

    async def _work(self, client: ConsulClient, waiting: Iterator[Action]) -> None:
        for action in waiting:
            try:
                await _carry_out(client, action)
            except NotThereError:
                self._memory.not_there(action)
                self._read_at = 0.0  # nor may it know the others
            except (ConsulRefusedError, RejectedError) as error:
                is_refusal = isinstance(error, ConsulRefusedError)
                text = f"{action.kind} {action.id}: {error}"
                self._memory.failed(action, monotonic(), text=text, is_refusal=is_refusal)
            else:
                self._memory.done(action, monotonic())

    def _note_standing(self) -> None:
        trouble = self._memory.trouble()
        services = self._memory.services()
        if trouble is None:
            self._standing.note("in step", services=services)
        else:
            state = "refused" if trouble.is_refusal else "behind"
            self._standing.note(state, error=trouble.text, services=services)  # type: ignore[arg-type]  # one of them

    async def _rest(self) -> None:
        """Wait until there is something to do, and a moment more: changes come together."""
        until = min(self._read_at, self._memory.next_at())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until - monotonic())):
                await self._awake.wait()
        await asyncio.sleep(max(self._pace.turn, self._plan_seconds / MOST_SHARE))
        if self._memory.retries(monotonic()):
            self._awake.set()


async def _carry_out(client: ConsulClient, action: Action) -> None:
    service = action.service
    if action.kind == "deregister" or service is None:
        await client.deregister(action.id)
    elif action.kind == "register":
        await client.register(service, replaces=action.replaces)
    elif action.kind == "feed":
        await client.feed(service)
    else:
        await client.maintain(action.id, enter=action.kind == "enter maintenance")
