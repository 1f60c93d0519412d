from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nodesmith.generation.pipeline import run
from nodesmith.spec.loading import load_node_document
from nodesmith.spec.model import SystemSpec
from nodesmith.spec.sentence import Understanding, understand

if TYPE_CHECKING:
    from pathlib import Path

SENTENCES = {
    "effect": "An effect called customer_store that can create, update and delete customers in PostgreSQL",
    "compute": "A compute node named bmi takes weight and height and returns the body mass index",
    "reducer": "OrderTotals sums up amounts per customer from order_placed and order_cancelled events",
    "orchestrator": "OrderSaga: first validate the order, then charge the card and finally ship the parcel",
}


def document(sentence: str) -> dict[str, Any]:
    return understand(sentence).document


@pytest.mark.parametrize("archetype", SENTENCES)
def test_a_sentence_becomes_a_node_that_passes_every_gate(archetype: str, tmp_path: Path) -> None:
    understood = understand(SENTENCES[archetype])
    spec = load_node_document(understood.document, source="the sentence")

    report = run(SystemSpec(nodes=(spec,)), tmp_path, verify=False, report=lambda _: None)

    assert understood.archetype == archetype
    assert len(report.nodes[0].files) > 10


def test_fields_are_those_that_the_sentence_names() -> None:
    made = document(
        "compute vat takes a net amount and a country code and returns the tax and whether it is due"
    )

    operation = next(iter(made["operations"].values()))
    assert operation["input"] == {"net_amount": "decimal", "country_code": "str"}
    assert operation["output"] == {"tax": "decimal"}


def test_whether_something_happened_is_a_boolean() -> None:
    made = document(
        "effect user_writer takes a user id and an email, writes the user and returns whether it was created"
    )

    assert made["operations"]["write_user"]["output"] == {"created": "bool"}


def test_a_reducer_keeps_its_state_for_what_is_counted_by() -> None:
    made = document("a reducer called order_stats that counts orders per customer from order_placed events")

    assert made["state"]["key"] == "customer_id"
    assert made["state"]["fields"]["count"] == {"type": "int", "default": 0}
    assert list(made["events"]) == ["order_placed"]


def test_steps_come_one_after_the_other_and_call_nodes() -> None:
    made = document("orchestrator trip: book_flight -> book_hotel -> pay")

    steps = made["workflow"]["steps"]
    assert list(steps) == ["book_flight", "book_hotel", "pay"]
    assert steps["book_hotel"]["call"] == "hotel_booker.book_hotel"
    assert steps["book_hotel"]["after"] == ["book_flight"]


def test_nodes_that_are_named_are_the_ones_called() -> None:
    made = document(
        "An orchestrator RefundFlow that calls the refund compute node and then the bank effect node"
    )

    assert [step["call"] for step in made["workflow"]["steps"].values()] == ["refund.run", "bank.run"]


@pytest.mark.parametrize(
    ("system", "adapter"),
    [
        ("PostgreSQL", "postgresql"),
        ("SQLite", "sqlite"),
        ("Redis", "redis"),
        ("the weather REST API", "http"),
    ],
)
def test_a_known_system_becomes_the_adapter(system: str, adapter: str) -> None:
    assert document(f"an effect called keeper that stores readings in {system}")["adapter"] == adapter


def test_a_system_that_is_denied_or_unknown_is_no_adapter() -> None:
    assert "adapter" not in document("an effect called keeper that writes files, without PostgreSQL")
    assert "adapter" not in document("an effect called keeper that writes rows to MongoDB")


def test_the_sentence_is_data_and_nothing_else() -> None:
    hostile = (
        'effect x_sink writes """ + __import__("os").system("true") + """ {{ 7*7 }} \x00\x1b[31m to disk'
    )

    made = document(hostile)

    assert "\x00" not in made["description"]
    assert "\x1b" not in made["description"]
    assert made["name"] == "x_sink"


def assumed(understood: Understanding) -> str:
    return "\n".join(understood.assumed)


def test_what_was_said_is_not_assumed() -> None:
    understood = understand("An effect called customer_writer that writes customers")

    assert "archetype" not in assumed(understood)
    assert "name" not in assumed(understood)


def test_what_was_not_said_is_told_as_assumed() -> None:
    told = assumed(understand("count page views per visitor"))

    assert "archetype: reducer, from 'count'" in told
    assert "name: page_view_counter" in told
    assert "events: page_view_recorded" in told
