"""Two states of one reducer side by side: key by key, both sorted by the keys' UTF-8."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.runtime.state_store.events import KeyState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NOTHING = KeyState()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What is kept of one key here and there."""

    key: str
    running: KeyState
    rebuilt: KeyState

    @property
    def differs(self) -> bool:
        """Whether the states are not the same data."""
        return _data(self.running.state) != _data(self.rebuilt.state)

    @property
    def loses(self) -> bool:
        """Whether the running state counts events that the rebuilt one does not."""
        gone = self.running.state is not None and self.rebuilt.state is None
        return gone or self.running.events > self.rebuilt.events or self.running.off_bus > 0


def pairs(running: Iterable[tuple[str, KeyState]], rebuilt: Iterable[tuple[str, KeyState]]) -> Iterator[Pair]:
    """Yield every key that one of the two has, with both."""
    here, there = iter(running), iter(rebuilt)
    left, right = next(here, None), next(there, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left[0].encode() < right[0].encode()):
            assert left is not None
            yield Pair(key=left[0], running=left[1], rebuilt=_NOTHING)
            left = next(here, None)
        elif left is None or right[0].encode() < left[0].encode():
            yield Pair(key=right[0], running=_NOTHING, rebuilt=right[1])
            right = next(there, None)
        else:
            yield Pair(key=left[0], running=left[1], rebuilt=right[1])
            left, right = next(here, None), next(there, None)


def _data(state: str | None) -> object:
    return None if state is None else json.loads(state)
