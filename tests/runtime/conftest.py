from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.gate import open_gate
from support.kafka_secure import running_secure_kafka
from support.postgresql import running_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.broker import RunningBroker
    from support.gate import Gate
    from support.kafka_secure import SecureKafka
    from support.postgresql import RunningPostgresql


@pytest.fixture(scope="module")
def broker(both_brokers: RunningBroker) -> RunningBroker:
    """A broker of each kind for tests that leave it running."""
    return both_brokers


@pytest.fixture(scope="module")
def postgresql() -> Iterator[RunningPostgresql]:
    """A PostgreSQL for a module's tests, which leave it running."""
    with running_postgresql() as running:
        yield running


@pytest.fixture(scope="session")
def secure_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """One Apache Kafka a worker that asks for TLS, users, certificates and permissions; tests have users of their own."""
    with running_secure_kafka(tmp_path_factory.mktemp("secure-kafka")) as running:
        yield running


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A port that leads to another one, or to nothing good."""
    with open_gate() as gate:
        yield gate


@pytest.fixture(scope="session")
def start_greeter() -> Path:
    return Path(__file__).parent / "nodes" / "start_greeter.py"


@pytest.fixture(scope="session")
def start_totals() -> Path:
    return Path(__file__).parent / "nodes" / "start_totals.py"


@pytest.fixture
def free_bus(tmp_path: Path) -> Path:
    """The data folder of a broker of the test's own."""
    return tmp_path / "broker"
