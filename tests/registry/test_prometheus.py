"""A real Prometheus that finds real nodes through a real registry, and the dashboard that is drawn of what it reads."""

from __future__ import annotations

import re
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from ops.written_nodes import WrittenNode, write_node
from registry.processes import running_registry
from support.nodes import RunningNode, running_node
from support.prometheus import RunningPrometheus, running_prometheus
from support.waiting import wait_until
from support.wire import command, send

from nodesmith.naming import HEARTBEAT_TOPIC, command_topic
from nodesmith.registry.grafana.dashboard import dashboard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from support.broker import RunningBroker

DOMAIN, NAMES = "scraped", ("busy", "idle", "going")
TOKEN = "a-token-of-the-tests-1234"
BODY = """
def handlers(self):
    return {"double": self.double, "fail": self.fail, "call_away": self.call_away}

async def double(self, request: Number) -> Number:
    return Number(n=request.n * 2)

async def fail(self, request: Number) -> Number:
    raise OperationError(f"{request.n} is too much")

async def call_away(self, request: Number) -> Number:
    from nodesmith.errors import TemporaryError
    raise TemporaryError("nobody is there", dependency="stock")
"""
# Prometheus tells its scraper every five seconds what it has found.
SEEN_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scraped:
    """Everything at work: what is asked about it, where the bus is, and the nodes by their names."""

    prometheus: RunningPrometheus
    servers: str
    registry: str
    nodes: Mapping[str, RunningNode]

    def up(self, name: str) -> list[dict[str, str]]:
        """Return the labels of a node that was scraped well."""
        found = self.prometheus.query(f'up{{nodesmith_domain="{DOMAIN}",nodesmith_node="{name}"}} == 1')
        return [dict(each.labels) for each in found]


@pytest.fixture(scope="module")
def scraped(embedded_broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    if shutil.which("prometheus") is None:
        pytest.skip("Prometheus is not installed: NOT TESTED with it: apt-get install prometheus")
    folder = tmp_path_factory.mktemp("scraped")
    servers = embedded_broker.bootstrap_servers
    token = folder / "token"
    token.write_text(TOKEN)
    # Where no Consul is: that it is not in step is a number as well.
    options = ("--token-file", str(token), "--consul", "http://127.0.0.1:1")
    with ExitStack() as stack:
        nodes = {name: stack.enter_context(node(name, servers, folder)) for name in NAMES}
        registry = stack.enter_context(running_registry(servers, folder, *options))
        prometheus = stack.enter_context(
            running_prometheus(folder, configuration(registry.address, str(token)))
        )
        for each in nodes.values():
            each.wait_ready()
        yield Scraped(prometheus=prometheus, servers=servers, registry=registry.address, nodes=nodes)


def node(name: str, servers: str, folder: Path) -> Any:
    write_node(folder, WrittenNode(name=name, body=BODY, domain=DOMAIN))
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "HEARTBEAT_SECONDS": "0.5",
        "RETRY_ATTEMPTS": "2",
        "RETRY_BASE_SECONDS": "0.01",
        "NODE_INSTANCE_ID": f"{name}-1",
        "NODESMITH_DATA_DIR": str(folder / f"data-{name}"),
    }
    script = folder / f"node_{DOMAIN}_{name}_effect" / "v1_0_0" / "start_node.py"
    return running_node(script, folder / f"{name}.log", environment=environment)


def configuration(registry: str, token_file: str) -> dict[str, Any]:
    # Its discovery leaves the default type out, up to some version.
    authorization = {"type": "Bearer", "credentials_file": token_file}
    discovery = {"url": f"{registry}/api/v1/prometheus/targets", "refresh_interval": "200ms"}
    return {
        "global": {"scrape_interval": "250ms", "scrape_timeout": "250ms"},
        "scrape_configs": [
            {"job_name": "nodesmith", "http_sd_configs": [{**discovery, "authorization": authorization}]},
            {
                "job_name": "nodesmith-registry",
                "authorization": authorization,
                "static_configs": [{"targets": [urlsplit(registry).netloc]}],
            },
        ],
    }


@pytest.mark.parametrize("name", ["busy", "idle"])
def test_every_node_is_scraped_with_who_it_is(scraped: Scraped, name: str) -> None:
    (labels,) = wait_until(lambda: scraped.up(name), seconds=SEEN_SECONDS, why=f"{name} being scraped")

    assert labels == {
        "__name__": "up",
        "job": "nodesmith",
        "instance": urlsplit(scraped.nodes[name].address).netloc,
        "nodesmith_domain": DOMAIN,
        "nodesmith_node": name,
        "nodesmith_archetype": "effect",
        "nodesmith_instance": f"{name}-1",
        "nodesmith_version": "1.0.0",
    }


def test_a_node_that_says_goodbye_is_scraped_no_more(scraped: Scraped) -> None:
    wait_until(lambda: scraped.up("going"), seconds=SEEN_SECONDS, why="it being scraped")

    assert scraped.nodes["going"].stop() == 0

    def is_gone() -> bool:
        return not scraped.prometheus.query(f'up{{nodesmith_domain="{DOMAIN}",nodesmith_node="going"}}')

    wait_until(is_gone, seconds=SEEN_SECONDS, why="it being gone from Prometheus")
    assert scraped.up("idle")


def test_whatever_the_dashboard_draws_has_data(scraped: Scraped) -> None:
    wait_until(lambda: scraped.up("busy"), seconds=SEEN_SECONDS, why="the busy node being scraped")
    send(scraped.servers, HEARTBEAT_TOPIC, b"{")
    topic = command_topic(domain=DOMAIN, name="busy")
    operations = [f"{DOMAIN}.busy.{each}" for each in ("double", "fail", "call-away")]
    without: list[str] = []

    def all_have_data() -> bool:
        send(scraped.servers, topic, b"{", *(command(each, {"n": 1}) for each in operations))
        without[:] = [each for each in expressions() if not scraped.prometheus.query(each)]
        return not without

    try:
        wait_until(all_have_data, seconds=SEEN_SECONDS, pause=0.3, why="data for every panel")
    except AssertionError:
        assert not without, "no data"
        raise


def expressions() -> list[str]:
    """Return what the dashboard asks, for all of a domain, as Grafana fills it in."""
    values = {"domain": DOMAIN, "node": ".*", "instance": ".*", "__rate_interval": "5s", "__range": "1m"}
    found = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    variables = [
        re.fullmatch(r"label_values\((.*), (\w+)\)", each["definition"])
        for each in dashboard()["templating"]["list"]
        if each["type"] == "query"
    ]
    found += [f"count by ({each[2]}) ({each[1]})" for each in variables if each]
    return [re.sub(r"\$(\w+)", lambda match: values[match[1]], each) for each in found]
