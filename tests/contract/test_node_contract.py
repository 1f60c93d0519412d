"""The contract of a whole node: names, topics, and what stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.specs import (
    LINE,
    compute,
    effect,
    one_of_each,
    orchestrator,
    reducer,
    required,
    store_order,
)

from nodesmith.contract.node_contract import build
from nodesmith.errors import ExitCode, GateError
from nodesmith.spec.model import (
    Archetype,
    NodeSpec,
    OperationRef,
    OperationSpec,
    RecordType,
)


def findings(spec: NodeSpec) -> list[tuple[str, str]]:
    with pytest.raises(GateError) as stopped:
        build(spec)
    assert (stopped.value.stage, stopped.value.exit_code) == ("2", ExitCode.GATE_FAILED)
    return [(found.rule, found.path) for found in stopped.value.findings]


def test_an_effect_is_named_after_its_domain_its_name_and_its_archetype() -> None:
    contract = build(effect())

    assert contract.package == "node_orders_order_store_effect.v1_0_0"
    assert contract.class_name == "NodeOrderStoreEffect"
    assert contract.capabilities == ("orders.store-order",)
    assert build(replace(effect(), version=(2, 10, 3))).version_folder == "v2_10_3"


def test_an_operation_has_a_model_for_each_side_and_a_handler() -> None:
    [operation] = build(effect()).operations

    assert (operation.input.class_name, operation.input.module) == (
        "ModelStoreOrderInput",
        "model_store_order_input",
    )
    assert (operation.handler_class, operation.handler_module) == ("HandlerStoreOrder", "handler_store_order")
    assert (operation.key, operation.timeout_seconds) == ("order_id", 2.5)
    assert operation.event_type == "orders.order-store.store-order"


def test_a_compute_operation_without_a_time_limit_gets_one() -> None:
    assert build(compute()).operations[0].timeout_seconds == 30.0


def test_a_node_off_the_bus_uses_no_topic() -> None:
    topics = build(compute()).topics

    assert (topics.subscribe, topics.publish) == ((), ())
    assert topics.command == "onex.cmd.orders.price-calculator-requested.v1"


def test_a_reducers_events_are_operations_that_answer_with_the_state() -> None:
    contract = build(reducer())

    assert [operation.name for operation in contract.operations] == [
        "order_stored",
        "order_paid",
        "get_state",
    ]
    assert {operation.output.class_name for operation in contract.operations} == {"ModelOrderTotalsState"}
    assert [operation.name for operation in contract.handlers] == ["order_stored", "order_paid"]


def test_a_reducer_subscribes_to_the_results_that_are_its_events() -> None:
    contract = build(reducer())

    assert contract.reducer
    [subscription] = contract.reducer.subscriptions
    assert subscription.topic == "onex.evt.orders.order-store-completed.v1"
    assert subscription.event_type == "orders.order-store.store-order.completed"
    assert subscription.topic in contract.topics.subscribe
    assert "onex.intent.orders.order-totals-intended.v1" in contract.topics.publish


def test_a_state_machine_has_a_transition_for_each_source_and_gives_its_field_a_default() -> None:
    contract = build(reducer())

    assert contract.reducer
    assert contract.reducer.machine
    pairs = [(found.event, found.source, found.target) for found in contract.reducer.machine.transitions]
    assert pairs == [
        ("order_stored", "open", "open"),
        ("order_stored", "shipped", "open"),
        ("order_paid", "open", "paid"),
    ]
    assert contract.reducer.state.field("status").default == "EnumStatus.OPEN"


def test_an_orchestrator_knows_the_topics_of_every_node_it_calls() -> None:
    contract = build(orchestrator())

    assert contract.orchestrator
    store = contract.orchestrator.step("store")
    assert (store.request.class_name, store.answer.class_name) == (
        "ModelStoreStepInput",
        "ModelStoreStepOutput",
    )
    assert store.undo_request
    assert store.undo_request.class_name == "ModelStoreUndoInput"
    assert store.call.command_topic in contract.topics.publish
    assert {store.call.completed_topic, store.call.failed_topic} <= set(contract.topics.subscribe)
    assert contract.topics.workflow == "onex.evt.orders.order-fulfilment-workflow.v1"


@pytest.mark.parametrize("spec", one_of_each(), ids=lambda spec: spec.archetype)
def test_every_class_stands_once_in_a_contract(spec: NodeSpec) -> None:
    contract = build(spec)

    names = [model.class_name for model in contract.models]
    assert len(set(names)) == len(names)
    assert {operation.input.class_name for operation in contract.operations} <= set(names)


def test_operations_that_would_share_a_class_are_refused() -> None:
    assert ("class-name-collision", "a_1_input") in findings(
        effect(OperationSpec(name="a1"), OperationSpec(name="a_1"))
    )


def test_a_nested_record_that_meets_an_operations_model_is_named_after_its_owner() -> None:
    nested = required("store_order_input", LINE)

    contract = build(effect(store_order(), OperationSpec(name="check", input=(nested,))))

    assert "ModelCheckInputStoreOrderInput" in [model.class_name for model in contract.models]


def test_a_nested_record_whose_every_name_is_taken_is_refused() -> None:
    taken = OperationSpec(name="a", input=(required("b_input", LINE),))
    takers = (OperationSpec(name="b"), OperationSpec(name="a_input_b"))

    assert ("class-name-collision", "operations.a.input.b_input") in findings(effect(taken, *takers))


def test_names_too_long_for_a_file_are_refused() -> None:
    long = "n" * 60
    record = LINE
    for _ in range(3):
        record = RecordType((required(long, record),))

    assert ("name-too-long", f"operations.a.input.{long}.{long}.{long}") in findings(
        effect(OperationSpec(name="a", input=(required(long, record),)))
    )


def test_a_call_without_a_domain_stays_in_the_orchestrators_own() -> None:
    spec = orchestrator()
    assert spec.workflow
    elsewhere = replace(
        spec.workflow.steps[0], call=OperationRef(node="mailer", operation="send", domain="mail")
    )
    contract = build(
        replace(spec, workflow=replace(spec.workflow, steps=(elsewhere, spec.workflow.steps[1])))
    )

    assert contract.orchestrator
    assert [step.call.domain for step in contract.orchestrator.steps] == ["mail", "orders"]


def test_archetypes_keep_their_own_parts() -> None:
    parts = {spec.archetype: build(spec) for spec in one_of_each()}

    assert [kind for kind, contract in parts.items() if contract.reducer] == [Archetype.REDUCER]
    assert [kind for kind, contract in parts.items() if contract.orchestrator] == [Archetype.ORCHESTRATOR]
