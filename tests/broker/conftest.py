from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.broker import RunningBroker


@pytest.fixture(scope="module")
def broker(both_brokers: RunningBroker) -> RunningBroker:
    """A broker of each kind for tests that neither stop nor kill it; each uses topics and groups of its own name."""
    return both_brokers
