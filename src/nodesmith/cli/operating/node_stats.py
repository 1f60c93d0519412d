"""The figures that nodes answered with: each instance's own and their sum, for a person and as JSON data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodesmith.cli.operating.asked_nodes import by_node
from nodesmith.cli.operating.columns import in_columns
from nodesmith.cli.operating.node_text import or_dash
from nodesmith.runtime.stats import endpoints_of, number_in, summed
from nodesmith.runtime.untrusted import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nodesmith.runtime.census import SeenNode

HEAD = (
    *("node", "instance", "operation", "requests", "errors", "retries", "dead letters"),
    *("average ms", "p50 ms", "p99 ms", "last error"),
)
NOT_UNDERSTOOD = "(not understood)"
LONGEST_ERROR = 80


def stats_data(nodes: Sequence[SeenNode]) -> list[dict[str, object]]:
    """Return the figures of each node: of its instances, and in sum."""
    return [
        {
            "node": instances[0].name,
            "domain": instances[0].domain,
            "instances": [
                {
                    "instance": each.instance_id,
                    "node_id": each.node_id,
                    "state": each.state,
                    "answered": each.answered,
                    "stats": each.said.stats,
                }
                for each in instances
            ],
            "total": _total(instances),
        }
        for instances in by_node(nodes).values()
    ]


def stats_text(nodes: Sequence[SeenNode]) -> str:
    """Return the figures as tables, one row an operation of an instance."""
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for name, instances in by_node(nodes).items():
        rows += _rows(name, instances)
        notes += _notes(name, instances)
    table = in_columns(HEAD, rows) if rows else ""
    return "\n".join(part for part in (table, *notes) if part)


def _rows(name: str, instances: Sequence[SeenNode]) -> Iterator[tuple[str, ...]]:
    told = [each for each in instances if each.said.stats is not None]
    for each in told:
        for endpoint in endpoints_of(each.said.stats or {}):
            yield _row(name, each.instance_id or each.node_id, endpoint)
    if len(told) > 1:
        for endpoint in summed(_documents(told)):
            yield _row(name, f"all {len(told)}", endpoint)


def _row(node: str, instance: str, endpoint: Mapping[str, Any]) -> tuple[str, ...]:
    whole = ("num_requests", "num_errors", "num_retries", "num_dead_letters")
    milliseconds = ("average_processing_time_ms", "p50_ms", "p99_ms")
    error = endpoint.get("last_error")
    words = one_line(error) if isinstance(error, str) else ""
    return (
        node,
        instance,
        one_line(str(endpoint.get("name") or NOT_UNDERSTOOD)),
        *(or_dash(number_in(endpoint, key)) for key in whole),
        *(or_dash(number_in(endpoint, key)) for key in milliseconds),
        or_dash(words if len(words) <= LONGEST_ERROR else f"{words[:LONGEST_ERROR]} ..."),
    )


def _notes(name: str, instances: Sequence[SeenNode]) -> Iterator[str]:
    total = _total(instances)
    lag = total["lag"]
    assert isinstance(lag, dict)
    behind = ", ".join(f"{topic}: {or_dash(records)}" for topic, records in lag.items())
    if any(each.said.stats is not None for each in instances):
        yield f"{name}: in flight {total['in_flight']}, in the outbox {total['outbox']}, behind {behind or '-'}"
    silent = [each.instance_id or each.node_id for each in instances if not each.answered]
    if silent:
        yield f"{name}: {', '.join(silent)} did not answer"
    odd = [each.instance_id or each.node_id for each in instances if each.answered and not each.said.stats]
    if odd:
        yield f"{name}: {', '.join(odd)} answered without figures: not of nodesmith's making, or an older one"


def _total(instances: Sequence[SeenNode]) -> dict[str, object]:
    documents = _documents(instances)
    lag: dict[str, int | float | None] = {}
    for each in documents:
        said = each.get("lag")
        known = said if isinstance(said, dict) else {}
        for topic in known:
            behind = number_in(known, topic)
            before = lag.get(one_line(topic))
            lag[one_line(topic)] = behind if before is None else before + (behind or 0)
    return {
        "endpoints": summed(documents),
        "lag": lag,
        "in_flight": sum(number_in(each, "in_flight") or 0 for each in documents),
        "outbox": sum(number_in(each, "outbox") or 0 for each in documents),
    }


def _documents(instances: Sequence[SeenNode]) -> list[Mapping[str, Any]]:
    return [each.said.stats for each in instances if each.said.stats is not None]
