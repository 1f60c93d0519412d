"""A system as a Compose file: a broker, Consul, and every node that is on the event bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.generation.filters import one_line
from nodesmith.generation.project import project_name
from nodesmith.naming import kebab
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.contract.onex_document import Document

REDPANDA_IMAGE = "redpandadata/redpanda:v24.3.1"
CONSUL_IMAGE = "hashicorp/consul:1.20"

# Nodes' own services begin with `node-`, so none of them can meet one of these.
BROKER, CONSUL = "redpanda", "consul"
BROKER_PORT, HOST_BROKER_PORT, CONSUL_PORT, HEALTH_PORT = 9092, 19092, 8500, 8080

# A node may take 30 seconds to finish its work; what is killed before loses it.
GRACE = "40s"

HEADER = """\
# Everything that runs this system: docker compose up --build
# Each node is built from its folder, which needs nodesmith's wheel in wheels/: README.md says how it gets there.
# Settings of a node that are not here (a database, say) come from the file .env in its folder, where there is one.
# Nodes serve health and metrics to each other's containers: no port of a node is published to this machine or beyond.
# Nothing of nodesmith's uses Consul yet: it stands here for the registry, which will show the nodes there.
"""


def compose_text(system: str, nodes: Sequence[NodeContract]) -> str:
    """Return the text of `compose.yaml`."""
    return HEADER + to_yaml(compose_document(system, nodes))


def compose_document(system: str, nodes: Sequence[NodeContract]) -> Document:
    """Return the Compose file as plain data; the name of the system, where it has one, is the project's."""
    on_the_bus = [node for node in nodes if node.spec.event_bus]
    inside = {(node.spec.domain, node.spec.name): node for node in on_the_bus}
    services: Document = {BROKER: _broker(), CONSUL: _consul()}
    services |= {project_name(node): _service(node, _called(node, inside)) for node in on_the_bus}
    volumes: Document = {f"{BROKER}-data": {}}
    volumes |= {f"{project_name(node)}-data": {} for node in on_the_bus}
    return {**({"name": kebab(system)} if system else {}), "services": services, "volumes": volumes}


def _broker() -> Document:
    return {
        "image": REDPANDA_IMAGE,
        "command": [
            "redpanda",
            "start",
            "--mode=dev-container",
            "--smp=1",
            f"--kafka-addr=internal://0.0.0.0:{BROKER_PORT},external://0.0.0.0:{HOST_BROKER_PORT}",
            f"--advertise-kafka-addr=internal://{BROKER}:{BROKER_PORT},external://localhost:{HOST_BROKER_PORT}",
        ],
        "ports": [f"127.0.0.1:{HOST_BROKER_PORT}:{HOST_BROKER_PORT}"],
        "volumes": [f"{BROKER}-data:/var/lib/redpanda/data"],
        "healthcheck": {
            "test": ["CMD-SHELL", "rpk cluster health | grep -E 'Healthy:.+true'"],
            "interval": "5s",
            "timeout": "5s",
            "retries": 12,
            "start_period": "10s",
        },
        "restart": "unless-stopped",
    }


def _consul() -> Document:
    # In memory: what the registry will put there it can put there again.
    return {
        "image": CONSUL_IMAGE,
        "command": ["agent", "-dev", "-client=0.0.0.0"],
        "ports": [f"127.0.0.1:{CONSUL_PORT}:{CONSUL_PORT}"],
        "healthcheck": {
            "test": ["CMD", "consul", "operator", "raft", "list-peers"],
            "interval": "5s",
            "timeout": "5s",
            "retries": 12,
        },
        "restart": "unless-stopped",
    }


def _service(node: NodeContract, called: Sequence[NodeContract]) -> Document:
    name = project_name(node)
    ready = f"from urllib.request import urlopen; urlopen('http://127.0.0.1:{HEALTH_PORT}/health/ready', timeout=5)"
    return {
        "image": f"{name}:{'.'.join(str(part) for part in node.spec.version)}",
        "build": {"context": f"./{node.folder}"},
        "labels": {"org.opencontainers.image.description": _literally(one_line(node.description))},
        "env_file": [{"path": f"./{node.folder}/.env", "required": False}],
        "environment": {
            "KAFKA_BOOTSTRAP_SERVERS": f"{BROKER}:{BROKER_PORT}",
            "NODESMITH_SKIP_EVENT_BUS": "0",
            "NODESMITH_DATA_DIR": "/data",
            "HEALTH_HOST": "0.0.0.0",  # noqa: S104 - of its own container
            "HEALTH_PORT": str(HEALTH_PORT),
        },
        "depends_on": {
            BROKER: {"condition": "service_healthy"},
            **{project_name(other): {"condition": "service_started"} for other in called},
        },
        "volumes": [f"{name}-data:/data"],
        "healthcheck": {
            "test": ["CMD", "python", "-c", ready],
            "interval": "10s",
            "timeout": "10s",
            "retries": 3,
            "start_period": "30s",
        },
        "stop_grace_period": GRACE,
        "restart": "unless-stopped",
    }


def _called(node: NodeContract, inside: dict[tuple[str, str], NodeContract]) -> list[NodeContract]:
    """Return the nodes of the system that a workflow calls, each once."""
    calls = node.orchestrator.calls if node.orchestrator else ()
    found = {(call.domain, call.node): inside.get((call.domain, call.node)) for call in calls}
    return [other for other in found.values() if other is not None]


def _literally(text: str) -> str:
    """Return a text that Compose leaves as it is: a dollar sign begins a variable there."""
    return text.replace("$", "$$")
