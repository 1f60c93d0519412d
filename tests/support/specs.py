"""Specs of all four archetypes, made without a file, and hypothesis strategies for any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from nodesmith.naming import name_problem
from nodesmith.spec.model import (
    Archetype,
    DictType,
    EnumType,
    EventSpec,
    FieldSpec,
    InputBinding,
    IntentSpec,
    ListType,
    LiteralBinding,
    NodeSpec,
    NullableType,
    OperationRef,
    OperationSpec,
    RecordType,
    ScalarName,
    ScalarType,
    StateMachine,
    StateSpec,
    StepBinding,
    StepSpec,
    Transition,
    WorkflowSpec,
)

if TYPE_CHECKING:
    from nodesmith.spec.model import FieldType

STR, INT, BOOL = ScalarType(ScalarName.STR), ScalarType(ScalarName.INT), ScalarType(ScalarName.BOOL)
DECIMAL, UUID, DATE = (
    ScalarType(ScalarName.DECIMAL),
    ScalarType(ScalarName.UUID),
    ScalarType(ScalarName.DATE),
)
LINE = RecordType((FieldSpec(name="sku", type=STR), FieldSpec(name="quantity", type=INT)))
STATUS = EnumType(("open", "shipped", "paid"))


def required(name: str, kind: FieldType = STR) -> FieldSpec:
    """Return a field without a default."""
    return FieldSpec(name=name, type=kind)


def optional(name: str, kind: FieldType, default: object) -> FieldSpec:
    """Return a field with a default."""
    return FieldSpec(name=name, type=kind, required=False, default=default)


def effect(*operations: OperationSpec, name: str = "order_store") -> NodeSpec:
    """Return an effect, by default one that stores orders."""
    return NodeSpec(
        archetype=Archetype.EFFECT,
        name=name,
        domain="orders",
        description="Stores orders.",
        event_bus=True,
        operations=operations or (store_order(),),
    )


def store_order() -> OperationSpec:
    """Return an operation with a key, a nested record and a time limit."""
    return OperationSpec(
        name="store_order",
        key="order_id",
        timeout_seconds=2.5,
        input=(required("order_id"), required("lines", ListType(LINE)), required("total", DECIMAL)),
        output=(required("order_id"), required("stored", BOOL)),
    )


def compute() -> NodeSpec:
    """Return a compute node that is not on the bus."""
    return NodeSpec(
        archetype=Archetype.COMPUTE,
        name="price_calculator",
        domain="orders",
        operations=(
            OperationSpec(
                name="quote", input=(required("lines", ListType(LINE)),), output=(required("total", DECIMAL),)
            ),
        ),
    )


def reducer() -> NodeSpec:
    """Return a reducer with a state machine, an intent and one event that is another node's result."""
    machine = StateMachine(
        field="status",
        initial="open",
        transitions=(
            Transition(event="order_stored", sources=("open", "shipped"), target="open"),
            Transition(event="order_paid", sources=("open",), target="paid"),
        ),
    )
    source = OperationRef(node="order_store", operation="store_order")
    return NodeSpec(
        archetype=Archetype.REDUCER,
        name="order_totals",
        domain="orders",
        event_bus=True,
        state=StateSpec(
            key="customer_id",
            fields=(
                required("customer_id"),
                optional("orders", INT, 0),
                optional("total", DECIMAL, "0"),
                required("status", STATUS),
            ),
            machine=machine,
        ),
        events=(
            EventSpec(
                name="order_stored",
                source=source,
                fields=(required("customer_id"), required("total", DECIMAL)),
            ),
            EventSpec(name="order_paid", fields=(required("customer_id"),)),
        ),
        intents=(IntentSpec(name="notify_vip", fields=(required("customer_id"),)),),
    )


def orchestrator() -> NodeSpec:
    """Return an orchestrator of two steps, the second with an undo."""
    return NodeSpec(
        archetype=Archetype.ORCHESTRATOR,
        name="order_fulfilment",
        domain="orders",
        event_bus=True,
        operations=(
            OperationSpec(
                name="fulfil_order",
                input=(required("order_id"), required("lines", ListType(LINE))),
                output=(required("order_id"), required("total", DECIMAL)),
            ),
        ),
        workflow=WorkflowSpec(
            steps=(
                StepSpec(
                    name="quote",
                    call=OperationRef(node="price_calculator", operation="quote"),
                    bindings={"lines": InputBinding("lines")},
                    timeout_seconds=10.0,
                    retries=2,
                    input=(required("lines", ListType(LINE)),),
                    output=(required("total", DECIMAL),),
                ),
                StepSpec(
                    name="store",
                    call=OperationRef(node="order_store", operation="store_order"),
                    after=("quote",),
                    timeout_seconds=20.0,
                    bindings={
                        "order_id": InputBinding("order_id"),
                        "total": StepBinding("quote", "total"),
                        "gift": LiteralBinding(value=False),
                    },
                    undo=OperationRef(node="order_store", operation="delete_order"),
                    key="order_id",
                    input=(required("order_id"), required("total", DECIMAL), required("gift", BOOL)),
                    undo_input=(required("order_id"),),
                ),
            ),
            result={"order_id": InputBinding("order_id"), "total": StepBinding("quote", "total")},
        ),
    )


def one_of_each() -> tuple[NodeSpec, ...]:
    """Return a node of each archetype."""
    return (effect(), compute(), reducer(), orchestrator())


WORDS = "a b x1 a1 2 10 id type order orders item items line box status input output event state step model date".split()


def names() -> st.SearchStrategy[str]:
    """Any name that may name a node, an operation, a field or a step; made of words, so that names often nearly meet."""
    words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)
    return words.map("_".join).filter(lambda name: not name_problem(name))


def field_types() -> st.SearchStrategy[FieldType]:
    """Any field type, nested ones too."""
    scalars = st.sampled_from(ScalarName).map(ScalarType)
    enums = st.lists(st.text(max_size=12), min_size=1, max_size=5, unique=True).map(
        lambda values: EnumType(tuple(values))
    )
    return st.recursive(
        scalars | enums,
        lambda inner: (
            inner.map(ListType)
            | inner.map(DictType)
            | inner.map(NullableType)
            | fields(inner).map(RecordType)
        ),
        max_leaves=6,
    )


def fields(kinds: st.SearchStrategy[FieldType] | None = None) -> st.SearchStrategy[tuple[FieldSpec, ...]]:
    """Any fields that may stand side by side, none with a default."""
    field = st.builds(
        FieldSpec,
        name=names(),
        type=field_types() if kinds is None else kinds,
        description=st.text(max_size=10),
    )
    return st.lists(field, max_size=4, unique_by=lambda field: field.name).map(tuple)


def effects() -> st.SearchStrategy[NodeSpec]:
    """Any effect of one to three operations."""
    operation = st.builds(OperationSpec, name=names(), input=fields(), output=fields())
    operations = st.lists(operation, min_size=1, max_size=3, unique_by=lambda operation: operation.name)
    return operations.map(lambda found: effect(*found))
