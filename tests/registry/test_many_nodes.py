"""One registry of many instances: it knows all of them soon, notices in time who ends, and knows them again after it was killed."""

from __future__ import annotations

import signal
import time
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from registry.processes import RunningRegistry, running_registry
from support.many_nodes import RunningSimulator, running_simulator
from support.waiting import wait_until
from support.watching import watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.broker import RunBroker

NODES, INSTANCES = 50, 10
ALL = NODES * INSTANCES
CRASHED = LEFT = 50
HEARTBEAT_SECONDS = 1.0
TTL_SECONDS = 3 * HEARTBEAT_SECONDS
# What `benchmarks/many_nodes.py` holds for 10,000, and something for a machine that has other things to do.
BUSY_SECONDS = 5.0
NOTICE_SECONDS = 1.0 + BUSY_SECONDS
REBUILD_SECONDS = 5.0 + BUSY_SECONDS


@pytest.fixture(scope="module")
def servers(run_broker: RunBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of their own: they would be in the way of others."""
    with run_broker(tmp_path_factory.mktemp("many") / "data") as broker:
        yield broker.bootstrap_servers


@pytest.fixture(scope="module")
def many(servers: str) -> Iterator[RunningSimulator]:
    with running_simulator(
        servers, nodes=NODES, instances=INSTANCES, heartbeat_seconds=HEARTBEAT_SECONDS
    ) as simulator:
        yield simulator


def states(registry: RunningRegistry) -> Counter[str]:
    return Counter(registry.get("/api/v1/health")["instances"])


def wait_for_states(registry: RunningRegistry, *, seconds: float = 30.0, **expected: int) -> None:
    wait_until(lambda: states(registry) == expected, seconds=seconds, why=f"the instances being {expected}")


def test_all_are_known_those_that_end_are_noticed_and_after_a_kill_all_are_known_again(
    servers: str, many: RunningSimulator, tmp_path: Path
) -> None:
    with running_registry(servers, tmp_path) as registry:
        wait_for_states(registry, ready=ALL)
        with watching("127.0.0.1", urlsplit(registry.address).port or 0) as stream:
            crashed: dict[str, float] = many.do("crash", CRASHED)["beats"]
            left: dict[str, float] = many.do("leave", LEFT)["beats"]
            stream.wait_until_told("left", left)
            lost_at = stream.wait_until_told("lost", crashed)

        assert states(registry) == {"ready": ALL - CRASHED - LEFT, "lost": CRASHED, "stopped": LEFT}
        late = [lost_at[node_id] - beat_at - TTL_SECONDS for node_id, beat_at in crashed.items()]
        assert min(late) > -0.1
        assert max(late) < NOTICE_SECONDS

        assert registry.stop(signal.SIGKILL) == -signal.SIGKILL
    killed_at = time.monotonic()
    with running_registry(servers, tmp_path) as again:
        wait_until(lambda: states(again)["ready"] == ALL - CRASHED - LEFT, why="all being known again")

    assert time.monotonic() - killed_at < REBUILD_SECONDS
