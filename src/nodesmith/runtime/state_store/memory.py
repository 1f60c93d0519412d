"""State that lasts as long as the process; for `process()` of a node that was not started."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from nodesmith.runtime.state_store.events import Applied, Event


class MemoryState:
    """Every call of `process()` is an event of its own, so there is nothing to remember but the state."""

    problem = ""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._lock = Lock()

    async def read(self, key: str) -> str | None:
        """Return the state of `key`, None where no event has come for it."""
        return self._states.get(key)

    async def apply(self, event: Event) -> Applied:
        """Fold one event into the state of its key."""
        return await in_thread(self._apply, event)

    def let_go(self) -> None:
        """Hold nobody."""

    async def close(self) -> None:
        """Hold nothing."""

    def _apply(self, event: Event) -> Applied:
        with self._lock:
            applied = event.fold(self._states.get(event.key))
            self._states[event.key] = applied.state
            return applied
