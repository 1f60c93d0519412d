from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from registry.processes import RunningRegistry, running_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.broker import RunningBroker


@pytest.fixture(scope="module")
def registry(
    both_brokers: RunningBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningRegistry]:
    """A registry on each kind of broker, for tests that leave it running; it shows the nodes of other tests as well."""
    with running_registry(both_brokers.bootstrap_servers, tmp_path_factory.mktemp("registry")) as running:
        yield running
