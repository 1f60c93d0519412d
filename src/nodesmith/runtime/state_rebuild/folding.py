"""Events folded again, by the node's own handlers and the rules the running node counts by, into a table of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nodesmith.errors import OperationError, TransitionError
from nodesmith.runtime.context import command_at_hand
from nodesmith.runtime.envelope import read_envelope

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodesmith.runtime.context import Origin
    from nodesmith.runtime.records import IncomingRecord
    from nodesmith.runtime.reducer import Reducer
    from nodesmith.runtime.routing import Routing
    from nodesmith.runtime.state_rebuild.buried import Buried
    from nodesmith.runtime.state_store.events import Applied, Event, Fold
    from nodesmith.runtime.state_store.table import StateTable

_BATCH = 1_000


@dataclass(slots=True, kw_only=True)
class Counts:
    """What became of the records that were read.

    `refused` by the state machine, `failed` by the type of the error, `again` counted before, `others` no events.
    """

    records: int = 0
    counted: int = 0
    refused: int = 0
    again: int = 0
    dead_letters: int = 0
    others: int = 0
    failed: Counter[str] = field(default_factory=Counter)


class Folding:
    """Folds records into `table`; `wanted` says of a key's event whether it is to be folded now. No intent leaves."""

    def __init__(
        self,
        *,
        reducer: Reducer,
        routing: Routing,
        table: StateTable,
        buried: Buried,
        wanted: Callable[[str, Origin], bool],
    ) -> None:
        self.counts = Counts()
        self._reducer = reducer
        self._routing = routing
        self._table = table
        self._buried = buried
        self._wanted = wanted
        self._batch: list[Event] = []

    def add(self, record: IncomingRecord) -> None:
        """Take the next record."""
        self.counts.records += 1
        if self._buried.includes(record):
            self.counts.dead_letters += 1
            return
        try:
            event = self._event(record)
        except OperationError as error:
            self.counts.failed[type(error).__name__] += 1
            return
        if event is None:
            self.counts.others += 1
            return
        self._batch.append(event)
        if len(self._batch) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Fold what was taken."""
        folds = [_Watched(event.fold) for event in self._batch]
        events = [replace(event, fold=fold) for event, fold in zip(self._batch, folds, strict=True)]
        self._batch = []
        for fold, result in zip(folds, self._table.apply(events), strict=True):
            self._note(result, folded=fold.called)

    def _event(self, record: IncomingRecord) -> Event | None:
        """Return the event in a record, None where there is none or it is not wanted; raise OperationError."""
        self._routing.check_size(record)
        envelope = read_envelope(record.value, new_id=lambda: record.own_id)
        asked = self._routing.understand(record, envelope)
        if asked is None or asked.operation.name not in self._reducer.events:
            return None
        with command_at_hand(asked.command) as command:
            event = self._reducer.to_count(command, asked.request)
        assert event.origin is not None, "a record has a place"
        return event if self._wanted(event.key, event.origin) else None

    def _note(self, result: Applied | BaseException, *, folded: bool) -> None:
        if not folded:
            self.counts.again += 1
        elif isinstance(result, TransitionError):
            self.counts.refused += 1
        elif isinstance(result, BaseException):
            self.counts.failed[type(result).__name__] += 1
        else:
            self.counts.counted += 1


class _Watched:
    """A fold that says whether it was called."""

    __slots__ = ("_fold", "called")

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self.called = False

    def __call__(self, state: str | None) -> Applied:
        self.called = True
        return self._fold(state)
