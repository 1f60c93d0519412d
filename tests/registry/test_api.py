"""What the API answers, of nodes that a test made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from registry.described import check_component
from registry.inside import inside, read_events
from registry.sightings import ONE, TWO, goodbye, heartbeat, introduction

from nodesmith.registry.http.openapi import openapi
from nodesmith.registry.http.routes import ROUTES
from nodesmith.registry.overview import INSTANCES_A_NODE, INSTANCES_A_PAGE, Query
from nodesmith.runtime.sighting import Figures

if TYPE_CHECKING:
    from nodesmith.runtime.sighting import Introduction

NODES = "/api/v1/nodes"


def named(*names: str) -> list[Introduction]:
    return [
        introduction(str(UUID(int=number)), name=name, archetype="effect" if number % 2 else "compute")
        for number, name in enumerate(names, start=1)
    ]


def names_of(page: dict[str, Any]) -> list[str]:
    return [node["name"] for node in page["nodes"]]


def test_the_description_is_one() -> None:
    problems = list(OpenAPIV31SpecValidator(openapi()).iter_errors())

    assert problems == []


def test_every_path_under_api_is_described() -> None:
    assert {route.path for route in ROUTES if route.path.startswith(("/api/", "/health", "/metrics"))} == set(
        openapi()["paths"]
    )


async def test_nodes_are_listed_page_by_page_in_the_order_of_their_names() -> None:
    async with inside(*named("c", "a", "e", "b", "d")) as api:
        first = await api.get(f"{NODES}?limit=2")
        second = await api.get(f"{NODES}?limit=2&cursor={first['next_cursor']}")
        third = await api.get(f"{NODES}?limit=2&cursor={second['next_cursor']}")

    assert [names_of(page) for page in (first, second, third)] == [["a", "b"], ["c", "d"], ["e"]]
    assert (first["total"], third["next_cursor"]) == (5, None)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=PRI", ["price"]),
        ("q=orders/ta", ["tax"]),
        ("archetype=effect", ["price", "totals"]),
        ("state=stopped", ["totals"]),
        ("state=ready&archetype=compute", ["tax"]),
        ("q=nothing", []),
    ],
)
async def test_nodes_are_found_by_what_is_asked_for(query: str, names: list[str]) -> None:
    async with inside(*named("price", "tax", "totals")) as api:
        api.hear(goodbye(str(UUID(int=3)), name="totals", archetype="effect"))

        page = await api.get(f"{NODES}?{query}")

    assert names_of(page) == names


@pytest.mark.parametrize("query", ["limit=0", "limit=many", "limit=99999", "state=fine", "summary=2"])
async def test_an_odd_parameter_is_refused_with_what_would_do(query: str) -> None:
    async with inside() as api:
        document = await api.get(f"{NODES}?{query}", status=400)

    assert document["error"]["code"] == "bad-parameter"
    assert document["error"]["fix"].startswith("use ")


async def test_of_a_node_with_very_many_instances_the_newest_are_listed_and_the_others_counted() -> None:
    many = [introduction(str(UUID(int=number))) for number in range(INSTANCES_A_NODE + 3)]
    async with inside(*many, introduction(str(UUID(int=9_999)), name="z")) as api:
        listed, other = (await api.get(NODES))["nodes"]

    assert (listed["live"], len(listed["instances"]), listed["instances_left_out"]) == (503, 500, 3)
    assert other["instances_left_out"] == 0


async def test_a_page_ends_where_it_has_very_many_instances() -> None:
    many = [
        introduction(str(UUID(int=number)), name=f"node_{number // 500}")
        for number in range(INSTANCES_A_PAGE + 1)
    ]
    async with inside(*many) as api:
        first = await api.get(NODES)
        second = await api.get(f"{NODES}?cursor={first['next_cursor']}")

    assert (len(first["nodes"]), names_of(second)) == (4, ["node_4"])


async def test_a_summary_leaves_the_instances_out() -> None:
    async with inside(introduction()) as api:
        (node,) = (await api.get(f"{NODES}?summary=1"))["nodes"]

    assert "instances" not in node


async def test_a_node_is_as_its_worst_living_instance_and_counts_them_all() -> None:
    async with inside(introduction(ONE), introduction(TWO)) as api:
        figures = Figures(requests=5, errors=1, lag=3, p99_ms=7.0, last_error="Oops")
        api.hear(heartbeat(ONE, figures=figures))
        api.hear(heartbeat(TWO, state="degraded", figures=Figures(requests=2, lag=4, p99_ms=9.0)))

        (node,) = (await api.get(NODES))["nodes"]

    assert (node["state"], node["live"], node["instance_states"]) == (
        "degraded",
        2,
        {"degraded": 1, "ready": 1},
    )
    assert (node["requests"], node["lag"], node["p99_ms"], node["last_error"]) == (7, 7, 9.0, "Oops")
    assert node["p50_ms"] is None


async def test_a_page_is_made_anew_when_something_has_changed_and_only_then() -> None:
    async with inside(introduction()) as api:
        made = api.registry.overview.page(Query())
        assert api.registry.overview.page(Query()) is made

        api.hear(heartbeat(state="degraded"))

        assert (await api.get(NODES))["nodes"][0]["state"] == "degraded"


async def test_a_node_nobody_of_lives_has_no_details_and_says_why() -> None:
    async with inside(introduction(), goodbye()) as api:
        node = await api.get(f"{NODES}/orders/pricing")

    assert (node["state"], node["details"], node["stats"]) == ("stopped", None, [])
    assert node["details_problem"] == "no instance of it lives that could be asked"


async def test_a_name_is_known_in_any_form() -> None:
    async with inside(introduction(name="order_totals", domain="my-shop"), goodbye()) as api:
        node = await api.get(f"{NODES}/my_shop/order-totals")

    assert node["full_name"] == "my-shop/order_totals"


async def test_health_sums_up_and_tells_of_conflicts() -> None:
    async with inside(introduction(life="a"), heartbeat(life="a")) as api:
        api.hear(introduction(life="b"))
        api.hear(heartbeat(life="a", sequence=3), heartbeat(life="a", sequence=3))

        health = await api.get("/api/v1/health")

    assert (health["nodes"], health["instances"], health["ignored"]) == (
        {"ready": 1},
        {"ready": 2},
        {"repeated": 1},
    )
    assert [each["incarnation"] for each in health["conflicts"]] == ["b", "a"]
    assert (health["state"], health["bus"]["state"]) == ("starting", "away")


async def test_the_graph_has_each_topic_once() -> None:
    both: dict[str, Any] = {"subscribes": ("in",), "publishes": ("out",)}
    async with inside(introduction(ONE, **both), introduction(TWO, **both)) as api:
        graph = await api.get("/api/v1/graph")

    assert [each["id"] for each in graph["nodes"]] == ["orders/pricing", "in", "out"]
    assert graph["edges"] == [
        {"from": "in", "to": "orders/pricing", "kind": "subscribes"},
        {"from": "orders/pricing", "to": "out", "kind": "publishes"},
    ]


@pytest.mark.parametrize(
    ("url", "settings", "target"),
    [
        ("http://10.0.0.7:9000/metrics", {}, "10.0.0.7:9000"),
        ("https://node.example/m", {}, "node.example:443"),
        ("http://[2001:db8::1]:81/metrics", {}, "[2001:db8::1]:81"),
        ("http://127.0.0.1:9000/metrics", {}, "127.0.0.1:9000"),
        ("http://127.0.0.1:9000/metrics", {"host": "0.0.0.0", "token": "t" * 16}, None),
        ("http://10.0.0.7:99999/metrics", {}, None),
    ],
)
async def test_prometheus_is_told_of_what_it_can_reach(
    url: str, settings: dict[str, str], target: str | None
) -> None:
    said = introduction(endpoints={"metrics": url}), introduction(TWO, endpoints={})
    async with inside(*said, **settings) as api:
        api.client.headers["Authorization"] = f"Bearer {settings.get('token', '')}"

        targets = await api.get("/api/v1/prometheus/targets")

    assert [each["targets"] for each in targets] == ([[target]] if target else [])


async def test_a_stream_begins_with_how_it_is_and_tells_what_changes() -> None:
    async with inside(introduction()) as api, api.client.get(f"{api.address}/api/v1/events") as response:
        ((first, snapshot),) = await read_events(response, 1)
        api.hear(heartbeat(state="degraded"))
        (name, change), (later, summary) = await read_events(response, 2)

    check_component("Snapshot", snapshot)
    check_component("ChangeEvent", change)
    assert (first, name, later) == ("snapshot", "change", "summary")
    assert (change["kind"], change["node"]["state"], change["instance"]["state"]) == (
        "changed",
        "degraded",
        "degraded",
    )
    assert summary["instances"] == {"degraded": 1}


async def test_changes_of_one_instance_that_follow_each_other_are_told_as_one() -> None:
    async with inside(introduction()) as api, api.client.get(f"{api.address}/api/v1/events") as response:
        await read_events(response, 1)
        for sequence in range(2, 50):
            api.hear(heartbeat(sequence=sequence, requests=sequence))

        events = await read_events(response, 2)

    (change,) = [data for name, data in events if name == "change"]
    assert change["instance"]["requests"] == 49


async def test_a_forgotten_node_is_told_of_without_one() -> None:
    async with inside(introduction(), keep_seconds=0.01) as api:
        async with api.client.get(f"{api.address}/api/v1/events") as response:
            await read_events(response, 1)
            api.hear(goodbye())
            changes = api.registry.fleet.expire(float("inf"))
            api.registry.overview.note(changes)
            api.registry.watchers.publish(changes)
            ((_, change),) = await read_events(response, 1)
        page = await api.get(NODES)

    check_component("ChangeEvent", change)
    assert (change["kind"], change["node"], page["nodes"]) == ("forgotten", None, [])


async def test_what_goes_wrong_inside_shows_no_frames(caplog: pytest.LogCaptureFixture) -> None:
    async with inside(introduction()) as api:
        api.registry.overview.names = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]

        document = await api.get(NODES, status=500)

    assert document["error"] == {
        "code": "internal",
        "message": "the registry itself failed; its log says more",
        "fix": "",
    }
    assert "ZeroDivisionError" in caplog.text
