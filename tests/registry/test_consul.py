"""The projection against a real Consul: killed, emptied, paused, refusing, and used by others as well."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from registry.consul_instances import instance
from support.certificates import Authority
from support.consul import RunningConsul, https_port, new_token, running_consul
from support.waiting import wait_until_async

from nodesmith.registry.consul.projection import service_of
from nodesmith.registry.consul.projector import Pace, Projector
from nodesmith.registry.consul.settings import ConsulSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from nodesmith.registry.instance import Instance

QUICK = Pace(read=0.3, turn=0.02, retry=0.05, most_retry=0.2, request=0.5, last_words=0.5)


@pytest.fixture(scope="module")
def consul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsul]:
    """An agent for tests that leave it running; each uses a fleet of its own."""
    with running_consul(tmp_path_factory.mktemp("consul")) as running:
        yield running


@pytest.fixture
def own_consul(tmp_path: Path) -> Iterator[RunningConsul]:
    with running_consul(tmp_path / "consul") as running:
        yield running


@pytest.fixture(scope="module")
def guarded_consul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsul]:
    """An agent that lets nobody do anything without a token."""
    with running_consul(tmp_path_factory.mktemp("guarded"), with_acl=True) as running:
        yield running


class Shown:
    """What is projected, and how Consul shows it."""

    def __init__(self, consul: RunningConsul, settings: ConsulSettings) -> None:
        self.consul = consul
        self.settings = settings
        self.instances: list[Instance] = []
        self.asked_everyone = True
        self.projector = Projector(
            settings,
            instances=lambda: self.instances,
            asked_everyone=lambda: self.asked_everyone,
            pace=QUICK,
        )

    def show(self, *instances: Instance) -> None:
        self.instances = list(instances)
        self.projector.wake()

    def id(self, one: Instance) -> str:
        return service_of(one, self.settings).id

    async def until(self, what: Callable[[], object], *, seconds: float = 5.0) -> None:
        await wait_until_async(lambda: asyncio.to_thread(lambda: bool(what())), seconds=seconds)

    async def until_there(self, *instances: Instance) -> None:
        wanted = {self.id(one) for one in instances}
        await self.until(lambda: wanted <= self.consul.services().keys())

    async def until_gone(self, *instances: Instance) -> None:
        gone = {self.id(one) for one in instances}
        await self.until(lambda: not gone & self.consul.services().keys())

    async def until_health(self, one: Instance, **checks: str) -> None:
        wanted = {f"{self.id(one)}:{name}": status for name, status in checks.items()}
        await self.until(lambda: wanted.items() <= self.consul.checks(self.id(one)).items())

    async def until_state(self, state: str) -> None:
        await self.until(lambda: self.projector.document()["state"] == state)


@asynccontextmanager
async def projecting(consul: RunningConsul, **settings: Any) -> AsyncIterator[Shown]:
    defaults: dict[str, Any] = {"port": consul.port, "http_checks": "never", "token": consul.token}
    shown = Shown(consul, ConsulSettings(**(defaults | settings)))
    await shown.projector.start()
    try:
        yield shown
    finally:
        await shown.projector.stop()


async def test_a_node_is_a_service_that_users_of_consul_are_sent_to(consul: RunningConsul) -> None:
    one, two = instance(name="seen_by_all"), instance(name="seen_by_all", version="2.0.0")

    async with projecting(consul, fleet="seen") as shown:
        shown.show(one, two)
        await shown.until(lambda: set(consul.passing("orders-seen-by-all")) == {shown.id(one), shown.id(two)})

    service = consul.services()[shown.id(two)]
    assert (service["Address"], service["Port"]) == ("10.1.2.3", 8080)
    assert service["Tags"] == ["orders", "effect", "save_order"]
    assert service["Meta"]["version"] == "2.0.0"


async def test_a_drain_is_maintenance_and_a_goodbye_takes_the_service_away(consul: RunningConsul) -> None:
    one = instance()
    async with projecting(consul, fleet="leaving") as shown:
        shown.show(one)
        await shown.until_health(one, heartbeat="passing")

        shown.show(replace(one, state="draining"))
        maintenance = f"_service_maintenance:{shown.id(one)}"
        await shown.until(lambda: consul.checks(shown.id(one)).get(maintenance) == "critical")

        shown.show(replace(one, state="stopped"))
        await shown.until_gone(one)


async def test_a_goodbye_that_has_just_been_heard_is_told_before_the_end(consul: RunningConsul) -> None:
    one = instance()
    async with projecting(consul, fleet="farewell") as shown:
        shown.show(one)
        await shown.until_there(one)
        shown.show(replace(one, state="stopped"))

    assert shown.id(one) not in await asyncio.to_thread(consul.services)


async def test_a_crash_is_critical_at_once_and_over_when_it_is_back(consul: RunningConsul) -> None:
    one = instance()
    async with projecting(consul, fleet="crashing") as shown:
        shown.show(one)
        await shown.until_health(one, heartbeat="passing")
        shown.show(replace(one, state="lost"))
        await shown.until_health(one, heartbeat="critical")

        shown.show(replace(one, incarnation="next", state="degraded", waits_for=("postgresql",)))
        await shown.until_health(one, heartbeat="warning")


async def test_consul_takes_a_crashed_service_away_and_it_is_not_put_back(consul: RunningConsul) -> None:
    one, other = instance(), instance()
    async with projecting(consul, fleet="crashed") as shown:
        shown.show(one, other)
        await shown.until_there(one, other)

        shown.show(replace(one, state="lost"), other)
        await shown.until_health(one, heartbeat="critical")

        # As Consul does it by itself after a minute or a minute and a half; what would put it back puts the other back.
        for each in (one, other):
            await asyncio.to_thread(consul.ask, "PUT", f"/v1/agent/service/deregister/{shown.id(each)}")
        await shown.until_there(other)
        assert shown.id(one) not in await asyncio.to_thread(consul.services)


async def test_checks_are_fed_while_the_registry_runs_and_run_out_without_it(consul: RunningConsul) -> None:
    one = instance(ttl_seconds=1.0)
    async with projecting(consul, fleet="fed", ttl_seconds=1.0) as shown:
        shown.show(one)
        await shown.until_health(one, heartbeat="passing")
        end = time.monotonic() + 1.5 * one.ttl_seconds
        while time.monotonic() < end:
            assert set((await asyncio.to_thread(consul.checks, shown.id(one))).values()) == {"passing"}

    await shown.until_health(one, heartbeat="critical")


async def test_consul_looks_at_a_health_endpoint_that_it_can_reach(consul: RunningConsul) -> None:
    health = f"{consul.address}/v1/status/leader"  # any address that answers
    one = instance(endpoints={"health": health}, instance_id="here-1")
    two = instance(endpoints={"health": health}, instance_id="there-1")

    async with projecting(consul, fleet="reached", http_checks="auto", hostname="here") as shown:
        shown.show(one, two)
        await shown.until_health(one, heartbeat="passing", http="passing")
        assert await asyncio.to_thread(consul.checks, shown.id(two)) == {
            f"{shown.id(two)}:heartbeat": "passing"
        }

        shown.show(replace(one, instance_id="there-2", incarnation="next"), two)
        await shown.until(lambda: f"{shown.id(one)}:http" not in consul.checks(shown.id(one)))


async def test_a_consul_that_was_killed_and_forgot_everything_has_it_all_back(
    own_consul: RunningConsul,
) -> None:
    fleet = [instance() for _ in range(20)]
    async with projecting(own_consul) as shown:
        shown.show(*fleet)
        await shown.until_there(*fleet)

        own_consul.kill()
        await shown.until_state("away")
        await asyncio.to_thread(own_consul.start)

        await shown.until_there(*fleet)
        await shown.until_state("in step")


async def test_services_that_somebody_took_away_are_back_at_the_next_look(consul: RunningConsul) -> None:
    one = instance()
    async with projecting(consul, fleet="emptied") as shown:
        shown.show(one)
        await shown.until_there(one)

        await asyncio.to_thread(consul.ask, "PUT", f"/v1/agent/service/deregister/{shown.id(one)}")

        await shown.until_there(one)


async def test_a_consul_that_says_nothing_is_away_and_holds_nothing_up(own_consul: RunningConsul) -> None:
    one = instance()
    async with projecting(own_consul) as shown:
        shown.show(one)
        await shown.until_there(one)
        own_consul.pause()
        await shown.until_state("away")
        assert "does not answer" in str(shown.projector.document()["last_error"])

        shown.show(replace(one, state="stopped"))
        own_consul.go_on()
        await shown.until_state("in step")
        await shown.until_gone(one)

        own_consul.pause()
        shown.show(one)
        await asyncio.wait_for(shown.projector.stop(), 1.0)
        own_consul.go_on()


async def test_without_a_consul_the_state_says_why_and_for_how_long(tmp_path: Path) -> None:
    nobody = RunningConsul(folder=tmp_path, port=1)
    async with projecting(nobody) as shown:
        await shown.until_state("away")

        document = shown.projector.document()

    assert document["address"] == "http://127.0.0.1:1"
    assert "Cannot connect" in str(document["last_error"])
    assert document["services"] == 0
    assert document["since"]


async def test_an_unknown_token_is_refused_and_a_better_one_in_the_file_is_taken(
    guarded_consul: RunningConsul, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("2b778dd9-f5f1-6f29-b4b4-9a5fa948757a\n")
    one = instance()
    async with projecting(guarded_consul, token="", token_file=str(token), fleet="unknown") as shown:
        shown.show(one)
        await shown.until_state("refused")

        token.write_text(f"{guarded_consul.token}\n")

        await shown.until_there(one)
        await shown.until_state("in step")


async def test_a_token_that_may_write_only_some_services_shows_those(guarded_consul: RunningConsul) -> None:
    rules = 'service_prefix "crm-" { policy = "write" } agent_prefix "" { policy = "read" }'
    token = await asyncio.to_thread(new_token, guarded_consul, rules)
    allowed, denied = instance(domain="crm"), instance(domain="orders")

    async with projecting(guarded_consul, token=token, fleet="some") as shown:
        shown.show(denied, allowed)
        await shown.until_there(allowed)
        await shown.until_state("refused")

        document = shown.projector.document()

    assert "orders-order-store" in str(document["last_error"])
    assert token not in str(document)
    assert shown.id(denied) not in await asyncio.to_thread(guarded_consul.services)


async def test_the_token_of_the_environment_does_not_win_over_the_settings(
    guarded_consul: RunningConsul, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "of-somebody-else")
    one = instance()
    async with projecting(guarded_consul, fleet="mine") as shown:
        shown.show(one)

        await shown.until_there(one)


async def test_consul_is_spoken_to_with_certificates_on_both_sides(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    client = authority.issue("registry.nodesmith")
    stranger = Authority(tmp_path / "stranger")
    files = {"client_cert": str(client.certificate), "client_key": str(client.key)}
    one = instance()
    with running_consul(tmp_path / "consul", tls=authority) as consul:
        secure: dict[str, Any] = {"tls": True, "port": https_port(consul), **files}
        async with projecting(consul, **secure, ca_file=str(authority.file)) as shown:
            shown.show(one)
            await shown.until_there(one)
        async with projecting(consul, **secure, ca_file=str(stranger.file)) as shown:
            await shown.until_state("away")
            assert "certificate" in str(shown.projector.document()["last_error"])


async def test_orphans_of_an_earlier_registry_go_and_foreign_services_stay(consul: RunningConsul) -> None:
    orphan, ended = instance(ttl_seconds=1.0), instance(ttl_seconds=1.0)
    async with projecting(consul, fleet="orphans") as shown:
        shown.show(orphan, ended)
        await shown.until_there(orphan, ended)
    strange: list[dict[str, Any]] = [
        {"Name": "web", "ID": "web-1"},
        {"Name": "like-ours", "ID": "nodesmith-by-hand", "Meta": {"fleet": "orphans"}},
        {
            "Name": "of-others",
            "ID": "nodesmith-of-others",
            "Meta": {"managed-by": "nodesmith", "fleet": "another"},
        },
    ]
    for service in strange:
        await asyncio.to_thread(consul.ask, "PUT", "/v1/agent/service/register", service)

    shown = Shown(consul, shown.settings)
    shown.asked_everyone = False
    await shown.projector.start()
    try:
        shown.show(replace(ended, state="stopped"))
        await shown.until_gone(ended)
        assert shown.id(orphan) in await asyncio.to_thread(consul.services)

        shown.asked_everyone = True
        await shown.until_gone(orphan)
    finally:
        await shown.projector.stop()

    assert {service["ID"] for service in strange} <= consul.services().keys()


async def test_registries_side_by_side_show_the_same_and_outlive_each_other(consul: RunningConsul) -> None:
    one, two = instance(), instance()
    async with projecting(consul, fleet="side") as stays:
        async with projecting(consul, fleet="side", http_checks="always") as goes:
            for shown in (stays, goes):
                shown.show(one, two)
            await stays.until_there(one, two)
            for shown in (stays, goes):
                await shown.until_state("in step")
        before = await asyncio.to_thread(consul.services)
        stays.show(one, two)
        await asyncio.sleep(2 * QUICK.read)

        assert await asyncio.to_thread(consul.services) == before
        stays.show(one, replace(two, state="stopped"))
        await stays.until_gone(two)


async def test_any_name_and_text_of_a_foreign_node_can_be_shown(consul: RunningConsul) -> None:
    odd = [
        instance(name="n" * 200, domain="d" * 200, version="v" * 900),
        instance(
            name="größe/\u2603", domain="\ud800", capabilities=("a b", "\n", "ü" * 300, *map(str, range(99)))
        ),
        instance(endpoints={"health": "http://0.0.0.0:80/"}, instance_id="<&>\u0000\u2028"),
        instance(endpoints={}, incarnation=""),
    ]
    async with projecting(consul, fleet="odd") as shown:
        shown.show(*odd)
        await shown.until_there(*odd)
        await shown.until_state("in step")
        before = await asyncio.to_thread(consul.services)
        await asyncio.sleep(2 * QUICK.read)

        assert shown.projector.document()["state"] == "in step"
        assert await asyncio.to_thread(consul.services) == before
