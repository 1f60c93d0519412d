"""What only a reducer promises: its state, the events it folds, the intents it emits, its state machine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nodesmith.contract.models import ModelContract, ModelRole
from nodesmith.contract.operations import OperationContract, handler_class, handler_module
from nodesmith.naming import completed_topic, event_type, intent_topic
from nodesmith.records import dataclass
from nodesmith.spec.operations import STATE_QUERY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.contract.enums import EnumContract
    from nodesmith.contract.registry import ClassRegistry
    from nodesmith.spec.model import (
        EventSpec,
        FieldSpec,
        IntentSpec,
        NodeSpec,
        OperationRef,
        StateSpec,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionContract:
    """The completed results of another node's operation, which are an event of this one."""

    topic: str
    event_type: str
    operation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventContract:
    """One event: its operation (input is the event, output the state) and where it comes from beside commands."""

    name: str
    operation: OperationContract
    subscription: SubscriptionContract | None

    @property
    def model(self) -> ModelContract:
        """Return the event's own model."""
        return self.operation.input


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentContract:
    """One intent and the topic it leaves at."""

    name: str
    description: str
    model: ModelContract
    topic: str
    event_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionContract:
    """On `event`, from the value `source` to the value `target`; one for each source."""

    event: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineContract:
    """The state machine of one enum field of the state."""

    field: str
    enum: EnumContract
    initial: str
    transitions: tuple[TransitionContract, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReducerContract:
    """A reducer's parts. `get_state` is the query the runtime answers: the key in, the state out."""

    state: ModelContract
    key: str
    events: tuple[EventContract, ...]
    intents: tuple[IntentContract, ...]
    machine: MachineContract | None
    get_state: OperationContract

    @property
    def subscriptions(self) -> tuple[SubscriptionContract, ...]:
        """Return the subscriptions of all events."""
        return tuple(event.subscription for event in self.events if event.subscription)


def reducer_subjects(node: NodeSpec) -> Iterator[str]:
    """Yield what a reducer's own models are named after."""
    yield f"{node.name}_state"
    yield f"{STATE_QUERY}_input"
    yield from (f"{event.name}_event" for event in node.events)
    yield from (f"{intent.name}_intent" for intent in node.intents)


def reducer_contract(node: NodeSpec, state: StateSpec, *, registry: ClassRegistry) -> ReducerContract:
    """Return the contract of a reducer's state, events, intents and state machine."""
    state_model = registry.model(
        f"{node.name}_state",
        _state_fields(state),
        role=ModelRole.STATE,
        description=f"What {node.name} keeps for each `{state.key}`.",
        path="state.fields",
    )
    return ReducerContract(
        state=state_model,
        key=state.key,
        events=tuple(
            _event(event, node=node, state=state_model, key=state.key, registry=registry)
            for event in node.events
        ),
        intents=tuple(_intent(intent, node=node, registry=registry) for intent in node.intents),
        machine=_machine(state, state_model),
        get_state=_get_state(node, state, state_model, registry),
    )


def _state_fields(state: StateSpec) -> tuple[FieldSpec, ...]:
    """Return the fields, the state machine's with its initial value as default."""
    machine = state.machine
    return tuple(
        replace(field, required=False, default=machine.initial)
        if machine and field.name == machine.field
        else field
        for field in state.fields
    )


def _event(
    event: EventSpec, *, node: NodeSpec, state: ModelContract, key: str, registry: ClassRegistry
) -> EventContract:
    model = registry.model(
        f"{event.name}_event",
        event.fields,
        role=ModelRole.EVENT,
        description=event.description or f"The event `{event.name}`.",
        path=f"events.{event.name}.fields",
    )
    operation = OperationContract(
        name=event.name,
        description=event.description or f"Fold {event.name} into the state.",
        key=key,
        timeout_seconds=None,
        input=model,
        output=state,
        handler_class=handler_class(event.name),
        handler_module=handler_module(event.name),
        event_type=event_type(domain=node.domain, name=node.name, operation=event.name),
    )
    subscription = _subscription(event.source, node, event.name) if event.source else None
    return EventContract(name=event.name, operation=operation, subscription=subscription)


def _subscription(source: OperationRef, node: NodeSpec, operation: str) -> SubscriptionContract:
    domain = source.domain or node.domain
    completed = event_type(domain=domain, name=source.node, operation=source.operation)
    return SubscriptionContract(
        topic=completed_topic(domain=domain, name=source.node),
        event_type=f"{completed}.completed",
        operation=operation,
    )


def _intent(intent: IntentSpec, *, node: NodeSpec, registry: ClassRegistry) -> IntentContract:
    return IntentContract(
        name=intent.name,
        description=intent.description,
        model=registry.model(
            f"{intent.name}_intent",
            intent.fields,
            role=ModelRole.INTENT,
            description=intent.description or f"{node.name} wants `{intent.name}` done.",
            path=f"intents.{intent.name}.fields",
        ),
        topic=intent_topic(domain=node.domain, name=node.name),
        event_type=event_type(domain=node.domain, name=node.name, operation=intent.name),
    )


def _get_state(
    node: NodeSpec, state: StateSpec, state_model: ModelContract, registry: ClassRegistry
) -> OperationContract:
    key_field = tuple(replace(field, required=True) for field in state.fields if field.name == state.key)
    return OperationContract(
        name=STATE_QUERY,
        description=f"Return the state of one `{state.key}`.",
        key=state.key,
        timeout_seconds=None,
        input=registry.model(
            f"{STATE_QUERY}_input",
            key_field,
            role=ModelRole.INPUT,
            description=f"Whose state `{STATE_QUERY}` asks for.",
            path="state.key",
        ),
        output=state_model,
        handler_class="",
        handler_module="",
        event_type=event_type(domain=node.domain, name=node.name, operation=STATE_QUERY),
    )


def _machine(state: StateSpec, model: ModelContract) -> MachineContract | None:
    machine = state.machine
    if machine is None:
        return None
    enum = model.field(machine.field).type.enum
    assert enum is not None, "the loader lets a machine only have an enum field"
    return MachineContract(
        field=machine.field,
        enum=enum,
        initial=machine.initial,
        transitions=tuple(
            TransitionContract(event=transition.event, source=source, target=transition.target)
            for transition in machine.transitions
            for source in transition.sources
        ),
    )
