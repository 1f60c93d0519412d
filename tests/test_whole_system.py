"""The whole system: four nodes of specs, Apache Kafka, a registry and a Consul, each a real process, from start to end."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from registry.processes import running_registry
from support.consul import running_consul
from support.kafka import running_kafka
from support.nodes import running_node
from support.ports import free_port
from support.waiting import wait_until
from support.wire import reading

from nodesmith.naming import INTROSPECTION_TOPIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from registry.processes import RunningRegistry
    from support.consul import RunningConsul
    from support.nodes import RunningNode

NODESMITH = (sys.executable, "-m", "nodesmith")
EXAMPLE = Path(__file__).parents[1] / "examples" / "orders"
FOLDERS = {
    "price_calculator": "node_orders_price_calculator_compute",
    "order_store": "node_orders_order_store_effect",
    "order_totals": "node_orders_order_totals_reducer",
    "order_fulfilment": "node_orders_order_fulfilment_orchestrator",
}
# What is one person's in the example, beside their tests.
WRITTEN = ("handlers/handler_*.py", "resources.py")
LINES = [{"sku": "tea", "quantity": 2, "unit_price": "3.50"}]
# One of each archetype: what is sent, and what of the answer tells that it was done.
COMMANDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "price_calculator.quote": ({"lines": LINES}, {"total": "7.00"}),
    "order_store.store_order": (
        {"order_id": "o-1", "customer_id": "grace", "total": "2.50"},
        {"created": True},
    ),
    "order_fulfilment.fulfil_order": (
        {"order_id": "o-2", "customer_id": "grace", "lines": LINES},
        {"total": "7.00", "created": True},
    ),
    "order_totals.get_state": ({"customer_id": "grace"}, {"orders": 2, "total": "9.50"}),
}
TOLD_TO_STOP, KILLED = 0, -signal.SIGKILL
VICTIM = "order_totals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The four nodes and the registry as processes, where their bus is, and the Consul that shows them under `fleet`."""

    servers: str
    nodes: Mapping[str, RunningNode]
    registry: RunningRegistry
    consul: RunningConsul
    fleet: str

    def services(self) -> dict[str, str]:
        """Return, by the id of each service that Consul has of this fleet, what it is called there."""
        found = self.consul.services().items()
        return {each: service["Service"] for each, service in found if self._is_ours(service)}

    def passing(self) -> set[str]:
        """Return the names of the services of this fleet that users of Consul are sent to."""
        return {
            name
            for each, name in self.services().items()
            if set(self.consul.checks(each).values()) == {"passing"}
        }

    def _is_ours(self, service: Mapping[str, Any]) -> bool:
        return bool(service["Meta"].get("fleet") == self.fleet)


def service_name(node: str) -> str:
    return f"orders-{node.replace('_', '-')}"


NAMES = {service_name(node) for node in FOLDERS}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The nodes as they are generated into an empty folder, with the handlers that a person has written for them."""
    folder = tmp_path_factory.mktemp("nodes of specs")
    command = [*NODESMITH, "generate", str(EXAMPLE / "system.yaml"), "-o", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    for node in json.loads(done.stdout)["nodes"]:
        stages = {stage["name"]: stage["status"] for stage in node["stages"]}
        assert stages["event_bus_integration"] == "done"
    for name in FOLDERS.values():
        for pattern in WRITTEN:
            for file in (EXAMPLE / name / "v1_0_0").glob(pattern):
                shutil.copy(file, folder / file.relative_to(EXAMPLE))
    return folder


@pytest.fixture(scope="module")
def consul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsul]:
    with running_consul(tmp_path_factory.mktemp("consul")) as running:
        yield running


@pytest.fixture(scope="module")
def kafka_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Kafka of our own: the nodes have the example's names."""
    with running_kafka(tmp_path_factory.mktemp("kafka") / "data") as running:
        yield running.bootstrap_servers


def node_process(
    made: Path, name: str, home: Path, servers: str, environment: Mapping[str, str] | None = None
) -> AbstractContextManager[RunningNode]:
    """Run a node by its start script, from a foreign folder; at the end it has to drain."""
    return running_node(
        made / FOLDERS[name] / "v1_0_0" / "start_node.py",
        home / f"{name}.log",
        *("--kafka-servers", servers),
        environment={"HEARTBEAT_SECONDS": "0.5", **(environment or {})},
        cwd=Path("/"),
    )


@contextmanager
def started(
    made: Path, home: Path, servers: str, consul: RunningConsul, environment: Mapping[str, str] | None = None
) -> Iterator[Whole]:
    """Start the four nodes and a registry that shows them in Consul."""
    fleet = f"whole-{free_port()}"
    with ExitStack() as stack:
        nodes = {
            name: stack.enter_context(node_process(made, name, home, servers, environment))
            for name in FOLDERS
        }
        options = ("--consul", consul.address, "--fleet", fleet)
        registry = stack.enter_context(running_registry(servers, home, *options))
        yield Whole(servers=servers, nodes=nodes, registry=registry, consul=consul, fleet=fleet)


def see_it_appear(whole: Whole) -> None:
    """Each node introduces itself on the bus, is ready in the registry and passing in Consul."""
    with reading(whole.servers, INTROSPECTION_TOPIC) as introspections:
        for name, node in whole.nodes.items():
            health = f"{node.address}/health/live"
            said = introspections.wait_for(
                lambda record, health=health: record.payload["endpoints"].get("health") == health,  # type: ignore[misc]
                seconds=30,
            )
            assert said.payload["node_name"] == name
            assert FOLDERS[name].endswith(said.payload["node_type"])
    for name in whole.nodes:
        whole.registry.wait_for(f"orders/{name}", lambda node: node["state"] == "ready", seconds=30)
    wait_until(lambda: whole.passing() == NAMES, seconds=20, pause=0.1, why="every service passing in Consul")


def send_each_a_command(whole: Whole) -> None:
    """Each node does what it is there for; the reducer comes to count what the store has stored."""
    for target, (payload, expected) in COMMANDS.items():
        wait_until(
            partial(is_answered, whole, target, payload, expected), seconds=20, why=f"{target} answered so"
        )


def is_answered(whole: Whole, target: str, payload: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    """Send a command, which has to be completed, and return whether its answer holds what is expected of it in the end."""
    node, operation = target.split(".")
    path = f"/api/v1/nodes/orders/{node}/commands"
    answer = whole.registry.post(path, {"operation": operation, "payload": payload})
    assert answer["outcome"] == "completed", answer
    is_final = node != "order_totals"  # which follows the events of another node
    assert not is_final or expected.items() <= answer["payload"].items(), answer
    return bool(expected.items() <= answer["payload"].items())


def kill_one_and_stop_the_others(whole: Whole) -> None:
    """Who is killed is critical in Consul, who is told to stop is gone from it; all say so by how they exit."""
    nodes, name = dict(whole.nodes), service_name(VICTIM)
    (victim,) = [each for each, called in whole.services().items() if called == name]
    assert nodes.pop(VICTIM).stop(signal.SIGKILL) == KILLED

    wait_until(
        lambda: whole.consul.checks(victim)[f"{victim}:heartbeat"] == "critical",
        seconds=15,
        why="it critical",
    )
    assert whole.consul.passing(name) == []
    assert whole.registry.node(f"orders/{VICTIM}")["state"] == "lost"
    wait_until(lambda: whole.passing() == NAMES - {name}, pause=0.1, why="the others passing")

    for node in nodes.values():
        node.process.send_signal(signal.SIGTERM)
    assert [node.process.wait(20) for node in nodes.values()] == [TOLD_TO_STOP] * len(nodes)
    wait_until(lambda: whole.services() == {victim: name}, seconds=10, why="the services gone from Consul")
    assert {whole.registry.node(f"orders/{each}")["state"] for each in nodes} == {"stopped"}
    assert whole.registry.stop() == 0


def test_from_specs_to_services_in_consul_and_to_an_orderly_end(
    made: Path, kafka_servers: str, consul: RunningConsul, tmp_path: Path
) -> None:
    with started(made, tmp_path, kafka_servers, consul) as whole:
        see_it_appear(whole)
        send_each_a_command(whole)
        kill_one_and_stop_the_others(whole)


def test_with_the_bus_away_everything_runs_says_so_and_appears_when_the_bus_comes(
    made: Path, consul: RunningConsul, tmp_path: Path
) -> None:
    port = free_port()
    with started(made, tmp_path, f"127.0.0.1:{port}", consul) as whole:
        for node in whole.nodes.values():
            node.wait_for_output("started; no broker can be reached")
            assert node.get("/health/live")[0] == 200
            assert node.readiness()["event_bus"]["state"] == "away"
        health = whole.registry.get("/api/v1/health")
        assert (health["bus"]["state"], health["nodes"], whole.services()) == ("away", {}, {})

        with running_kafka(tmp_path / "kafka", port=port):
            see_it_appear(whole)
            send_each_a_command(whole)
            kill_one_and_stop_the_others(whole)


def test_without_the_client_nodes_run_say_so_and_nobody_pretends_that_they_are_there(
    made: Path, kafka_servers: str, consul: RunningConsul, tmp_path: Path
) -> None:
    (tmp_path / "confluent_kafka.py").write_text("raise ImportError('not installed')\n")
    environment = {"PYTHONPATH": str(tmp_path)}

    with started(made, tmp_path, kafka_servers, consul, environment) as whole:
        for node in whole.nodes.values():
            node.wait_for_output("started;")
            assert node.get("/health/live")[0] == 200
            readiness = node.readiness()
            assert (readiness["ready"], readiness["event_bus"]["state"]) == (False, "client missing")
            assert "pip install confluent-kafka" in readiness["reasons"][0]

        (tmp_path / "beside").mkdir()
        with node_process(made, VICTIM, tmp_path / "beside", kafka_servers):
            # Of all that were started this one alone has the client, and it was started last.
            wait_until(lambda: whole.passing() == {service_name(VICTIM)}, why="the node with the client")
            shown = whole.registry.get("/api/v1/nodes")["nodes"]
            assert {node["full_name"]: node["live"] for node in shown if node["live"]} == {
                f"orders/{VICTIM}": 1
            }
            assert len(whole.services()) == 1
            assert whole.registry.get("/api/v1/health")["unknown"] == 0
        for node in whole.nodes.values():
            assert node.stop() == TOLD_TO_STOP
