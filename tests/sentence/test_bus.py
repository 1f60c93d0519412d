"""Which sentences put a compute node or a reducer on the event bus."""

from __future__ import annotations

import pytest

from nodesmith.spec.loading import load_node_document
from nodesmith.spec.sentence import understand

ON = (
    "A reducer named device_status on the event bus that keeps the status of each device",
    "Compute node price_calculator on the bus, calculates prices from price and quantity",
    "event_bus: true\ncompute node price_calculator calculates prices",
    "Name: order_totals\nType: reducer\nEvent bus: yes\nSums order totals per customer",
    "A reducer called click_totals that consumes click events from Kafka and counts them per campaign",
    "A compute node named tax_rules which listens on the bus and computes the tax of an order",
    "Reducer order_totals (event_bus=true) that sums orders per customer",
    "On the event bus: a reducer that counts clicks per page",
    "A reducer that counts logins per user, on the message bus",
    "Create a compute node BmiCalculator that calculates the BMI. It runs on the bus.",
    "A reducer that subscribes to the Kafka topic orders and sums them per customer",
    "A compute node called quote_maker, reachable over the event bus, that calculates quotes",
    "A reducer that receives events from the bus and counts them per type",
    "compute node with event bus enabled, named score_ranker, sorts candidates by score",
)
OFF = (
    "A reducer named device_status off the bus that keeps the status of each device",
    "Compute node price_calculator, no event bus, calculates prices",
    "A compute node named tax_rules without the event bus that computes the tax of an order",
    "A compute node tax_rules that is not on the bus; it computes the tax of an order",
    "event_bus: false\ncompute node price_calculator calculates prices",
    "A reducer which counts passengers on the bus",
    "A compute node that calculates the fare of a bus ride",
    "A compute node called kafka_parser that parses Kafka messages",
    "A reducer that sums orders per customer",
    "A compute node off the event bus that sorts lists",
    "A compute node that must not use the event bus and calculates fares",
)


@pytest.mark.parametrize("sentence", ON)
def test_who_is_said_to_be_on_the_bus_is_on_it(sentence: str) -> None:
    document = understand(sentence).document

    load_node_document(document, source="the sentence")
    assert document["node"] in ("compute", "reducer")
    assert document["event_bus"] is True


@pytest.mark.parametrize("sentence", OFF)
def test_who_is_not_said_to_be_on_the_bus_is_off_it(sentence: str) -> None:
    assert understand(sentence).document.get("event_bus", False) is False


def test_who_is_always_on_the_bus_needs_no_key_for_it() -> None:
    document = understand("An effect mail_sender on the event bus that sends mails").document

    assert "event_bus" not in document
