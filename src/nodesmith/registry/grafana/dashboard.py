"""A Grafana dashboard of nodes and their registry: the classic JSON that every Grafana imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodesmith.registry.grafana.panels import ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nodesmith.registry.grafana.panels import Panel, Row

SCHEMA_VERSION = 39
WIDTH = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    return {
        "uid": "nodesmith",
        "title": "nodesmith",
        "description": "Nodes by the metrics they serve, found by the registry's service discovery.",
        "tags": ["nodesmith"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": _variables()},
        "panels": _laid_out(ROWS),
    }


def _variables() -> list[dict[str, Any]]:
    chosen = '{nodesmith_domain=~"$domain"'
    return [
        {
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "refresh": 1,
            "hide": 0,
            "current": {},
            "options": [],
        },
        _variable("domain", "Domain", "nodesmith_build_info", "nodesmith_domain"),
        _variable("node", "Node", f"nodesmith_build_info{chosen}}}", "nodesmith_node"),
        _variable(
            "instance",
            "Instance",
            f'nodesmith_build_info{chosen},nodesmith_node=~"$node"}}',
            "nodesmith_instance",
        ),
    ]


def _variable(name: str, label: str, series: str, values: str) -> dict[str, Any]:
    query = f"label_values({series}, {values})"
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
        "hide": 0,
        "options": [],
        "regex": "",
    }


def _laid_out(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return all panels, in lines from left to right under the headings of their rows."""
    shown: list[dict[str, Any]] = []
    top = 0
    for row in rows:
        place = {"x": 0, "y": top, "w": WIDTH, "h": 1}
        shown.append(
            {
                "id": len(shown) + 1,
                "type": "row",
                "title": row.title,
                "gridPos": place,
                "collapsed": False,
                "panels": [],
            }
        )
        top, left, height = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > WIDTH:
                top, left, height = top + height, 0, 0
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            shown.append(_panel(panel, number=len(shown) + 1, place=place))
            left, height = left + panel.width, max(height, panel.height)
        top += height
    return shown


def _panel(panel: Panel, *, number: int, place: Mapping[str, int]) -> dict[str, Any]:
    is_stat = panel.kind == "stat"
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": dict(place),
        "targets": [
            {
                "refId": chr(ord("A") + position),
                "datasource": DATASOURCE,
                "editorMode": "code",
                "expr": query.expr,
                "legendFormat": query.legend,
                "range": not is_stat,
                "instant": is_stat,
            }
            for position, query in enumerate(panel.queries)
        ],
        "fieldConfig": {
            "defaults": {"unit": panel.unit, **(_stat_field(panel) if is_stat else _line_field(panel))},
            "overrides": [],
        },
        "options": _STAT_OPTIONS if is_stat else _LINE_OPTIONS,
    }


_STAT_OPTIONS = {
    "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    "colorMode": "value",
    "graphMode": "none",
    "textMode": "value",
}
_LINE_OPTIONS = {
    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
    "tooltip": {"mode": "multi", "sort": "desc"},
}


def _stat_field(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.worst is not None:
        steps.append({"color": "red", "value": panel.worst})
    return {"thresholds": {"mode": "absolute", "steps": steps}, "color": {"mode": "thresholds"}}


def _line_field(panel: Panel) -> dict[str, Any]:
    return {
        "min": 0,
        "color": {"mode": "palette-classic"},
        "custom": {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 20 if panel.stacked else 0,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        },
    }
