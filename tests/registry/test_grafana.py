"""The dashboard's shape: what Grafana needs to import it. What its panels ask is held in test_prometheus.py, on a real one."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest

from nodesmith.cli.application import run
from nodesmith.registry.grafana.dashboard import dashboard

PANELS: list[dict[str, Any]] = dashboard()["panels"]
DRAWN = [panel for panel in PANELS if panel["type"] != "row"]


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["registry", "--grafana"]) == 0

    assert json.loads(capsys.readouterr().out) == dashboard()


def test_it_has_what_grafana_asks_of_a_dashboard() -> None:
    document = dashboard()

    assert document["schemaVersion"] >= 36
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", document["uid"])
    assert {"title", "panels", "templating", "time", "refresh", "annotations", "version"} <= document.keys()


def test_panels_have_ids_of_their_own_and_lie_beside_each_other() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    places = [panel["gridPos"] for panel in PANELS]

    assert all(place["x"] >= 0 and place["w"] > 0 and place["x"] + place["w"] <= 24 for place in places)
    assert not [(one, other) for one, other in combinations(places, 2) if _overlap(one, other)]


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


def test_panels_ask_the_data_source_that_is_chosen() -> None:
    variables = {each["name"]: each for each in dashboard()["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    chosen = {"type": "prometheus", "uid": "${datasource}"}

    asked = [each["datasource"] for panel in DRAWN for each in (panel, *panel["targets"])]

    assert all(each == chosen for each in asked)
    assert all(variables[name]["datasource"] == chosen for name in ("domain", "node", "instance"))


def test_every_variable_that_is_asked_with_is_one_of_the_dashboard_or_of_grafana() -> None:
    known = {each["name"] for each in dashboard()["templating"]["list"]} | {"__rate_interval", "__range"}

    used = {name for panel in DRAWN for name in re.findall(r"\$\{?(\w+)", json.dumps(panel))}

    assert used == known


@pytest.mark.parametrize("panel", DRAWN, ids=lambda panel: str(panel["title"]))
def test_queries_of_a_panel_are_told_apart(panel: dict[str, Any]) -> None:
    names = [target["refId"] for target in panel["targets"]]

    assert names
    assert len(set(names)) == len(names)
