from __future__ import annotations

import pytest

from nodesmith.runtime.health import reachable_host


@pytest.mark.parametrize(
    ("bound", "reachable"), [("127.0.0.1", "127.0.0.1"), ("node.example", "node.example"), ("::1", "[::1]")]
)
def test_a_host_is_advertised_as_it_is_bound(bound: str, reachable: str) -> None:
    assert reachable_host(bound) == reachable


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", ""])
def test_all_addresses_are_advertised_as_one_that_others_can_use(bound: str) -> None:
    assert reachable_host(bound) not in {"0.0.0.0", "::", "", "[::]"}
