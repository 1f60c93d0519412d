"""The order in which workers take files: the longest first, so that none is left alone with one at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

# As measured; a file that is missing here, or not there any more, only costs time. What needs Consul is not among the
# first: that is built meanwhile, and takes minutes.
SLOWEST = (
    "tests/test_whole_way.py",
    "tests/runtime/test_answered_once.py",
    "tests/ops/test_state.py",
    "tests/runtime/test_delivery.py",
    "tests/ops/test_running_system.py",
    "tests/runtime/test_stopping.py",
    "tests/generation/update/test_any_edits.py",
    "tests/runtime/test_reducer_on_two_hosts.py",
    "tests/runtime/test_start_against_brokers.py",
    "tests/test_packaging.py",
    "tests/runtime/test_rebalance.py",
    "tests/runtime/test_failures_on_the_bus.py",
    "tests/chaos/test_chaos.py",
    "tests/runtime/test_secrets.py",
    "tests/runtime/test_stopping_brokers.py",
    "tests/broker/test_process.py",
    "tests/ops/test_dlq.py",
    "tests/systems/test_on_the_wire.py",
    "tests/generation/test_inside_the_target.py",
    "tests/generation/test_overrides.py",
    "tests/event_bus/test_integrate_command.py",
    "tests/systems/test_asyncapi.py",
    "tests/generation/update/test_killed_command.py",
    "tests/onex/test_onex.py",
    "tests/registry/test_real_nodes.py",
    "tests/registry/test_page.py",
    "tests/ops/test_nodes.py",
    "tests/registry/test_prometheus.py",
    "tests/registry/test_many_nodes.py",
    "tests/test_demo.py",
    "tests/soak/test_soak.py",
    "tests/runtime/test_acls.py",
    "tests/test_docs.py",
    "tests/ops/test_up.py",
)


def slowest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return the tests with those of slow files first; the tests of one file stay in their order."""
    places = {name: number for number, name in enumerate(SLOWEST)}
    return sorted(items, key=lambda item: places.get(item.nodeid.split("::", 1)[0], len(places)))
