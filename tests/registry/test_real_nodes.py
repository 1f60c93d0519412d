"""A real registry and real nodes on a real bus: what it shows, and what becomes of those that end."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from registry.nodes import DOMAIN, TTL_SECONDS, shown_node
from registry.processes import NODES, RunningRegistry, running_registry
from support.broker import running_broker
from support.waiting import wait_until
from support.wire import send

from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC, command_topic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.broker import RunningBroker
    from support.nodes import RunningNode

STEADY = f"{DOMAIN}/steady"
# From the registry's knowing to the test's, on a busy machine.
ON_ITS_WAY_SECONDS = 0.5
PATH = f"{NODES}/{STEADY}"


@pytest.fixture(scope="module")
def servers(both_brokers: RunningBroker) -> str:
    return both_brokers.bootstrap_servers


@pytest.fixture(scope="module")
def steady(servers: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """A node that runs through all tests."""
    with shown_node("steady", servers, tmp_path_factory.mktemp("steady")) as node:
        yield node


@pytest.fixture
def shown(registry: RunningRegistry, steady: RunningNode) -> dict[str, Any]:
    """How the steady node is listed."""
    return registry.wait_for(STEADY, lambda node: node["state"] == "ready")


def instance_of(node: dict[str, Any]) -> dict[str, Any]:
    (instance,) = [each for each in node["instances"] if each["state"] not in {"stopped", "lost"}]
    assert isinstance(instance, dict)
    return instance


def test_a_node_is_listed_with_its_instances(registry: RunningRegistry, shown: dict[str, Any]) -> None:
    assert (shown["archetype"], shown["versions"], shown["live"]) == ("effect", ["1.0.0"], 1)
    assert shown["operations"] == ["double", "fail"]

    instance = instance_of(shown)

    assert instance["ttl_seconds"] == TTL_SECONDS
    (same,) = registry.get(f"/api/v1/instances/{instance['node_id']}")["instances"]
    assert same["incarnation"] == instance["incarnation"]


def test_one_node_is_shown_with_its_contract_and_its_figures(
    registry: RunningRegistry, shown: dict[str, Any]
) -> None:
    node = registry.get(PATH)

    assert node["details_problem"] == ""
    double = next(each for each in node["details"]["operations"] if each["name"] == "double")
    assert double["input_schema"]["properties"]["n"]["type"] == "integer"
    (stats,) = node["stats"]
    assert {each["name"] for each in stats["stats"]["endpoints"]} == {"double", "fail"}


@pytest.mark.parametrize(
    ("operation", "outcome", "payload"),
    [("double", "completed", {"n": 42}), ("fail", "failed", None)],
)
def test_a_command_is_sent_and_its_outcome_told(
    registry: RunningRegistry, shown: dict[str, Any], operation: str, outcome: str, payload: object
) -> None:
    answer = registry.post(
        f"{PATH}/commands", {"operation": operation, "payload": {"n": 21}, "timeout_seconds": 20}
    )

    assert answer["outcome"] == outcome
    if payload is None:
        assert answer["payload"]["error_type"] == "OperationError"
    else:
        assert answer["payload"] == payload
    records = registry.get(f"{PATH}/records?limit=50")["records"]
    told = {each["kind"] for each in records if answer["correlation_id"] in json.dumps(each["envelope"])}
    assert told == {"command", outcome}


def test_who_asks_for_what_is_not_there_is_told_what_is(
    registry: RunningRegistry, shown: dict[str, Any]
) -> None:
    unknown = registry.post(f"{PATH}/commands", {"operation": "triple"}, status=404)
    odd = registry.post(f"{PATH}/commands", {"operation": 7, "more": 1}, status=422)
    nobody = registry.get(f"{NODES}/{DOMAIN}/nobody", status=404)

    assert (unknown["error"]["code"], unknown["error"]["fix"]) == ("unknown-operation", "it has double, fail")
    assert odd["error"]["code"] == "invalid-body"
    assert nobody["error"]["code"] == "unknown-node"


def test_dead_letters_are_shown_and_sent_back(
    registry: RunningRegistry, shown: dict[str, Any], servers: str
) -> None:
    text = f"no envelope {uuid4()}"
    send(servers, command_topic(domain=DOMAIN, name="steady"), text.encode())

    def found() -> dict[str, Any] | None:
        letters = registry.get(f"{PATH}/dead-letters")["dead_letters"]
        return next((each for each in letters if each["value"] == text), None)

    letter = wait(found)
    place = {"partition": letter["partition"], "offset": letter["offset"]}
    replayed = registry.post(f"{PATH}/dead-letters/replay", {"records": [place]})

    assert letter["error_type"] == "InvalidEnvelopeError"
    assert replayed == {"sent": {command_topic(domain=DOMAIN, name="steady"): 1}, "problems": []}
    absent = registry.post(f"{PATH}/dead-letters/replay", {"records": [{"partition": 0, "offset": 10**9}]})
    assert absent["sent"] == {}
    assert len(absent["problems"]) == 1


def wait(found: Any) -> Any:
    return wait_until(found, seconds=20.0, pause=0.1, why="it being there")


def test_the_graph_leads_from_a_nodes_commands_to_its_results(
    registry: RunningRegistry, shown: dict[str, Any]
) -> None:
    edges = registry.get("/api/v1/graph")["edges"]

    ours = {(each["from"], each["to"], each["kind"]) for each in edges if STEADY in each.values()}
    assert ("onex.cmd.shown.steady-requested.v1", STEADY, "subscribes") in ours
    assert (STEADY, "onex.evt.shown.steady-completed.v1", "publishes") in ours


def test_prometheus_finds_the_nodes_metrics(registry: RunningRegistry, shown: dict[str, Any]) -> None:
    targets = registry.get("/api/v1/prometheus/targets")

    (target,) = [each for each in targets if each["labels"]["nodesmith_node"] == "steady"]
    address = f"http://{target['targets'][0]}{target['labels']['__metrics_path__']}"
    with urllib.request.urlopen(address, timeout=5) as response:
        assert b'service_name="steady"' in response.read()


def test_its_own_metrics_count_what_it_shows(registry: RunningRegistry, shown: dict[str, Any]) -> None:
    assert 'nodesmith_registry_nodes{state="ready"}' in registry.text("/metrics")
    assert "nodesmith_registry_bus_up 1.0" in registry.text("/metrics")
    assert registry.get("/health/ready")["ready"] is True


def test_a_killed_node_is_lost_within_its_time_to_live_and_a_second(
    registry: RunningRegistry, servers: str, tmp_path: Path
) -> None:
    with shown_node("killed", servers, tmp_path) as node, registry.events() as stream:
        registry.wait_for(f"{DOMAIN}/killed", lambda node: node["state"] == "ready")

        node.process.kill()

        lost = stream.wait_for(
            "change", lambda data: data["full_name"] == f"{DOMAIN}/killed" and data["kind"] == "lost"
        )
        last_seen = datetime.fromisoformat(lost.data["instance"]["last_seen"]).timestamp()
        assert lost.at - last_seen <= TTL_SECONDS + 1.0 + ON_ITS_WAY_SECONDS
        assert lost.data["node"]["state"] == "lost"


def test_a_node_that_is_told_to_stop_has_left_at_once(
    registry: RunningRegistry, servers: str, tmp_path: Path
) -> None:
    with shown_node("leaving", servers, tmp_path) as node, registry.events() as stream:
        registry.wait_for(f"{DOMAIN}/leaving", lambda node: node["state"] == "ready")

        assert node.stop() == 0
        gone = time.time()

        left = stream.wait_for(
            "change", lambda data: data["full_name"] == f"{DOMAIN}/leaving" and data["kind"] == "left"
        )
        assert left.at - gone < TTL_SECONDS
        assert registry.node(f"{DOMAIN}/leaving")["state"] == "stopped"


def test_a_killed_registry_knows_everything_again_once_it_is_started(
    servers: str, steady: RunningNode, tmp_path: Path
) -> None:
    with running_registry(servers, tmp_path) as first:
        before = instance_of(first.wait_for(STEADY, lambda node: node["state"] == "ready"))
        first.stop(signal.SIGKILL)

    with running_registry(servers, tmp_path) as second:
        after = instance_of(second.wait_for(STEADY, lambda node: node["state"] == "ready", seconds=5.0))

    assert (after["node_id"], after["incarnation"]) == (before["node_id"], before["incarnation"])


def test_registries_side_by_side_show_the_same(
    registry: RunningRegistry, servers: str, shown: dict[str, Any], tmp_path: Path
) -> None:
    with running_registry(servers, tmp_path) as other:
        same = other.wait_for(STEADY, lambda node: node["state"] == "ready")

    assert instance_of(same)["incarnation"] == instance_of(shown)["incarnation"]


def test_two_processes_under_one_id_are_reported_until_one_of_them_ends(
    registry: RunningRegistry, servers: str, tmp_path: Path
) -> None:
    name = f"{DOMAIN}/twin"
    with (
        shown_node("twin", servers, tmp_path, NODE_INSTANCE_ID="same"),
        shown_node("twin", servers, tmp_path, NODE_INSTANCE_ID="same") as second,
    ):
        node = registry.wait_for(name, lambda node: node["conflicts"] == 2)
        assert len({each["incarnation"] for each in node["instances"]}) == 2
        assert name in {each["full_name"] for each in registry.get("/api/v1/health")["conflicts"]}

        second.process.kill()

        registry.wait_for(name, lambda node: node["conflicts"] == 0 and node["live"] == 1)


def test_while_the_bus_is_away_nobody_is_called_lost(tmp_path: Path) -> None:
    name = f"{DOMAIN}/patient"
    with (
        running_broker(tmp_path / "broker") as broker,
        shown_node("patient", broker.bootstrap_servers, tmp_path),
        running_registry(broker.bootstrap_servers, tmp_path) as registry,
        registry.events() as stream,
    ):
        before = instance_of(registry.wait_for(name, lambda node: node["state"] == "ready"))
        broker.process.send_signal(signal.SIGSTOP)
        silent_at = datetime.fromisoformat(before["last_seen"]).timestamp() + TTL_SECONDS
        wait(lambda: time.time() > silent_at + 1.0)
        assert registry.node(name)["state"] == "ready"
        wait(lambda: registry.get("/api/v1/health")["bus"]["state"] == "away")

        broker.process.send_signal(signal.SIGCONT)

        wait(lambda: instance_of(registry.node(name))["last_seen"] > before["last_seen"])
        assert not {each.data["kind"] for each in stream.events if each.name == "change"} & {
            "lost",
            "returned",
        }


FORGED = {
    "not-an-envelope": (INTROSPECTION_TOPIC, b"\x00 no JSON"),
    "no-id": (INTROSPECTION_TOPIC, {"payload": {"node_name": "forged"}}),
    "bad-field": (HEARTBEAT_TOPIC, {"payload": {"node_id": "me"}}),
    "from-the-future": (
        INTROSPECTION_TOPIC,
        {
            "envelope_timestamp": "2999-01-01T00:00:00Z",
            "payload": {"node_id": str(uuid4()), "node_name": "forged", "node_type": "effect"},
        },
    ),
    # As one that waited in an outbox for an hour: whoever said it may be gone.
    "stale": (
        INTROSPECTION_TOPIC,
        {
            "envelope_timestamp": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
            "payload": {
                "node_id": str(uuid4()),
                "node_name": "forged",
                "node_type": "effect",
                "node_version": "1",
            },
        },
    ),
    "bad-ttl": (
        INTROSPECTION_TOPIC,
        {
            "payload": {
                "node_id": str(uuid4()),
                "node_name": "forged",
                "node_type": "effect",
                "node_version": "1",
                "metadata": {"ttl_seconds": 10**9},
            }
        },
    ),
}


def test_what_is_not_to_be_believed_is_counted_and_not_shown(registry: RunningRegistry, servers: str) -> None:
    before = registry.get("/api/v1/health")["ignored"]

    for topic, value in FORGED.values():
        send(servers, topic, value)  # type: ignore[arg-type]  # bytes or an envelope

    def counted() -> bool:
        now = registry.get("/api/v1/health")["ignored"]
        return all(now.get(reason, 0) > before.get(reason, 0) for reason in FORGED)

    wait(counted)
    assert registry.get(f"{NODES}?q=forged")["nodes"] == []
