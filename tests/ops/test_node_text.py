"""What is shown of nodes whose answers anybody may have written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from nodesmith.cli.operating.asked_nodes import only_node, read_whom
from nodesmith.cli.operating.node_details import details_data, details_text, fields
from nodesmith.cli.operating.node_stats import stats_data, stats_text
from nodesmith.errors import InputError
from nodesmith.runtime.census import SeenNode
from nodesmith.runtime.inquiry import Inquiry
from nodesmith.runtime.sighting import Introduction

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def seen(
    instance: str, *, name: str = "echo", domain: str = "shop", answered: bool = True, **said: Any
) -> SeenNode:
    introduction = Introduction(
        node_id=instance,
        name=name,
        domain=domain,
        archetype="effect",
        version="1.0.0",
        instance_id=instance,
        said_at=NOW,
        **said,
    )
    return SeenNode(said=introduction, last_seen=NOW, answered=answered)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        (None, [Inquiry()]),
        ("echo", [Inquiry(node_name="echo"), Inquiry(instance_id="echo")]),
        ("shop/echo", [Inquiry(domain="shop", node_name="echo"), Inquiry(instance_id="shop/echo")]),
        (
            "00000000-0000-0000-0000-00000000000A",
            [Inquiry(node_id="00000000-0000-0000-0000-00000000000a")],
        ),
    ],
)
def test_what_is_typed_is_a_node_an_instance_or_an_id(typed: str | None, asked: list[Inquiry]) -> None:
    assert list(read_whom(typed)) == asked


def test_a_name_in_two_domains_is_refused_with_both() -> None:
    with pytest.raises(InputError, match="'echo' may be any of shop/echo, mill/echo"):
        only_node([seen("a"), seen("b", domain="mill")], typed="echo")


def test_instances_of_different_contracts_are_told_apart() -> None:
    details: dict[str, Any] = {"operations": [], "topics": None, "contract": "one\ntwo\n"}
    instances = [seen("old", contract_digest="aa"), seen("new", contract_digest="bb", details=details)]

    text = details_text(instances, NOW)

    assert "The instances are not of one contract:\n  aa: old\n  bb: new" in text
    assert "contract: 2 lines, in full with --json; digest bb" in text
    assert details_data(instances)["contract_digests"] == {"aa": ["old"], "bb": ["new"]}


def test_a_node_without_details_is_shown_as_that() -> None:
    assert "It tells no details" in details_text([seen("a")], NOW)


@pytest.mark.parametrize(
    "details",
    [
        {"operations": "all", "topics": [1]},
        {
            "operations": [1, {"name": "\x1b[2J", "input_schema": {"properties": {"\x1b": 3}}}],
            "truncated": True,
        },
        {
            "operations": [{"name": ["x"], "timeout_seconds": "soon"}],
            "topics": {"subscribes": {"a": "\n\x07"}},
        },
    ],
)
def test_forged_details_move_no_cursor_and_end_nothing(details: dict[str, Any]) -> None:
    text = details_text([seen("a", details=details)], NOW)

    assert all(line.isprintable() for line in text.splitlines())


def test_fields_of_a_schema_are_told_with_their_types() -> None:
    schema = {
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "line": {"$ref": "#/$defs/Line"},
            "odd": True,
        },
        "required": ["id"],
    }

    assert fields(schema) == "id: uuid, tags?: [string], note?: string|null, line?: Line, odd?: any"


def test_who_has_no_figures_is_named_beside_those_who_have() -> None:
    endpoint = {"name": "write", "num_requests": 3, "last_error": "x\x1b[2J", "p99_ms": 1.25}
    nodes = [
        seen("good", stats={"endpoints": [endpoint], "lag": {"topic": 4, "other": None}, "in_flight": 1}),
        seen("forged", stats={"endpoints": [{"name": 5, "num_requests": "many"}], "lag": [], "outbox": -1}),
        seen("foreign"),
        seen("silent", answered=False),
    ]

    text = stats_text(nodes)

    assert all(line.isprintable() for line in text.splitlines())
    assert "shop/echo: in flight 1, in the outbox 0, behind topic: 4, other: -" in text
    assert "shop/echo: silent did not answer" in text
    assert "shop/echo: foreign answered without figures" in text
    (node,) = stats_data(nodes)
    assert [each["num_requests"] for each in node["total"]["endpoints"]] == [3, 0]  # type: ignore[index]
