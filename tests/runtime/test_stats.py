"""What a node counts of its commands, and how the figures of several instances are added."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel

from nodesmith.errors import TemporaryError
from nodesmith.runtime import NodeDefinition, NodeIdentity, Operation, Subscription
from nodesmith.runtime.stats import RECENT, Stats, summed

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class ModelNothing(BaseModel):
    pass


def new_stats() -> Stats:
    operations = tuple(
        Operation(name=name, input_model=ModelNothing, output_model=ModelNothing, handler=lambda each: each)
        for name in ("write", "note")
    )
    noted = Subscription(topic="events", event_type="a.b.c", operation="note")
    return Stats(
        NodeDefinition(
            identity=NodeIdentity(name="store", domain="shop", archetype="effect"),
            operations=operations,
            subscriptions=(noted,),
        )
    )


def document(stats: Stats, lag: dict[tuple[str, int], int] | None = None) -> dict[str, object]:
    return stats.document(started_at=STARTED, lag=lag or {}, in_flight=2, outbox=3)


def test_a_node_that_did_nothing_says_so_and_has_no_percentiles() -> None:
    stats = new_stats()

    figures = stats.figures({})

    assert (figures.requests, figures.errors, figures.lag, figures.p50_ms, figures.last_error) == (
        0,
        0,
        None,
        None,
        None,
    )
    (write, note) = summed([document(stats)])
    assert (write["name"], write["average_processing_time_ms"], note["p99_ms"]) == ("write", None, None)


def test_what_was_answered_is_counted_and_what_was_handed_back_is_not() -> None:
    stats = new_stats()
    for seconds in (0.010, 0.030):
        stats.answered("write", seconds, "")
    stats.answered("write", 0.020, "ValueError")
    stats.answered("write", 9.0, "HandedBackError")

    write, _ = summed([document(stats)])

    assert (write["num_requests"], write["num_errors"]) == (3, 1)
    assert (write["processing_time_ms"], write["average_processing_time_ms"]) == (60.0, 20.0)
    assert (write["p50_ms"], write["p99_ms"]) == (20.0, 30.0)


def test_percentiles_are_those_of_the_last_commands() -> None:
    stats = new_stats()
    for seconds in (1.0, *[0.002] * RECENT):
        stats.answered("write", seconds, "")

    assert stats.figures({}).p99_ms == 2.0


def test_failures_retries_and_dead_letters_are_told_with_the_last_error() -> None:
    stats = new_stats()
    stats.retried("write")
    stats.failed("write", TemporaryError("the ledger is away"))
    stats.dead_lettered("write")
    stats.failed("", ValueError("x" * 1000))

    said = document(stats)

    endpoints = said["endpoints"]
    assert isinstance(endpoints, list)
    write, _, odd = endpoints
    assert (write["num_retries"], write["num_dead_letters"]) == (1, 1)
    assert write["last_error"] == "TemporaryError: the ledger is away"
    assert len(odd["last_error"]) < 600
    assert stats.figures({}).last_error == "ValueError"


def test_lag_is_told_by_topic_and_as_unknown_where_it_is() -> None:
    stats = new_stats()
    lag = {("events", 0): 3, ("events", 1): 4}

    assert document(stats, lag)["lag"] == {"onex.cmd.shop.store-requested.v1": None, "events": 7}
    assert stats.figures(lag).lag == 7


def test_instances_are_added_up_and_the_worst_percentile_stands_for_all() -> None:
    one = {"endpoints": [{"name": "write", "num_requests": 3, "processing_time_ms": 30.0, "p99_ms": 12.0}]}
    other = {"endpoints": [{"name": "write", "num_requests": 1, "processing_time_ms": 10.0, "p99_ms": None}]}
    forged = {"endpoints": [{"name": "write", "num_requests": -5, "p99_ms": "fast"}, "nothing"]}

    (total,) = summed([one, other, forged, {"endpoints": 7}])

    assert (total["num_requests"], total["average_processing_time_ms"], total["p99_ms"]) == (4, 10.0, 12.0)
