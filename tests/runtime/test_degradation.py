"""A node goes on without what it lacks, and says what that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.nodes import running_node
from support.ports import free_port
from support.waiting import wait_until
from support.wire import command, reading, send

if TYPE_CHECKING:
    from pathlib import Path

    from support.broker import RunBroker, RunningBroker

COMMANDS = "onex.cmd.demo.greeter-requested.v1"
COMPLETED = "onex.evt.demo.greeter-completed.v1"
INTROSPECTION = "onex.evt.platform.node-introspection.v1"


def test_a_node_starts_without_a_bus_says_so_and_joins_when_it_appears(
    run_broker: RunBroker, start_greeter: Path, tmp_path: Path
) -> None:
    port = free_port()
    servers = f"127.0.0.1:{port}"
    with running_node(
        start_greeter,
        tmp_path / "log",
        "--kafka-servers",
        servers,
        environment={"GREETER_JOURNAL": str(tmp_path)},
    ) as node:
        assert node.get("/health/live")[0] == 200
        wait_until(lambda: "bus away" in node.output, why="the bus being missed")
        readiness = node.readiness()
        assert (readiness["state"], readiness["event_bus"]["state"]) == ("degraded", "away")
        assert f"no broker can be reached at {servers}" in readiness["reasons"][0]
        assert "refused" in readiness["reasons"][0]
        with (
            run_broker(tmp_path / "broker", port=port),
            reading(servers, COMPLETED) as completed,
            reading(servers, INTROSPECTION) as introspections,
        ):
            node.wait_ready()
            assert introspections.wait_for_count(1)[0].payload["reason"] == "startup"
            send(servers, COMMANDS, command("demo.greeter.greet", {"name": "ann"}))
            completed.wait_for_count(1)
            assert node.stop() == 0
        assert node.output.count("bus away") == 1


def test_without_the_client_a_node_runs_says_how_to_install_it_and_stops(
    start_greeter: Path, tmp_path: Path
) -> None:
    (tmp_path / "confluent_kafka.py").write_text("raise ImportError('not installed')\n")
    environment = {"PYTHONPATH": str(tmp_path), "GREETER_JOURNAL": str(tmp_path)}
    with running_node(start_greeter, tmp_path / "log", environment=environment) as node:
        assert node.get("/health/live")[0] == 200
        node.wait_for_output("started;")
        readiness = node.readiness()
        assert not readiness["ready"]
        assert readiness["event_bus"] == {"state": "client missing"}
        assert "pip install confluent-kafka" in readiness["reasons"][0]
        assert node.output.count("WARNING") == 1
        assert node.stop() == 0


def test_without_the_client_a_node_that_skips_the_bus_is_ready(start_greeter: Path, tmp_path: Path) -> None:
    (tmp_path / "confluent_kafka.py").write_text("raise ImportError('not installed')\n")
    environment = {"PYTHONPATH": str(tmp_path), "GREETER_JOURNAL": str(tmp_path)}
    with running_node(start_greeter, tmp_path / "log", "--skip-event-bus", environment=environment) as node:
        assert node.wait_ready().readiness()["event_bus"] == {"state": "skipped"}
        assert "WARNING" not in node.output


def test_a_node_that_skips_the_bus_is_ready_opens_and_closes_its_resources(
    start_greeter: Path, tmp_path: Path
) -> None:
    environment = {"GREETER_JOURNAL": str(tmp_path)}
    with running_node(start_greeter, tmp_path / "log", "--skip-event-bus", environment=environment) as node:
        node.wait_ready()
        assert node.stop() == 0
    assert (tmp_path / "journal").read_text().split() == ["opened", "shut"]


def test_resources_that_do_not_open_are_tried_again_and_no_command_is_taken_before(
    broker: RunningBroker, start_greeter: Path, tmp_path: Path
) -> None:
    (tmp_path / "closed").touch()
    environment = {
        "GREETER_JOURNAL": str(tmp_path),
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "NODE_INSTANCE_ID": "late",
    }
    with (
        running_node(start_greeter, tmp_path / "log", environment=environment) as node,
        reading(broker.bootstrap_servers, INTROSPECTION) as introspections,
    ):
        node.wait_for_output("bus joined")
        why = "the resources did not open: ConnectionError: the journal is closed"
        wait_until(lambda: node.readiness()["reasons"][0] == why, why="the node saying what it lacks")
        introspections.wait_for(
            lambda record: (
                record.payload["reason"] == "startup" and record.payload["metadata"]["instance_id"] == "late"
            )
        )
        (tmp_path / "closed").unlink()
        node.wait_ready()
        introspections.wait_for(
            lambda record: (
                record.payload["reason"] == "health_change"
                and record.payload["metadata"]["instance_id"] == "late"
            )
        )
