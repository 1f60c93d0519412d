"""A real Apache Kafka process for tests: one node of KRaft, with the surface of the embedded broker's process."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from support.broker import RunningBroker
from support.kafka_distribution import NoKafkaError, kafka, write_settings
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS = 60.0


@contextmanager
def running_kafka(
    data_dir: Path, port: int = 0, *, partitions: int = 4, auto_create: bool = True
) -> Iterator[RunningBroker]:
    """Run Kafka on `data_dir`; its port is a free one unless given. It is stopped at the end if it still runs.

    Where Kafka cannot be had, the test that asks for it is skipped, and says so.
    """
    try:
        installed = kafka()
    except NoKafkaError as reason:
        pytest.skip(f"NOT TESTED ON APACHE KAFKA: {reason}")
    port = port or free_port()
    settings = data_dir / f"server-{port}.properties"
    if not (data_dir / "log").exists():
        shutil.copytree(installed.formatted, data_dir / "log")
    if not settings.exists():
        write_settings(settings, data_dir / "log", port, partitions=partitions, auto_create=auto_create)
    log = data_dir.with_name(data_dir.name + ".log")
    command = [*installed.java, "kafka.Kafka", str(settings)]
    with (
        log.open("a") as output,
        subprocess.Popen(command, stdout=output, stderr=output, text=True) as process,
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


def _wait_until_it_answers(running: RunningBroker) -> None:
    # The client's own pauses between attempts would grow beyond the time that the start takes.
    quick = {"reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 50}
    admin = AdminClient({"bootstrap.servers": running.bootstrap_servers, "log_level": 0, **quick})
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            admin.list_topics(timeout=1)
        except KafkaException:
            assert running.process.poll() is None, f"Kafka did not start:\n{running.log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"Kafka does not answer:\n{running.log.read_text()[-3000:]}"
        else:
            return
