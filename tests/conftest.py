from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def mypy_cache(request: pytest.FixtureRequest) -> Path:
    """A folder for mypy's cache that outlives the run: what a node imports is the same in every test. One a worker."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    assert request.config.cache is not None, "the tests run with pytest's own cache"
    return request.config.cache.mkdir(f"mypy-{worker}")
