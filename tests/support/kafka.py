"""A real Apache Kafka process for tests: one node of KRaft, with the surface of the embedded broker's process."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from support.broker import RunningBroker
from support.kafka_distribution import NoKafkaError, kafka_jars
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS = 60.0
CLUSTER_ID = "bm9kZXNtaXRoLXRlc3RzMQ"
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dir={log_dir}
num.partitions={partitions}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable={auto_create}
# After a kill the old registration must expire before the broker may come back.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=300
"""
# A small heap and the quick compiler: it is there in about two seconds.
JAVA = ("java", "-Xmx384m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@contextmanager
def running_kafka(
    data_dir: Path, port: int = 0, *, partitions: int = 4, auto_create: bool = True
) -> Iterator[RunningBroker]:
    """Run Kafka on `data_dir`; its port is a free one unless given. It is stopped at the end if it still runs.

    Where Kafka cannot be had, the test that asks for it is skipped, and says so.
    """
    try:
        java = [*JAVA, "-cp", f"{kafka_jars()}/*"]
    except NoKafkaError as reason:
        pytest.skip(f"NOT TESTED ON APACHE KAFKA: {reason}")
    port = port or free_port()
    settings = _settings(data_dir, port, partitions=partitions, auto_create=auto_create)
    if not (data_dir / "log").exists():
        form = [
            *java,
            "kafka.tools.StorageTool",
            "format",
            "--standalone",
            "-t",
            CLUSTER_ID,
            "-c",
            str(settings),
        ]
        subprocess.run(form, check=True, capture_output=True)
    log = data_dir.with_name(data_dir.name + ".log")
    with (
        log.open("a") as output,
        subprocess.Popen(
            [*java, "kafka.Kafka", str(settings)], stdout=output, stderr=output, text=True
        ) as process,
    ):
        try:
            running = RunningBroker(process=process, port=port, log=log)
            _wait_until_it_answers(running)
            yield running
            if process.poll() is None:
                running.stop()
        finally:
            if process.poll() is None:
                process.kill()


def _settings(data_dir: Path, port: int, *, partitions: int, auto_create: bool) -> Path:
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / f"server-{port}.properties"
    if not path.exists():
        path.write_text(
            SETTINGS.format(
                port=port,
                controller=free_port(),
                log_dir=data_dir / "log",
                partitions=partitions,
                auto_create=str(auto_create).lower(),
            )
        )
    return path


def _wait_until_it_answers(running: RunningBroker) -> None:
    admin = AdminClient({"bootstrap.servers": running.bootstrap_servers, "log_level": 0})
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            admin.list_topics(timeout=1)
        except KafkaException:
            assert running.process.poll() is None, f"Kafka did not start:\n{running.log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"Kafka does not answer:\n{running.log.read_text()[-3000:]}"
        else:
            return
