"""The rules that the example tells for a Kafka with permissions: without them its nodes say what they miss, with them they work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from confluent_kafka.admin import AclOperation, ResourceType  # type: ignore[attr-defined]
from support.nodes import running_node
from support.waiting import wait_until
from support.wire import command, reading, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.kafka_secure import Rule, SecureKafka
    from support.nodes import RunningNode

ORDERS = Path(__file__).parents[2] / "examples" / "orders"
# Notes what it is told, a line each: the rules themselves are made on a real Kafka.
KAFKA_ACLS = f"""\
#!{sys.executable}
import json, sys
print(json.dumps(sys.argv[1:]))
"""
ORDER = {
    "order_id": "o-1",
    "customer_id": "ada",
    "lines": [{"sku": "tea", "quantity": 2, "unit_price": "900.00"}],
}


def rules(folder: Path) -> Iterator[Rule]:
    """Yield the rules that the example's script gives to kafka-acls."""
    tool = folder / "kafka-acls"
    tool.write_text(KAFKA_ACLS)
    tool.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
    }
    done = subprocess.run(
        ["sh", str(ORDERS / "acls.sh")], env=environment, capture_output=True, text=True, check=True
    )
    parser = ArgumentParser()
    parser.add_argument("--bootstrap-server", choices=["kafka:9092"])
    parser.add_argument("--add", action="store_true")
    parser.add_argument("--allow-principal")
    for name in ("--operation", "--topic", "--group"):
        parser.add_argument(name, action="append", default=[])
    for line in done.stdout.splitlines():
        told = parser.parse_args(json.loads(line))
        for operation in told.operation:
            for resource, names in ((ResourceType.TOPIC, told.topic), (ResourceType.GROUP, told.group)):
                for name in names:
                    yield (
                        told.allow_principal.removeprefix("User:"),
                        AclOperation[operation.upper()],
                        resource,
                        name,
                    )


def start(stack: ExitStack, folder: Path, kafka: SecureKafka) -> dict[str, RunningNode]:
    """Start every node as a user of its own, who has its name."""
    nodes = {}
    for script in sorted(ORDERS.glob("node_*/v1_0_0/start_node.py")):
        user = "-".join(script.parts[-3].split("_")[2:-1])
        kafka.set_password(user, f"password-of-{user}")
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.at("USERS"),
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-256",
            "KAFKA_SASL_USERNAME": user,
            "KAFKA_SASL_PASSWORD": f"password-of-{user}",
        }
        (folder / user).mkdir()
        nodes[user] = stack.enter_context(
            running_node(script, folder / user / "log", environment=environment)
        )
    return nodes


def wait_until_it_says(node: RunningNode, words: str) -> None:
    wait_until(lambda: words in "; ".join(node.readiness()["reasons"]), seconds=60, why=words)


def test_with_the_rules_of_the_example_its_nodes_work_and_without_them_they_say_what_they_miss(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    with secure_kafka.nothing_allowed(), ExitStack() as stack:
        nodes = start(stack, tmp_path, secure_kafka)
        for user, node in nodes.items():
            wait_until_it_says(
                node, f"the broker does not let the user '{user}' see or create the topic onex."
            )
        secure_kafka.allow(*rules(tmp_path))
        for node in nodes.values():
            node.wait_ready(seconds=60)

        fulfil = command("orders.order-fulfilment.fulfil-order", ORDER)
        send(secure_kafka.at("PLAIN"), "onex.cmd.orders.order-fulfilment-requested.v1", fulfil)
        for topic in ("evt.orders.order-fulfilment-completed", "intent.orders.order-totals-intended"):
            with reading(secure_kafka.at("PLAIN"), f"onex.{topic}.v1") as records:
                records.wait_for_count(1, seconds=60)
        topic = "onex.cmd.orders.order-store-requested.v1"
        with secure_kafka.denied("order-store", AclOperation.READ, ResourceType.TOPIC, topic):
            words = f"the broker does not let the user 'order-store' read the topic {topic}"
            wait_until_it_says(nodes["order-store"], words)
        nodes["order-store"].wait_ready(seconds=60)
        assert [node.readiness()["reasons"] for node in nodes.values()] == [[], [], [], []]
