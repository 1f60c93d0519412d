"""What Consul is to show of instances, and what is done so that it does; without a Consul."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registry.consul_instances import START, ModelAgent, ModelRegistry, instance

from nodesmith.registry.consul.client import http_check, ttl_check
from nodesmith.registry.consul.limits import meta_value, service_name, tags_of
from nodesmith.registry.consul.plan import Registered
from nodesmith.registry.consul.projection import Projection, service_of
from nodesmith.registry.consul.settings import ConsulSettings, HttpChecks

if TYPE_CHECKING:
    from nodesmith.registry.consul.projection import Service
    from nodesmith.registry.instance import Instance

HERE = ConsulSettings(hostname="here")
ANY_TEXT = st.text(alphabet=st.characters(), max_size=700)  # with halves of surrogate pairs
IDS = [str(UUID(int=number)) for number in range(3)]


def shown(*instances: Instance, settings: ConsulSettings = HERE) -> dict[str, Service]:
    return Projection(settings).desired_services(instances)


def test_a_service_says_where_a_node_is_and_which_life_of_which_version() -> None:
    one = instance(node_id=IDS[1], incarnation="life")

    service = service_of(one, HERE)

    assert (service.id, service.name) == (f"nodesmith-{IDS[1]}", "orders-order-store")
    assert (service.address, service.port) == ("10.1.2.3", 8080)
    assert service.tags == ("orders", "effect", "save_order")
    assert service.meta["node-id"] == IDS[1]
    assert service.meta["incarnation"] == "life"
    assert service.meta["version"] == "1.2.3"
    assert service.meta["contract-digest"] == "0123456789abcdef"
    assert (service.presence, service.health) == ("present", "passing")


def test_a_node_of_another_fleet_has_a_service_of_its_own() -> None:
    one = instance(node_id=IDS[1])

    assert service_of(one, replace(HERE, fleet="staging")).id == f"nodesmith-staging-{IDS[1]}"


@given(domain=ANY_TEXT, name=ANY_TEXT)
def test_any_name_is_one_that_dns_takes(domain: str, name: str) -> None:
    assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", service_name(domain=domain, name=name))


def test_names_that_differ_only_in_what_consul_cannot_say_stay_apart() -> None:
    names = {service_name(domain="crm", name=name) for name in ("größe", "grösse", "gr!e", "gr_e")}

    assert len(names) == 4


@given(st.lists(ANY_TEXT, max_size=80))
def test_any_text_is_a_tag_that_consul_takes(texts: list[str]) -> None:
    tags = tags_of(texts)

    assert len(tags) == len(set(tags)) <= 64
    assert all(re.fullmatch(r"[A-Za-z0-9._:/-]{1,63}", tag) for tag in tags)


@given(ANY_TEXT)
def test_any_text_is_read_back_from_consul_as_it_was_written(text: str) -> None:
    value = meta_value(text)

    assert len(value.encode()) <= 512
    assert json.loads(json.dumps(value).encode().decode(errors="replace")) == value


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://[::1]:80/x", ("::1", 80)),
        ("https://nodes.example/health", ("nodes.example", 443)),
        ("http://0.0.0.0:80/", ("", 0)),
        ("http://[::]:80/", ("", 0)),
        ("http://[bad/", ("", 0)),
        ("http://host:99999/", ("", 0)),
        ("", ("", 0)),
    ],
)
def test_a_place_is_only_said_where_it_is_one(url: str, place: tuple[str, int]) -> None:
    service = service_of(instance(endpoints={"health": url}), HERE)

    assert (service.address, service.port) == place


@pytest.mark.parametrize(
    ("choice", "url", "instance_id", "agent", "is_checked"),
    [
        ("auto", "http://10.1.2.3:80/", "there-1", "127.0.0.1", True),
        ("auto", "http://127.0.0.1:80/", "here-1", "127.0.0.1", True),
        ("auto", "http://127.0.0.1:80/", "there-1", "127.0.0.1", False),
        ("auto", "http://localhost:80/", "here-1", "10.9.9.9", False),
        ("always", "http://127.0.0.1:80/", "there-1", "127.0.0.1", True),
        ("always", "", "there-1", "127.0.0.1", False),
        ("never", "http://10.1.2.3:80/", "there-1", "127.0.0.1", False),
    ],
)
def test_consul_looks_itself_only_where_it_can_be_expected_to_reach_the_node(
    choice: HttpChecks, url: str, instance_id: str, agent: str, is_checked: bool
) -> None:
    settings = replace(HERE, http_checks=choice, host=agent)
    one = instance(endpoints={"health": url} if url else {}, instance_id=instance_id)

    assert service_of(one, settings).health_url == (url if is_checked else "")


def test_of_two_lives_the_newer_one_is_shown_whichever_was_heard_of_first() -> None:
    old = instance(node_id=IDS[0], incarnation="z")
    new = replace(old, incarnation="a", started_at=START + timedelta(seconds=1))

    for lives in ((old, new), (new, old)):
        (service,) = shown(*lives).values()
        assert service.meta["incarnation"] == "a"


def test_a_life_that_has_ended_does_not_hide_one_that_goes_on() -> None:
    old = instance(node_id=IDS[0])
    ended = replace(old, incarnation="b", started_at=START + timedelta(seconds=1), state="lost")

    (service,) = shown(old, ended).values()

    assert (service.presence, service.incarnation) == ("present", old.incarnation)


STATES = st.sampled_from(["starting", "ready", "degraded", "draining", "stopped", "lost", None])
FLEETS = st.lists(st.tuples(STATES, STATES, STATES, st.integers(0, 2)), min_size=1, max_size=6)
# A minute of silence: no node of these lives for longer without a word.
MINUTE = 60.0


@given(histories=FLEETS)
def test_whatever_happens_consul_shows_who_lives_and_foreign_services_stay(
    histories: list[tuple[str | None, str | None, str | None, int]],
) -> None:
    foreign = {
        "web": Registered(id="web", name="web", meta={}),
        "nodesmith-theirs": Registered(id="nodesmith-theirs", meta={"managed-by": "others"}),
        "nodesmith-other-1": Registered(
            id="nodesmith-other-1", meta={"managed-by": "nodesmith", "fleet": "other"}
        ),
    }
    agent, registry = ModelAgent(dict(foreign)), ModelRegistry(HERE)
    base = [instance(node_id=node_id) for node_id in IDS]
    instances: list[Instance] = []
    for turn, (*states, version) in enumerate(histories):
        instances = [
            replace(one, state=state, version=f"1.0.{version}")  # type: ignore[arg-type]
            for one, state in zip(base, states, strict=True)
            if state is not None
        ]
        registry.round(agent, instances, turn * MINUTE)

    registry.round(agent, instances, len(histories) * MINUTE)
    last = registry.round(agent, instances, (len(histories) + 1) * MINUTE)

    alive = {f"nodesmith-{one.node_id}": one for one in instances if one.alive}
    lost = {f"nodesmith-{one.node_id}" for one in instances if one.state == "lost"}
    ours = agent.services.keys() - foreign.keys()
    assert alive.keys() <= ours <= alive.keys() | lost
    assert {each: agent.services[each] for each in foreign} == foreign
    assert all(agent.health[each] == "critical" for each in ours & lost)
    for each, one in alive.items():
        assert agent.services[each].meta["version"] == one.version
        assert (agent.services[each].maintenance is not None) == (one.state == "draining")
        assert agent.health[each] == ("warning" if one.state in {"starting", "degraded"} else "passing")
    assert last == 0


def test_registries_that_are_set_up_in_another_way_do_not_fight() -> None:
    agent, instances = ModelAgent(), [instance(node_id=node_id) for node_id in IDS]
    others = [
        ModelRegistry(HERE),
        ModelRegistry(replace(HERE, http_checks="never")),
        ModelRegistry(replace(HERE, ttl_seconds=90.0)),
    ]

    rounds = [sum(registry.round(agent, instances) for registry in others) for _ in range(4)]

    assert rounds[0] > 0
    assert rounds[1:] == [0, 0, 0]


def test_a_registry_that_hears_nothing_any_more_does_not_keep_a_living_node_critical() -> None:
    deaf, hearing, agent, one = ModelRegistry(HERE), ModelRegistry(HERE), ModelAgent(), instance()
    for registry in (deaf, hearing):
        registry.round(agent, [one])

    deaf.round(agent, [replace(one, state="lost")])
    for action in hearing.memory.to_feed(MINUTE):
        agent.carry_out(action)
    deaf.round(agent, [replace(one, state="lost")])

    assert list(agent.health.values()) == ["passing"]


def test_a_new_life_leaves_the_maintenance_of_the_old_one_but_not_what_a_person_has_put_it_into() -> None:
    agent, registry, one = ModelAgent(), ModelRegistry(HERE), instance()
    registry.round(agent, [replace(one, state="draining")])
    registry.round(agent, [replace(one, incarnation="next")])
    (service,) = agent.services.values()
    assert service.maintenance is None

    agent.services[service.id] = replace(service, maintenance="the disk is being changed")
    registry.round(agent, [replace(one, incarnation="after")])

    (service,) = agent.services.values()
    assert service.meta["incarnation"] == "after"
    assert service.maintenance == "the disk is being changed"


def test_an_orphan_goes_only_when_all_were_asked_and_it_was_silent_for_its_time_to_live() -> None:
    agent, first = ModelAgent(), ModelRegistry(HERE)
    first.round(agent, [instance(ttl_seconds=30.0)])
    after = ModelRegistry(HERE)

    after.round(agent, [], 0.0, may_clean=False)
    after.round(agent, [], 100.0)
    after.round(agent, [], 129.0)
    assert len(agent.services) == 1

    after.round(agent, [], 130.0)
    assert not agent.services


def test_what_somebody_else_has_under_our_id_is_said_and_left() -> None:
    one = instance(node_id=IDS[0])
    theirs = Registered(id=f"nodesmith-{IDS[0]}", meta={})
    agent, registry = ModelAgent({theirs.id: theirs}), ModelRegistry(HERE)

    assert registry.round(agent, [one]) == 0

    trouble = registry.memory.trouble()
    assert trouble is not None
    assert theirs.id in trouble.text


def test_who_fails_or_leaves_is_told_before_who_is_new() -> None:
    agent, registry = ModelAgent(), ModelRegistry(HERE)
    failing, leaving = instance(), instance()
    registry.round(agent, [failing, leaving])
    agent.told.clear()

    new = [instance() for _ in range(3)]
    registry.round(agent, [*new, replace(failing, state="lost"), replace(leaving, state="stopped")])

    assert [action.kind for action in agent.told] == ["deregister", "feed", *["register"] * 3]


def test_checks_are_fed_three_times_within_what_they_hold_and_only_for_who_lives() -> None:
    agent, registry, one, lost = ModelAgent(), ModelRegistry(HERE), instance(), instance()
    registry.round(agent, [one, lost])
    registry.round(agent, [one, replace(lost, state="lost")])

    assert not registry.memory.to_feed(10.0)
    assert [action.id for action in registry.memory.to_feed(20.0)] == [f"nodesmith-{one.node_id}"]


def test_what_consul_does_not_take_is_tried_again_later_and_later() -> None:
    registry, one = ModelRegistry(HERE), instance()
    desired = shown(one)
    tried: list[int] = []
    for second in range(200):
        for action in registry.memory.to_do(desired, second, may_clean=True):
            tried.append(second)
            registry.memory.failed(action, second, text="no", is_refusal=True)

    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183]


def test_only_missing_heartbeats_take_a_service_away() -> None:
    service = service_of(instance(), HERE)

    assert ttl_check(service)["deregistercriticalserviceafter"] == "60s"
    assert "deregistercriticalserviceafter" not in http_check(service)
