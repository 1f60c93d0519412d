from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generation.transaction import killing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def killer() -> Iterator[killing.Killer]:
    """Give the process whose forks change folders and die; one serves all tests."""
    with killing.killer() as running:
        yield running
