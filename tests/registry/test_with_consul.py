"""Bus, node, registry and Consul together: what a node says on the one is seen in the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from registry.nodes import shown_node
from registry.processes import RunningRegistry, running_registry
from support.consul import RunningConsul, running_consul
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.broker import RunningBroker

SERVICE = "shown-in-consul"


@pytest.fixture(scope="module")
def consul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsul]:
    with running_consul(tmp_path_factory.mktemp("consul")) as running:
        yield running


@pytest.fixture(scope="module")
def with_consul(
    embedded_broker: RunningBroker, consul: RunningConsul, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningRegistry]:
    folder = tmp_path_factory.mktemp("registry")
    options = ("--consul", consul.address, "--fleet", "together")
    with running_registry(embedded_broker.bootstrap_servers, folder, *options) as running:
        yield running


def test_a_started_node_is_passing_in_consul_and_gone_when_it_has_left(
    with_consul: RunningRegistry, consul: RunningConsul, embedded_broker: RunningBroker, tmp_path: Path
) -> None:
    with shown_node("in_consul", embedded_broker.bootstrap_servers, tmp_path) as node:
        wait_until(lambda: len(consul.passing(SERVICE)) == 1, seconds=15, why="the node passing in Consul")
        shown = with_consul.get("/api/v1/health")["consul"]
        assert (shown["state"], shown["address"]) == ("in step", consul.address)
        assert "nodesmith_registry_consul_in_step 1.0" in with_consul.text("/metrics")

        assert node.stop() == 0

        def gone() -> bool:
            return not any(each["Service"] == SERVICE for each in consul.services().values())

        wait_until(gone, seconds=15, why="the node being gone from Consul")


def test_a_killed_node_is_not_passing_any_more(
    with_consul: RunningRegistry, consul: RunningConsul, embedded_broker: RunningBroker, tmp_path: Path
) -> None:
    with shown_node("in_consul", embedded_broker.bootstrap_servers, tmp_path) as node:
        wait_until(lambda: len(consul.passing(SERVICE)) == 1, seconds=15, why="the node passing in Consul")

        node.process.kill()

        wait_until(lambda: not consul.passing(SERVICE), seconds=15, why="the node being critical")
