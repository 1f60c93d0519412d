from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from support.histories import History
from support.nodes import running_node
from support.waiting import wait_until
from support.wire import Topic, command, committed, reading, send

if TYPE_CHECKING:
    from pathlib import Path

    from support.broker import RunningBroker
    from support.wire import Record

EVENTS = "onex.evt.orders.order-store-completed.v1"
EVENT = "orders.order-store.store-order.completed"
COMMANDS = "onex.cmd.orders.totals-requested.v1"
COMPLETED = "onex.evt.orders.totals-completed.v1"
FAILED = "onex.evt.orders.totals-failed.v1"
INTENTS = "onex.intent.orders.totals-intended.v1"


def stored(customer: str, total: str, *, envelope_id: str) -> dict[str, Any]:
    payload = {"customer_id": customer, "total": total, "order_id": "not in the reducer's model"}
    return {"payload": payload, "event_type": EVENT, "envelope_id": envelope_id}


def answer_to(topic: Topic, envelope_id: str) -> dict[str, Any]:
    return topic.wait_for(lambda record: record.envelope["parent_envelope_id"] == envelope_id).payload


def test_events_of_others_are_folded_once_and_state_outlives_the_process(
    broker: RunningBroker, start_totals: Path, tmp_path: Path
) -> None:
    servers = broker.bootstrap_servers
    environment = {"KAFKA_BOOTSTRAP_SERVERS": servers, "NODESMITH_DATA_DIR": str(tmp_path / "data")}
    first, second, third, asked, left, refused = (str(uuid4()) for _ in range(6))
    with (
        reading(servers, COMPLETED) as completed,
        reading(servers, FAILED) as failed,
        reading(servers, INTENTS) as intents,
    ):
        with running_node(start_totals, tmp_path / "one.log", environment=environment) as node:
            node.wait_ready()
            other = {
                "payload": {"reason": "not for this node"},
                "event_type": "orders.order-store.delete-order.completed",
            }
            one, two = stored("c", "40.5", envelope_id=first), stored("c", "60", envelope_id=second)
            send(servers, EVENTS, other, one, two, two, key="c")
            assert answer_to(completed, second)["total"] == "100.5"
            wait_until(lambda: committed(servers, "orders.totals", EVENTS) == 4, why="all events committed")
        with running_node(start_totals, tmp_path / "two.log", environment=environment) as node:
            node.wait_ready()
            send(servers, EVENTS, stored("c", "1", envelope_id=third), one, key="c")
            assert answer_to(completed, third) == {
                "customer_id": "c",
                "orders": 3,
                "total": "101.5",
                "status": "open",
            }
            wait_until(lambda: committed(servers, "orders.totals", EVENTS) == 6, why="all events committed")
            for envelope_id, operation in (
                (left, "customer-left"),
                (refused, "order-stored"),
                (asked, "get-state"),
            ):
                payload = {"customer_id": "c"} | ({"total": "1"} if operation == "order-stored" else {})
                value = command(f"orders.totals.{operation}", payload, envelope_id=envelope_id)
                send(servers, COMMANDS, value, key="c")
            state = answer_to(completed, asked)
            assert (state["orders"], state["total"], state["status"]) == (3, "101.5", "closed")
            assert answer_to(failed, refused)["error_type"] == "TransitionError"

            def intended() -> list[Record]:
                """Return this customer's: other tests use the topic as well."""
                intents.read()
                return [record for record in intents.records if record.payload["customer_id"] == "c"]

            wait_until(lambda: len(intended()) >= 3, why="three intents")
        ids = [record.envelope["envelope_id"] for record in intended()]
        assert intended()[0].envelope["event_type"] == "orders.totals.notify-vip"
        assert intended()[0].payload == {"customer_id": "c", "total": "100.5"}
        # The event that came twice asked for its intent twice, under the same id.
        assert ids[0] == ids[1] != ids[2]


def test_the_events_of_a_topic_that_was_deleted_and_made_anew_count(
    broker: RunningBroker, tmp_path: Path
) -> None:
    history = History(servers=broker.bootstrap_servers, folder=tmp_path)
    with history.running("one") as node:
        node.wait_ready()
        history.note(*range(100, 105), key="a")
        history.wait_until_done()
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 2})
    admin.delete_topics([history.source])[history.source].result(20)
    wait_until(lambda: history.source not in admin.list_topics(timeout=5).topics, why="the topic being gone")
    admin.create_topics([NewTopic(history.source, 4)])[history.source].result(20)
    history.sent = 0
    with history.running("two") as node:
        node.wait_ready()
        history.note(*range(200, 203), key="a")
        wait_until(
            lambda: history.state("a") == [*range(100, 105), *range(200, 203)],
            seconds=40,
            pause=0.5,
            why="the new topic's events being counted",
        )
