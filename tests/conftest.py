from __future__ import annotations

import asyncio
import inspect
import os
from typing import TYPE_CHECKING, Any

import pytest
from support.broker import RunningBroker, running_broker
from support.consul_distribution import BuildAhead
from support.kafka import running_kafka
from support.skipped import skipped_lines
from support.slowest_first import slowest_first

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.broker import RunBroker

CONSUL_AHEAD = pytest.StashKey[BuildAhead]()
BROKERS: dict[str, RunBroker] = {"embedded": running_broker, "kafka": running_kafka}


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """One embedded broker a worker, for tests that neither stop nor kill it: their topics and groups have names of their own."""
    with running_broker(tmp_path_factory.mktemp("embedded") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """One Apache Kafka a worker, under the same rules; where it cannot be had its tests are skipped aloud."""
    with running_kafka(tmp_path_factory.mktemp("kafka") / "data") as running:
        yield running


@pytest.fixture(scope="module", params=BROKERS)
def both_brokers(request: pytest.FixtureRequest) -> RunningBroker:
    """The shared broker of each kind, one after the other."""
    name = {"embedded": "embedded_broker", "kafka": "apache_kafka"}[request.param]
    broker: RunningBroker = request.getfixturevalue(name)
    return broker


@pytest.fixture(scope="module", params=BROKERS)
def run_broker(request: pytest.FixtureRequest) -> RunBroker:
    """What runs a broker of each kind, for tests that kill it or whose nodes have fixed names."""
    return BROKERS[request.param]


@pytest.fixture(scope="session")
def mypy_cache(request: pytest.FixtureRequest) -> Path:
    """A folder for mypy's cache that outlives the run: what a node imports is the same in every test. One a worker."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    assert request.config.cache is not None, "the tests run with pytest's own cache"
    return request.config.cache.mkdir(f"mypy-{worker}")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[CONSUL_AHEAD] = BuildAhead()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test in an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = slowest_first(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to build what takes minutes as soon as it is known that a test will need it: here without workers."""
    if not hasattr(session.config, "workerinput"):
        session.config.stash[CONSUL_AHEAD].begin(item.nodeid for item in session.items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Begin as well where workers run the tests, in the process that sends them."""
    node.config.stash[CONSUL_AHEAD].begin(ids)


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.stash[CONSUL_AHEAD].end()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how well sentences are understood, and what was not tested.

    Here, since a conftest further down is not read where workers run the tests.
    """
    _print_scores(terminalreporter)
    if skipped := skipped_lines(terminalreporter.getreports("skipped")):
        terminalreporter.section("NOT TESTED HERE", sep="!", red=True, bold=True)
        for line in skipped:
            terminalreporter.write_line(line, red=True)


def _print_scores(terminalreporter: pytest.TerminalReporter) -> None:
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
