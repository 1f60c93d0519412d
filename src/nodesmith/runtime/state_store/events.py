"""What an event does to the state of its key, and when it counts: no database in here.

An event counts once. It is known by two things. Its envelope id, of which the last ones are remembered, since it may be
sent twice, at two offsets. And its position, which is kept for ever beside the state it made: of the events of one key in
one partition the offsets only grow, since those of one key are handled one after the other. Between keys they are not,
so a position is one key's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nodesmith.errors import TransitionError

if TYPE_CHECKING:
    from uuid import UUID

    from nodesmith.runtime.context import Origin

Place = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What an event came to: the state after it and the intents it asked for, both as JSON.

    `long_ago` says that it had counted before and is known by its position alone: the state is the one of now.
    """

    state: str
    intents: str = "[]"
    long_ago: bool = False


# Takes the stored state of the key, None where there is none yet; raises TransitionError for an event that is refused.
Fold = Callable[[str | None], Applied]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event to be counted. `origin` is None for one that did not come over the bus."""

    key: str
    envelope_id: UUID
    fold: Fold
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a key has come in one partition: the last offset, and the newest time of a record up to there."""

    offset: int
    newest: int

    def includes(self, origin: Origin) -> bool:
        """Return whether the event there was counted, or refused, before.

        A topic that was deleted and made anew begins at offset 0 again: an event there that is newer than all that came
        up to the last offset cannot be one of them.
        """
        return origin.offset <= self.offset and origin.timestamp <= self.newest

    def after(self, origin: Origin) -> Reached:
        """Return how far that is with one more event, which is not included yet."""
        if origin.offset <= self.offset:
            return Reached(origin.offset, origin.timestamp)
        return Reached(origin.offset, max(self.newest, origin.timestamp))


@dataclass(slots=True, kw_only=True)
class KeyState:
    """All that is kept of one key.

    `state` is None where no event has counted, as when the first one was refused. `events` is how many have, `off_bus` how
    many of them did not come over the bus.
    """

    state: str | None = None
    reached: dict[Place, Reached] = field(default_factory=dict)
    events: int = 0
    off_bus: int = 0

    def includes(self, origin: Origin) -> bool:
        """Return whether the event at `origin` was counted, or refused, before."""
        reached = self.reached.get((origin.topic, origin.partition))
        return reached is not None and reached.includes(origin)

    def reach(self, origin: Origin | None) -> bool:
        """Take note of an event's position, and return whether it was new."""
        if origin is None or self.includes(origin):
            return False
        place = (origin.topic, origin.partition)
        before = self.reached.get(place)
        self.reached[place] = before.after(origin) if before else Reached(origin.offset, origin.timestamp)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An event whose id is remembered. `refusal` is why it was refused; empty where it counted."""

    envelope_id: UUID
    state: str = ""
    intents: str = "[]"
    refusal: str = ""

    def again(self) -> Applied | TransitionError:
        """Return what the event came to the first time."""
        if self.refusal:
            return TransitionError(self.refusal)
        return Applied(state=self.state, intents=self.intents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a batch of events came to, in their order, and what has to be written for it."""

    results: tuple[Applied | BaseException, ...]
    keys: Mapping[str, KeyState]
    known: tuple[Known, ...]


def settle(events: Iterable[Event], *, keys: Mapping[str, KeyState], known: Mapping[UUID, Known]) -> Settled:
    """Fold events one after the other into `keys`, which has those of them that are stored; `known` are ids that are."""
    batch = _Batch(dict(keys), dict(known))
    results = tuple(map(batch.settle, events))
    touched = {key: batch.keys[key] for key in batch.touched}
    return Settled(results=results, keys=touched, known=tuple(batch.new))


class _Batch:
    def __init__(self, keys: dict[str, KeyState], known: dict[UUID, Known]) -> None:
        self.keys = keys
        self.touched: dict[str, None] = {}
        self.new: list[Known] = []
        self._known = known

    def settle(self, event: Event) -> Applied | BaseException:
        key = self.keys.setdefault(event.key, KeyState())
        known = self._known.get(event.envelope_id)
        if known is not None:
            # Sent twice, at two offsets: the second one as well must not count when the id is forgotten.
            if key.reach(event.origin):
                self.touched[event.key] = None
            return known.again()
        if event.origin is not None and key.includes(event.origin):
            return _seen_before(key)
        try:
            applied = event.fold(key.state)
        except TransitionError as refusal:
            self._note(event, key, Known(envelope_id=event.envelope_id, refusal=refusal.message))
            return refusal
        except BaseException as error:  # noqa: BLE001 - a person's code: whatever it is, it is this event's alone
            return error
        key.state = applied.state
        key.events += 1
        key.off_bus += event.origin is None
        self._note(
            event,
            key,
            Known(envelope_id=event.envelope_id, state=applied.state, intents=applied.intents),
        )
        return applied

    def _note(self, event: Event, key: KeyState, known: Known) -> None:
        key.reach(event.origin)
        self.touched[event.key] = None
        self._known[known.envelope_id] = known
        self.new.append(known)


def _seen_before(key: KeyState) -> Applied | TransitionError:
    """Return what is left to say of an event of long ago: the state as it is now, and no intents."""
    if key.state is None:
        return TransitionError("this event was refused before; why is not remembered any more")
    return Applied(state=key.state, long_ago=True)


def write_reached(reached: Mapping[Place, Reached]) -> str:
    """Return positions as JSON."""
    return json.dumps([[*place, each.offset, each.newest] for place, each in sorted(reached.items())])


def read_reached(text: str) -> dict[Place, Reached]:
    """Return what `write_reached` wrote."""
    return {
        (topic, partition): Reached(offset, newest) for topic, partition, offset, newest in json.loads(text)
    }
