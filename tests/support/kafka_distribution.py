"""Apache Kafka's own broker, from Maven's packages, in the user's cache: fetched once, kept outside the tree.

Beside its jars is what makes it start in half the time: the classes it loads, mapped into memory by Java as they are
(class data sharing), and the formatted folder that a new broker begins with.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from support.cache import cached
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = "4.3.1"
CLUSTER_ID = "bm9kZXNtaXRoLXRlc3RzMQ"
FETCH_SECONDS = 600
PREPARE_SECONDS = 60
POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>nodesmith</groupId><artifactId>kafka-for-tests</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
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
# So that a test can wait for a session's end, for a compaction and for old segments to go.
group.min.session.timeout.ms=1000
log.initial.task.delay.ms=500
log.cleaner.backoff.ms=200
log.retention.check.interval.ms=500
auto.create.topics.enable={auto_create}
# After a kill the old registration must expire before the broker may come back.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=300
"""
# A small heap and the quick compiler.
JAVA = ("java", "-Xmx384m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_CLASSES = "classes.jsa"
_FORMATTED = "formatted"


class NoKafkaError(Exception):
    """Apache Kafka cannot be had here; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """A Kafka that can be started: the command with its main class to follow, and what its log folder begins with."""

    java: Sequence[str]
    formatted: Path


def kafka() -> Kafka:
    """Return what starts Kafka, made ready where it is not yet; raises NoKafkaError."""
    jars = kafka_jars()
    home = cached(f"kafka-{VERSION}-started-by-{_key_of_java()}", lambda home: _prepare(home, jars))
    archive = home / _CLASSES
    # Java goes on without an archive that it does not like.
    shared = [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"] if archive.exists() else []
    return Kafka(java=[*JAVA, *shared, "-cp", f"{jars}/*"], formatted=home / _FORMATTED)


def kafka_jars() -> Path:
    """Return the folder of Kafka's jars, which is fetched where it is not there yet; raises NoKafkaError."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            raise NoKafkaError(f"Apache Kafka needs {tool}, which is not installed")
    return cached(f"kafka-{VERSION}", _fetch) / "jars"


def write_settings(path: Path, log_dir: Path, port: int, *, partitions: int, auto_create: bool) -> None:
    """Write the properties of a Kafka of one node."""
    flag = str(auto_create).lower()
    values = {"port": port, "controller": free_port(), "partitions": partitions, "auto_create": flag}
    path.write_text(SETTINGS.format(log_dir=log_dir, **values))


def _fetch(home: Path) -> None:
    (home / "pom.xml").write_text(POM)
    command = ["mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    try:
        done = subprocess.run(
            [*command, f"-DoutputDirectory={home / 'jars'}"],
            cwd=home, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise NoKafkaError(f"Apache Kafka was not fetched within {FETCH_SECONDS} s") from error
    if done.returncode:
        raise NoKafkaError(
            f"Apache Kafka cannot be fetched: {(done.stdout.strip() or 'no reason given').splitlines()[0]}"
        )


def _key_of_java() -> str:
    """Return what is another for another Java: an archive of classes serves only the one that wrote it."""
    found = Path(shutil.which("java") or "").resolve()
    facts = f"{found} {found.stat().st_mtime_ns} {JAVA} {SETTINGS}"
    return hashlib.sha256(facts.encode()).hexdigest()[:12]


def _prepare(home: Path, jars: Path) -> None:
    """Format a log folder, keep a copy, and let a Kafka that runs on it say which classes it needs."""
    settings, port, log_dir = home / "server.properties", free_port(), home / "log"
    write_settings(settings, log_dir, port, partitions=4, auto_create=True)
    java = [*JAVA, "-cp", f"{jars}/*"]
    form = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(settings)]
    done = subprocess.run(form, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoKafkaError(f"Apache Kafka's folder cannot be formatted: {done.stderr.strip()[-500:]}")
    shutil.copytree(log_dir, home / _FORMATTED)
    archiving = [
        java[0],
        f"-XX:ArchiveClassesAtExit={home / _CLASSES}",
        *java[1:],
        "kafka.Kafka",
        str(settings),
    ]
    with (
        (home / "output").open("wb") as output,
        subprocess.Popen(archiving, stdout=output, stderr=output) as process,
    ):
        try:
            _use(process, port)
            process.terminate()
            process.wait(PREPARE_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
    shutil.rmtree(log_dir)


def _use(process: subprocess.Popen[bytes], port: int) -> None:
    """Send a record and read it in a group, so that the classes that do it are loaded."""
    from confluent_kafka import Consumer, Producer

    servers = {"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0, "reconnect.backoff.max.ms": 100}
    producer = Producer({**servers, "enable.idempotence": True})
    producer.produce("warm", b"up")
    consumer = Consumer({**servers, "group.id": "warm", "auto.offset.reset": "earliest"})
    consumer.subscribe(["warm"])
    deadline = time.monotonic() + PREPARE_SECONDS
    try:
        while producer.poll(0.1) or (message := consumer.poll(0.1)) is None or message.error() is not None:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoKafkaError("Apache Kafka does not start")
    finally:
        consumer.close()
        producer.purge()
