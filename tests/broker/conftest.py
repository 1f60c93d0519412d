from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.broker import RunningBroker, running_broker

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """One broker for all tests that neither stop nor kill it; each uses topics and groups of its own name."""
    with running_broker(tmp_path_factory.mktemp("broker") / "data") as running:
        yield running
