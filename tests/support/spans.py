"""Spans as OpenTelemetry's console exporter writes them, one a line among other lines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

# A span's name, and the branches below it.
Branch = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSpan:
    """One span; ids without their `0x`. `document` is everything the exporter wrote."""

    name: str
    kind: str
    service: str
    trace_id: str
    span_id: str
    parent_id: str
    document: dict[str, Any]

    @property
    def attributes(self) -> dict[str, Any]:
        attributes: dict[str, Any] = self.document["attributes"]
        return attributes

    @property
    def events(self) -> list[str]:
        return [event["name"] for event in self.document["events"]]

    @property
    def linked_to(self) -> list[str]:
        return [link["context"]["span_id"].removeprefix("0x") for link in self.document["links"]]

    @property
    def status(self) -> str:
        return str(self.document["status"]["status_code"])


def spans_in(text: str) -> list[SeenSpan]:
    """Return the spans in a log, where a line may have the node's name before it."""
    return [_span(line[line.index('{"name": ') :]) for line in text.splitlines() if '"trace_id": "0x' in line]


def _span(line: str) -> SeenSpan:
    document = json.loads(line)
    return SeenSpan(
        name=document["name"],
        kind=document["kind"].removeprefix("SpanKind."),
        service=document["resource"]["attributes"]["service.name"],
        trace_id=document["context"]["trace_id"].removeprefix("0x"),
        span_id=document["context"]["span_id"].removeprefix("0x"),
        parent_id=(document["parent_id"] or "").removeprefix("0x"),
        document=document,
    )


def tree_of(spans: Iterable[SeenSpan], parent: str = "") -> list[Branch]:
    """Return names and what is below them, brothers in the order of their names."""
    return sorted(
        (f"{span.service}: {span.name}", tree_of(spans, span.span_id))
        for span in spans
        if span.parent_id == parent
    )
