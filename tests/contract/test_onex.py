"""contract.yaml and version.manifest.yaml: what they say is so, and what is wrong with one is found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from support.specs import compute, effect, effects, one_of_each, orchestrator, reducer

from nodesmith.contract.node_contract import build
from nodesmith.contract.onex import contract_document, manifest_document
from nodesmith.contract.onex_workflow import LONGEST_PAUSE_SECONDS, longest_run_seconds, widest
from nodesmith.contract.validation import check_contract, check_contract_text
from nodesmith.errors import GateError
from nodesmith.orchestration import attempts
from nodesmith.spec.model import OperationSpec
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from nodesmith.spec.model import NodeSpec


def document(spec: NodeSpec) -> dict[str, Any]:
    return contract_document(build(spec))


@pytest.mark.parametrize("spec", one_of_each(), ids=lambda spec: spec.archetype)
def test_the_contract_of_every_archetype_holds_its_own_gate(spec: NodeSpec) -> None:
    text = to_yaml(document(spec))

    assert check_contract_text(text) == ()
    assert yaml.safe_load(text) == document(spec)


@given(effects())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)
def test_the_contract_of_any_effect_holds_its_own_gate(spec: NodeSpec) -> None:
    try:
        contract = build(spec)
    except GateError:
        assume(False)
    assert check_contract_text(to_yaml(contract_document(contract))) == ()


def test_a_lone_operation_is_the_default_and_its_models_are_the_nodes() -> None:
    found = document(effect())

    package = "node_orders_order_store_effect.v1_0_0"
    assert found["input_model"] == f"{package}.models.model_store_order_input.ModelStoreOrderInput"
    assert found["handler_routing"]["default_handler"] == (
        f"{package}.handlers.handler_store_order:HandlerStoreOrder"
    )


def test_a_node_of_several_operations_has_no_default_and_promises_no_single_model() -> None:
    found = document(effect(OperationSpec(name="a"), OperationSpec(name="b")))

    assert (found["input_model"], found["output_model"]) == ("pydantic.BaseModel", "pydantic.BaseModel")
    assert "default_handler" not in found["handler_routing"]
    assert list(found["annotations"]["operations"]) == ["a", "b"]


def test_time_limits_are_those_the_runtime_keeps() -> None:
    assert document(effect())["performance"] == {"single_operation_max_ms": 2500}
    assert document(compute())["performance"] == {"single_operation_max_ms": 30000}
    assert "performance" not in document(effect(OperationSpec(name="a")))


def test_a_workflow_is_given_up_when_every_step_and_undo_has_been() -> None:
    contract = build(orchestrator())

    assert contract.orchestrator
    # quote: 3 tries of 10 s and 2 pauses of 5 s; store: 20 s; its undo: 20 s
    assert longest_run_seconds(contract.orchestrator) == 40 + 20 + 20
    assert attempts.LONGEST_PAUSE_SECONDS == LONGEST_PAUSE_SECONDS
    assert widest(contract.orchestrator) == 1
    assert document(orchestrator())["workflow_coordination"]["rollback_enabled"] is True


def test_steps_that_wait_for_nothing_run_side_by_side() -> None:
    spec = orchestrator()
    assert spec.workflow
    steps = tuple(replace(step, after=()) for step in spec.workflow.steps[:1])
    twin = replace(steps[0], name="second_quote")
    contract = build(replace(spec, workflow=replace(spec.workflow, steps=(*steps, twin))))

    assert contract.orchestrator
    assert widest(contract.orchestrator) == 2
    assert longest_run_seconds(contract.orchestrator) == 40


def test_a_reducers_subscription_is_routed_to_the_events_handler() -> None:
    entries = document(reducer())["handler_routing"]["handlers"]

    [event] = [entry for entry in entries if entry["message_category"] == "EVENT"]
    assert event["topic"] == "onex.evt.orders.order-store-completed.v1"
    assert event["handler"]["name"] == "HandlerOrderStored"


def test_a_node_off_the_bus_says_nothing_of_topics() -> None:
    text = to_yaml(document(compute()))

    assert "event_bus" not in document(compute())
    assert "onex." not in text


def test_the_manifest_says_where_the_parts_are() -> None:
    manifest = manifest_document(build(effect()))

    assert manifest["contract_version"] == {"major": 1, "minor": 0, "patch": 0}
    assert manifest["implementation"] == {
        "module": "node_orders_order_store_effect.v1_0_0.node",
        "class": "NodeOrderStoreEffect",
    }
    assert manifest["start_script"] == "start_node.py"
    assert "start_script" not in manifest_document(build(compute()))


@pytest.mark.parametrize(
    ("change", "rule", "path"),
    [
        ({"node_type": "GATEWAY"}, "node-type", "node_type"),
        ({"node_type": None}, "node-type", "node_type"),
        ({"surprise": 1}, "unknown-key", "surprise"),
        ({"description": ""}, "value", "description"),
        ({"contract_version": "1.0.0"}, "type", "contract_version"),
        ({"node_version": {"major": 1, "minor": 0}}, "missing-key", "node_version"),
        ({"node_version": {"major": 1, "minor": 0, "patch": True}}, "value", "node_version.patch"),
        ({"io_operations": []}, "too-few", "io_operations"),
        ({"performance": {"single_operation_max_ms": 0}}, "value", "performance.single_operation_max_ms"),
    ],
)
def test_a_contract_that_breaks_a_rule_is_found(change: dict[str, object], rule: str, path: str) -> None:
    found = check_contract(document(effect()) | change)

    assert [(finding.rule, finding.path) for finding in found] == [(rule, path)]


@pytest.mark.parametrize(
    "topic",
    [
        "orders",
        "onex.evt.orders.v1",
        "onex.evt.Orders.stored.v1",
        "onex.evt.orders.a--b.v1",
        "onex.evt.a.b.v0",
    ],
)
def test_a_topic_that_is_no_onex_topic_is_found(topic: str) -> None:
    found = document(effect())
    found["event_bus"]["publish_topics"] = [topic]

    assert [finding.path for finding in check_contract(found)] == ["event_bus.publish_topics[0]"]


def test_parts_that_contradict_each_other_are_found() -> None:
    machine, factors = document(reducer()), document(compute())
    machine["state_machine"]["initial_state"] = "lost"
    machine["event_bus"]["subscribe_topics"] = machine["event_bus"]["subscribe_topics"][:1]
    factors["algorithm"]["factors"]["quote"]["weight"] = 0.5

    assert [finding.rule for finding in check_contract(machine)] == ["unknown-topic", "unknown-state"]
    assert [finding.rule for finding in check_contract(factors)] == ["weights"]


@pytest.mark.parametrize(
    "text", ["", "[]", "a: [", "- node_type: EFFECT_GENERIC", "!!python/object:os.system x"]
)
def test_what_is_no_contract_at_all_is_found(text: str) -> None:
    assert check_contract_text(text)


def test_an_unknown_key_is_told_what_was_meant() -> None:
    [missing, unknown] = sorted(
        check_contract(
            {
                ("descriptin" if key == "description" else key): value
                for key, value in document(effect()).items()
            }
        ),
        key=lambda finding: finding.rule,
    )

    assert (missing.rule, unknown.rule) == ("missing-key", "unknown-key")
    assert unknown.fix == "did you mean 'description'?"
