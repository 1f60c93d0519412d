from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

import pytest
from registry.processes import RunningRegistry, running_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.broker import RunningBroker


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test in an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture(scope="module")
def registry(
    both_brokers: RunningBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningRegistry]:
    """A registry on each kind of broker, for tests that leave it running; it shows the nodes of other tests as well."""
    with running_registry(both_brokers.bootstrap_servers, tmp_path_factory.mktemp("registry")) as running:
        yield running
