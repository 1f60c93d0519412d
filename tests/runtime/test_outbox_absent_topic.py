"""Records for a topic that does not exist: kept, told of, held up by nobody else's, and sent when it does."""

from __future__ import annotations

from pathlib import Path

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from support.kafka import running_kafka
from support.nodes import running_node
from support.waiting import wait_until
from support.wire import command, reading, send

STORING = Path(__file__).parent / "nodes" / "storing.py"
COMMANDS = "onex.cmd.demo.storing-requested.v1"
COMPLETED = "onex.evt.demo.storing-completed.v1"
TOLD = "onex.evt.demo.told.v1"


def test_a_record_for_a_topic_that_does_not_exist_waits_and_readiness_says_for_what(tmp_path: Path) -> None:
    with running_kafka(tmp_path / "bus", auto_create=False) as bus:
        servers = bus.bootstrap_servers
        environment = {"KAFKA_BOOTSTRAP_SERVERS": servers}
        with running_node(STORING, tmp_path / "log", environment=environment) as node:
            node.wait_ready()
            send(servers, COMMANDS, command("demo.storing.tell", {"size": 1}))
            with reading(servers, COMPLETED) as completed:
                assert completed.wait_for_count(1)[0].payload == {"error": ""}
            wait_until(lambda: not node.readiness()["ready"], seconds=20, why="the node telling of it")
            assert node.readiness()["reasons"] == [
                f"records wait in the outbox for topic {TOLD}, which does not exist"
            ]
            admin = AdminClient({"bootstrap.servers": servers, "log_level": 2})
            admin.create_topics([NewTopic(TOLD, num_partitions=1)])[TOLD].result(10)
            node.wait_ready()
            with reading(servers, TOLD) as told:
                told.wait_for_count(1)
            assert node.output.count("until that topic exists") == 1
