"""Where health and metrics are served, and as what that is advertised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest
from support.nodes import running_node
from support.ports import free_port

from nodesmith.runtime.health import reachable_host

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("bound", "reachable"), [("127.0.0.1", "127.0.0.1"), ("node.example", "node.example"), ("::1", "[::1]")]
)
def test_a_host_is_advertised_as_it_is_bound(bound: str, reachable: str) -> None:
    assert reachable_host(bound) == reachable


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", ""])
def test_all_addresses_are_advertised_as_one_that_others_can_use(bound: str) -> None:
    assert reachable_host(bound) not in {"0.0.0.0", "::", "", "[::]"}


@pytest.mark.parametrize(
    ("told", "bound"),
    [({}, "127.0.0.1"), ({"HEALTH_HOST": ""}, "127.0.0.1"), ({"HEALTH_HOST": "0.0.0.0"}, "0.0.0.0")],
)
def test_a_node_listens_on_loopback_alone_unless_it_is_told_where(
    told: dict[str, str], bound: str, start_greeter: Path, tmp_path: Path
) -> None:
    # On the bus, though it is away: everything a node has runs.
    servers = f"127.0.0.1:{free_port()}"
    environment = {"KAFKA_BOOTSTRAP_SERVERS": servers, "GREETER_JOURNAL": str(tmp_path), **told}
    with running_node(start_greeter, tmp_path / "log", environment=environment) as node:
        served = node.address
        sockets = psutil.Process(node.process.pid).net_connections()

    listening = [socket.laddr for socket in sockets if socket.status == psutil.CONN_LISTEN]
    assert [address.ip for address in listening] == [bound]
    assert served.endswith(f":{listening[0].port}")
