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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how well sentences are understood; here, since a conftest further down is not read where workers run the tests."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    scores = [
        value
        for report in reports
        if getattr(report, "when", "") == "call"
        for key, value in report.user_properties
        if key == "sentence score"
    ]
    if scores:
        terminalreporter.section("sentences understood")
        for line in scores:
            terminalreporter.write_line(str(line))
