"""Fold events into state, per key: what stands under a reducer's handlers."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ValidationError

from nodesmith.errors import OperationError, TransitionError
from nodesmith.runtime.context import current_command
from nodesmith.runtime.envelope import findings
from nodesmith.runtime.operations import Intent, Operation, Outcome
from nodesmith.runtime.state_store.events import Applied, Event
from nodesmith.runtime.state_store.memory import MemoryState

if TYPE_CHECKING:
    from types import TracebackType

    from nodesmith.runtime.context import Command, Origin
    from nodesmith.runtime.state_store.store import StateStore

logger = logging.getLogger("nodesmith.runtime.state")

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

    Entered, it keeps the state in the place the settings name, by default a SQLite file in the data folder; before that,
    in memory.
    """

    name: str
    domain: str
    state_model: type[BaseModel]
    key: str
    machine: StateMachine | None = None
    intents: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    _handlers: dict[str, EventHandler] = field(default_factory=dict, init=False, repr=False)
    _store: StateStore | MemoryState = field(default_factory=MemoryState, init=False, repr=False)
    _told: set[tuple[str, int]] = field(default_factory=set, init=False, repr=False)

    async def __aenter__(self) -> Self:
        """Open the store; where its database is away, return all the same: `problem` says so, and it goes on trying."""
        # Imported here: importing the runtime stays cheap for who only calls process().
        from nodesmith.runtime.state_store.opening import state_place
        from nodesmith.runtime.state_store.store import StateStore

        place = state_place(domain=self.domain, name=self.name)
        self._store = StateStore(place.table, place=place.words)
        await self._store.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it; what is asked afterwards is kept in memory again."""
        store, self._store = self._store, MemoryState()
        await store.close()

    @property
    def problem(self) -> str:
        """Why no event can be counted now; empty where it can."""
        return self._store.problem

    def let_go(self) -> None:
        """Let no event wait for its state any longer; it comes again, and counts once."""
        self._store.let_go()

    @property
    def events(self) -> tuple[str, ...]:
        """The names of the operations that fold an event."""
        return tuple(self._handlers)

    def event(
        self, *, name: str, event_model: type[BaseModel], handler: EventHandler, description: str = ""
    ) -> Operation:
        """Return the operation that folds an event: `handler(state, event) -> (state, intents)`, a pure function."""
        self._handlers[name] = handler
        return Operation(
            name=name,
            description=description,
            input_model=event_model,
            output_model=self.state_model,
            handler=self._count,
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

    def to_count(self, command: Command, request: BaseModel) -> Event:
        """Return the event that `command` brings, ready to be counted; its handler is called when it is."""
        initial = self._initial_state(request)
        key = self._key_of(initial)

        def fold(stored: str | None) -> Applied:
            state = initial if stored is None else self._read(stored, key)
            return self._step(command.operation, self._handlers[command.operation], state, request)

        context = copy_context()

        def fold_in_context(stored: str | None) -> Applied:
            # In the store's thread, where the handler may ask for the command at hand all the same.
            return context.run(fold, stored)

        return Event(key=key, envelope_id=command.envelope_id, fold=fold_in_context, origin=command.origin)

    async def _count(self, request: BaseModel) -> Outcome:
        command = current_command()
        event = self.to_count(command, request)
        applied = await self._store.apply(event)
        if applied.long_ago and command.origin is not None:
            self._tell(command.origin)
        intents = tuple(
            Intent(name=intent, payload=payload) for intent, payload in json.loads(applied.intents)
        )
        return Outcome(output=self._read(applied.state, event.key), intents=intents)

    def _tell(self, origin: Origin) -> None:
        """Tell, once a partition, that events come again that nothing but their position is remembered of."""
        place = (origin.topic, origin.partition)
        if place not in self._told:
            self._told.add(place)
            logger.warning(
                "%s, partition %s, brings events that counted long ago, from offset %s on; they are answered with the"
                " state as it is now",
                *place,
                origin.offset,
            )

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

    async def _get_state(self, request: BaseModel) -> BaseModel:
        key = self._key_of(self._initial_state(request))
        stored = await self._store.read(key)
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
