"""Fold events into state, per key: what stands under a reducer's handlers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ValidationError

from nodesmith import naming
from nodesmith.errors import OperationError, TransitionError
from nodesmith.runtime.context import current_command
from nodesmith.runtime.envelope import findings
from nodesmith.runtime.operations import Intent, Operation, Outcome
from nodesmith.runtime.settings import data_directory
from nodesmith.runtime.state import Applied, MemoryState, SqliteState, StateStore
from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from types import TracebackType

EventHandler = Callable[[Any, Any], tuple[BaseModel, Sequence[BaseModel]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMachine:
    """The allowed changes of one field of the state: `{(event, value before): value after}`.

    Only what is listed is allowed. The runtime sets the field after the handler, whatever the handler put there.
    """

    field: str
    transitions: Mapping[tuple[str, str], str]

    def target(self, state: BaseModel, *, event: str) -> str:
        """Return the field's value after `event`; raise TransitionError where the event is not allowed now."""
        value = getattr(state, self.field)
        before = str(value.value if isinstance(value, Enum) else value)
        try:
            return self.transitions[event, before]
        except KeyError:
            allowed = sorted(name for name, source in self.transitions if source == before)
            raise TransitionError(
                f"event '{event}' is not allowed while {self.field} is '{before}';"
                f" allowed: {', '.join(allowed) or 'none'}"
            ) from None


@dataclass(slots=True, kw_only=True)
class Reducer:
    """A reducer's state, and the operations that change and read it.

    Entered, it keeps the state in SQLite under the data directory, `<domain>.<name>/state.sqlite`; before that, in memory.
    """

    name: str
    domain: str
    state_model: type[BaseModel]
    key: str
    machine: StateMachine | None = None
    intents: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    _store: StateStore = field(default_factory=MemoryState, init=False, repr=False)

    async def __aenter__(self) -> Self:
        """Open the store on disk."""
        folder = f"{self.domain or naming.DEFAULT_DOMAIN}.{self.name}"
        self._store = await in_thread(SqliteState, data_directory() / folder / "state.sqlite")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it; what is asked afterwards is kept in memory again."""
        store, self._store = self._store, MemoryState()
        await in_thread(store.close)

    def event(
        self, *, name: str, event_model: type[BaseModel], handler: EventHandler, description: str = ""
    ) -> Operation:
        """Return the operation that folds an event: `handler(state, event) -> (state, intents)`, a pure function."""
        return Operation(
            name=name,
            description=description,
            input_model=event_model,
            output_model=self.state_model,
            handler=partial(self._fold_event, name, handler),
            key=self.key,
            intents=self.intents,
            has_state_machine=self.machine is not None,
        )

    def query(self, *, input_model: type[BaseModel], name: str = "get_state") -> Operation:
        """Return the operation that answers with the state of a key; a key without events is an error."""
        return Operation(
            name=name,
            description=f"Return the state of one {self.key}.",
            input_model=input_model,
            output_model=self.state_model,
            handler=self._get_state,
            key=self.key,
        )

    def _fold_event(self, name: str, handler: EventHandler, event: BaseModel) -> Outcome:
        """Run in a worker thread: the handler is called inside the store's transaction."""
        initial = self._initial_state(event)
        key = self._key_of(initial)

        def fold(stored: str | None) -> Applied:
            state = initial if stored is None else self._read(stored, key)
            return self._step(name, handler, state, event)

        applied = self._store.apply(key=key, envelope_id=current_command().envelope_id, fold=fold)
        intents = tuple(
            Intent(name=intent, payload=payload) for intent, payload in json.loads(applied.intents)
        )
        return Outcome(output=self._read(applied.state, key), intents=intents)

    def _step(self, name: str, handler: EventHandler, state: BaseModel, event: BaseModel) -> Applied:
        target = self.machine.target(state, event=name) if self.machine else None
        after, intents = handler(state, event)
        if not isinstance(after, self.state_model):
            raise OperationError(
                f"the handler of event '{name}' returned {type(after).__name__} as its state,"
                f" not {self.state_model.__name__}"
            )
        if self._key_of(after) != self._key_of(state):
            raise OperationError(f"the handler of event '{name}' changed {self.key}, the key of its state")
        if self.machine and target is not None:
            after = self.state_model.model_validate({**after.model_dump(), self.machine.field: target})
        asked = [(self._intent_name(intent), intent.model_dump(mode="json")) for intent in intents]
        return Applied(state=after.model_dump_json(), intents=json.dumps(asked))

    def _get_state(self, request: BaseModel) -> BaseModel:
        key = self._key_of(self._initial_state(request))
        stored = self._store.read(key)
        if stored is None:
            raise OperationError(f"there is no state for {self.key} '{key}': no event has come for it")
        return self._read(stored, key)

    def _initial_state(self, holder: BaseModel) -> BaseModel:
        """Return the state before the first event of the key that `holder` carries."""
        return self.state_model.model_validate({self.key: getattr(holder, self.key)})

    def _key_of(self, state: BaseModel) -> str:
        return str(state.model_dump(mode="json", include={self.key})[self.key])

    def _read(self, stored: str, key: str) -> BaseModel:
        try:
            return self.state_model.model_validate_json(stored)
        except ValidationError as error:
            raise OperationError(
                f"the stored state of {self.key} '{key}' does not fit {self.state_model.__name__}:"
                f" {findings(error)}"
            ) from error

    def _intent_name(self, intent: BaseModel) -> str:
        for name, model in self.intents.items():
            if isinstance(intent, model):
                return name
        raise OperationError(
            f"{type(intent).__name__} is no intent of {self.name}",
            fix=f"declare it in the spec; there are: {', '.join(self.intents) or 'none'}",
        )
