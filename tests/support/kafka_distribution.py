"""Apache Kafka's own broker, from Maven's packages, in the user's cache: fetched once, kept outside the tree."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from support.cache import cached

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "4.3.1"
FETCH_SECONDS = 600
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


class NoKafkaError(Exception):
    """Apache Kafka cannot be had here; the text says why."""


def kafka_jars() -> Path:
    """Return the folder of Kafka's jars, which is fetched where it is not there yet; raises NoKafkaError."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            raise NoKafkaError(f"Apache Kafka needs {tool}, which is not installed")
    return cached(f"kafka-{VERSION}", _fetch) / "jars"


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
