"""What a spec made from a sentence looks like: as somebody would have written it who read the sentence."""

from __future__ import annotations

from typing import Any

import pytest

from nodesmith.spec.loading import load_node_document
from nodesmith.spec.sentence import understand


def document(sentence: str) -> dict[str, Any]:
    made = understand(sentence).document
    load_node_document(made, source="the sentence")
    return made


def operation(sentence: str) -> dict[str, Any]:
    """Return the only operation."""
    (made,) = document(sentence)["operations"].values()
    return made  # type: ignore[no-any-return]


def assumed(sentence: str) -> str:
    return "\n".join(understand(sentence).assumed)


STEPS = {
    "orchestrator data_migration runs export, transform, import and verify": ["export", "transform", "do_import", "verify"],
    "orchestrator video: transcode the video, make thumbnails, publish it": ["transcode_video", "make_thumbnail", "publish_video"],
    "First extract the rows, then transform them, and at the end load them": ["extract_row", "transform_row", "load_row"],
    "orchestrator trip books a flight, hotel and car": ["book_flight", "book_hotel", "book_car"],
    "Coordinate hiring: screen cv, interview, make offer": ["screen_cv", "interview", "make_offer"],
    "orchestrator dunning triggers reminder_sender after fee_calculator": ["fee_calculator", "reminder_sender"],
    "orchestrator for returns: inspects the parcel after receiving it": ["receive_parcel", "inspect_parcel"],
    "orchestrator etl: 1) extract 2) transform 3) load": ["extract", "transform", "load"],
    "## etl\n\nOrchestrator.\n\n- extract rows\n- load rows\n- send report": ["extract_row", "load_row", "send_report"],
    "workflow for order intake: validate the order, store it, confirm it. Name -> Intake": ["validate_order", "store_order", "confirm_order"],
    "orchestrator x_flow: reserve -> pay -> ship": ["reserve", "pay", "ship"],
}  # fmt: skip


@pytest.mark.parametrize("sentence", STEPS)
def test_every_step_is_there_in_the_order_it_is_done(sentence: str) -> None:
    assert list(document(sentence)["workflow"]["steps"]) == STEPS[sentence]


def test_a_dotted_step_is_that_operation_of_that_node() -> None:
    steps = document("# order_saga\n\nOrchestrator:\n1. `stock.reserve`\n2. `payment.charge_card`")[
        "workflow"
    ]["steps"]

    assert [step["call"] for step in steps.values()] == ["stock.reserve", "payment.charge_card"]


@pytest.mark.parametrize(
    ("sentence", "key"),
    [
        ("Orchestrator order_fulfilment: reserve goods, take payment, ship parcel", "order_id"),
        ("An orchestrator named trip_booking that books a flight, then a hotel", "trip_id"),
        ("orchestrator setup_flow: for each new tenant create a schema, then create a user", "tenant_id"),
    ],
)
def test_a_workflow_is_about_its_main_entity(sentence: str, key: str) -> None:
    made = document(sentence)

    assert made["workflow"]["result"] == {key: f"input.{key}"}


def test_what_is_to_be_undone_is_undone_where_it_is_known_how_and_the_rest_is_told() -> None:
    sentence = "Orchestrator order_flow: reserve goods, ship parcel. On failure undo everything."

    steps = document(sentence)["workflow"]["steps"]

    assert steps["reserve_goods"]["undo"] == "goods_reserver.release_goods"
    assert "undo" not in steps["ship_parcel"]
    assert "no undo for ship_parcel" in assumed(sentence)


def test_nothing_is_undone_that_nobody_asked_to_undo() -> None:
    sentence = "Orchestrator order_flow: reserve goods, ship parcel"

    assert "undo" not in str(document(sentence)["workflow"])
    assert "undo" not in assumed(sentence)


OPERATIONS = {
    "PostgreSQL CRUD operations named UserDatabase": [
        "create_user",
        "read_user",
        "update_user",
        "delete_user",
    ],
    "compute stats_kit with operations mean, median and standard_deviation": [
        "mean",
        "median",
        "standard_deviation",
    ],
    "effect mailer sends alert mails, reminder mails and reports to customers": ["send_alert_mail"],
    "Effect that writes order and report files to disk": ["write_order"],
    "Store customer records and contact data in Postgres": ["store_customer"],
    "An effect to be called price_feed_poller polling the price feed": ["poll_price_feed"],
    "Please create an address normalizer that cleans postal addresses, compute": ["clean_postal_address"],
    "effect node x_api: orders are validated and forwarded to Kafka": ["validate_order", "forward_order"],
    "Query the SAP API to create sales orders": ["create_sales_order"],
    "Reads mails via IMAP and stores each message in PostgreSQL": ["read_mails", "store_message"],
}


@pytest.mark.parametrize("sentence", OPERATIONS)
def test_operations_are_what_is_done_and_nothing_else(sentence: str) -> None:
    assert list(document(sentence)["operations"]) == OPERATIONS[sentence]


COMPUTED: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "Computes the geohash from latitude and longitude": ({"latitude": "float", "longitude": "float"}, {"geohash": "str"}),
    "compute vat_sum calculates VAT from net amount and country code": ({"net_amount": "decimal", "country_code": "str"}, {"vat": "decimal"}),
    "Given a birth date, tell the age in years": ({"birth_date": "date"}, {"age": "int"}),
    "compute bmi_node takes height and weight, returns the bmi": ({"height": "float", "weight": "float"}, {"bmi": "float"}),
    "compute interest_node: input: amount decimal, days int; output: interest": ({"amount": "decimal", "days": "int"}, {"interest": "decimal"}),
    "compute cost_node: given weight, is_express and ordered_at, returns the price": ({"weight": "float", "is_express": "bool", "ordered_at": "datetime"}, {"price": "decimal"}),
    "Turns markdown into html": ({"markdown": "str"}, {"html": "str"}),
    "Tells whether a number is prime": ({"number": "int"}, {"result": "bool"}),
}  # fmt: skip


@pytest.mark.parametrize("sentence", COMPUTED)
def test_what_a_result_is_computed_from_is_the_input_and_the_result_is_none(sentence: str) -> None:
    made = operation(sentence)

    assert (made["input"], made["output"]) == COMPUTED[sentence]


def test_events_are_those_that_are_named() -> None:
    assert list(
        document("reducer cart_board follows cart_created and cart_checked_out per cart")["events"]
    ) == [
        "cart_created",
        "cart_checked_out",
    ]
    assert list(
        document("reducer account_balance applies deposits and withdrawals per account")["events"]
    ) == [
        "deposit_recorded",
        "withdrawal_recorded",
    ]
    assert list(document("A reducer called cart_state that accumulates cart events")["events"]) == [
        "cart_recorded"
    ]


def test_what_is_done_when_a_state_is_reached_is_an_intent() -> None:
    made = document("Reducer login_guard counts failed logins per user and locks after 5")

    assert made["intents"] == {"lock_user": {"fields": {"user_id": "str"}}}


def test_a_status_takes_the_values_that_its_events_tell() -> None:
    made = document(
        "reducer board keeps the current status of each ticket from ticket_opened and ticket_closed events"
    )

    assert made["state"]["fields"]["status"] == {"enum": ["opened", "closed"], "default": "opened"}


@pytest.mark.parametrize("system", ["MySQL", "MongoDB", "S3", "SMTP", "Kafka"])
def test_a_system_without_an_adapter_is_told(system: str) -> None:
    sentence = f"effect called x_sink that writes orders to {system}"

    assert "adapter" not in document(sentence)
    assert f"no adapter: the handlers reach {system} by themselves" in assumed(sentence)


@pytest.mark.parametrize("service", ["Stripe", "PayPal", "Twilio", "Slack", "GitHub", "the weather API"])
def test_a_service_on_the_web_is_reached_over_http(service: str) -> None:
    sentence = f"effect called x_sink that sends orders to {service}"

    assert document(sentence)["adapter"] == "http"
    assert "adapter: http" in assumed(sentence)


def test_what_was_typed_and_named_is_not_assumed() -> None:
    told = assumed("compute interest_node: input: amount decimal, days int; output: interest decimal")

    assert "amount" not in told
    assert "days" not in told
