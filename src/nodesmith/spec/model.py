"""What a spec says, as plain data: the one thing every later stage works from.

A spec is made by `nodesmith.spec.loading` from a file or by `nodesmith.spec.sentence` from a sentence; both go
through the same checks, so whoever holds a `NodeSpec` may rely on its names and references being sound.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


class Archetype(StrEnum):
    """The four kinds of node."""

    EFFECT = "effect"
    COMPUTE = "compute"
    REDUCER = "reducer"
    ORCHESTRATOR = "orchestrator"

    @property
    def is_always_on_the_bus(self) -> bool:
        """Return whether a node of this kind is on the event bus without asking for it."""
        return self in (Archetype.EFFECT, Archetype.ORCHESTRATOR)


class ScalarName(StrEnum):
    """The types a field may have that hold no other type."""

    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    DECIMAL = "decimal"
    UUID = "uuid"
    DATETIME = "datetime"
    DATE = "date"
    BYTES = "bytes"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ScalarType:
    """A type that holds no other type."""

    name: ScalarName


@dataclass(frozen=True, slots=True)
class ListType:
    """`list[T]`."""

    item: FieldType


@dataclass(frozen=True, slots=True)
class DictType:
    """`dict[str, T]`."""

    value: FieldType


@dataclass(frozen=True, slots=True)
class NullableType:
    """`T | null`."""

    inner: FieldType


@dataclass(frozen=True, slots=True)
class EnumType:
    """`{enum: [...]}`: one of some texts, which become the members of a generated enum."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordType:
    """`{fields: {...}}`: a nested record, which becomes a model of its own."""

    fields: tuple[FieldSpec, ...]


FieldType = ScalarType | ListType | DictType | NullableType | EnumType | RecordType


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One field of an input, an output, a state, an event or an intent.

    `default` counts only where `required` is false, and is the value as the file spells it (plain JSON data).
    `constraints` are pydantic's own, by their own names: `ge`, `max_length`, `pattern`.
    """

    name: str
    type: FieldType
    required: bool = True
    default: object = None
    description: str = ""
    constraints: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSpec:
    """One thing a node does. `key` names the input field whose value keeps commands in order."""

    name: str
    description: str = ""
    key: str | None = None
    input: tuple[FieldSpec, ...] = ()
    output: tuple[FieldSpec, ...] = ()
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A state machine's step: on `event`, from any of `sources`, to `target`."""

    event: str
    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMachine:
    """The allowed changes of one enum field of a reducer's state. `field` names it; `initial` is its default."""

    field: str
    initial: str
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSpec:
    """What a reducer keeps for each value of the field `key` (which every event carries, too)."""

    key: str
    fields: tuple[FieldSpec, ...]
    machine: StateMachine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRef:
    """An operation of a node, as `node.operation` names it; `domain` is empty until a system resolves it."""

    node: str
    operation: str
    domain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSpec:
    """An event a reducer folds into its state.

    `source` is the operation whose completed results are this event (`from: order_store.store_order`); where there
    is none, the event comes as a command, as an operation of the same name would.
    """

    name: str
    description: str = ""
    source: OperationRef | None = None
    fields: tuple[FieldSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentSpec:
    """Something a reducer wants done, and does not do itself."""

    name: str
    description: str = ""
    fields: tuple[FieldSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class InputBinding:
    """`input.<field>`: a field of the workflow's own input."""

    field: str


@dataclass(frozen=True, slots=True)
class StepBinding:
    """`<step>.<field>`: a field of an earlier step's output."""

    step: str
    field: str


@dataclass(frozen=True, slots=True)
class LiteralBinding:
    """A number, a boolean, null, a list, or `{value: ...}`: the value itself, plain JSON data."""

    value: object


Binding = InputBinding | StepBinding | LiteralBinding


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec:
    """One call of a workflow. `output` are the fields of its answer that the workflow reads or declares.

    `undo` is the operation that takes the step back when a later one fails; it is sent the same fields as `bindings`
    where its input has them: those are `undo_input`. `key` is the called operation's own `key`, where the step sends
    that field. A system fills `input`, `output`, `key` and `undo_input` in from the nodes it calls; a node on its own
    derives them from the bindings (`key` is then unknown, and `undo_input` all of `input`).
    """

    name: str
    call: OperationRef
    after: tuple[str, ...] = ()
    bindings: Mapping[str, Binding] = field(default_factory=dict)
    timeout_seconds: float = 30.0
    retries: int = 0
    undo: OperationRef | None = None
    input: tuple[FieldSpec, ...] = ()
    output: tuple[FieldSpec, ...] = ()
    key: str | None = None
    undo_input: tuple[FieldSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSpec:
    """An orchestrator's steps, in an order that respects every `after`, and what its output is made of."""

    steps: tuple[StepSpec, ...]
    result: Mapping[str, Binding] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """One node, as a person described it.

    `document` is the spec in the file's own form (plain data, keys in the file's order): what `node.yaml` holds and
    `--print` shows.
    """

    archetype: Archetype
    name: str
    domain: str = ""
    version: tuple[int, int, int] = (1, 0, 0)
    description: str = ""
    operations: tuple[OperationSpec, ...] = ()
    adapter: str | None = None
    event_bus: bool = False
    state: StateSpec | None = None
    events: tuple[EventSpec, ...] = ()
    intents: tuple[IntentSpec, ...] = ()
    workflow: WorkflowSpec | None = None
    document: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSpec:
    """Nodes that belong together and are checked against each other; a lone node file is a system of one."""

    name: str = ""
    description: str = ""
    nodes: tuple[NodeSpec, ...] = ()
