"""The table of metrics in docs/observing.md is what a node serves."""

from __future__ import annotations

import re
from pathlib import Path

from nodesmith.runtime.metrics import NodeMetrics

PAGE = Path(__file__).parents[1] / "docs" / "observing.md"
ROW = re.compile(
    r"^\| `(?P<name>[a-z_]+)` \| (?P<kind>counter|gauge|histogram) \| (?P<labels>.*?) ?\| ", re.MULTILINE
)
SERVED = re.compile(r"^# TYPE (?P<name>\S+) (?P<kind>\S+)$", re.MULTILINE)


def documented() -> dict[str, tuple[str, frozenset[str]]]:
    rows = ROW.finditer(PAGE.read_text(encoding="utf-8"))
    return {row["name"]: (row["kind"], frozenset(re.findall(r"`(\w+)`", row["labels"]))) for row in rows}


def test_every_metric_is_in_the_table_and_nothing_else() -> None:
    served = dict(SERVED.findall(NodeMetrics(node="n").text().decode()))

    assert {name: kind for name, (kind, _) in documented().items()} == served


def test_the_table_tells_every_label() -> None:
    table = documented()
    metrics = NodeMetrics(node="n")
    for family in metrics.families:
        name = family.name if family.name in table else f"{family.name}_total"
        assert table[name][1] == frozenset(family.labels), name
