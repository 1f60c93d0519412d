"""What a database has to do for the state of a reducer. Every method blocks, in the one thread that owns it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from nodesmith.runtime.state_store.events import Applied, Event, KeyState, Known

REMEMBERED_EVENTS = 100_000


class Rows(Protocol):
    """All that is stored, as it was at one moment."""

    def states(self) -> Iterator[tuple[str, KeyState]]:
        """Yield every key with what is kept of it, in the order of the keys' UTF-8."""

    def known(self) -> Iterator[Known]:
        """Yield the events whose ids are remembered, the oldest first."""


class StateTable(Protocol):
    """Keeps the state of each key with the positions of the events that made it, and the ids of the last events.

    Each method is one transaction, and any error it raises leaves nothing half done.
    """

    @property
    def away(self) -> tuple[type[Exception], ...]:
        """What is raised where the database cannot be used."""

    @property
    def unwritable(self) -> tuple[type[Exception], ...]:
        """What is raised for an event that the database never takes, while it does take others."""

    def is_there(self) -> bool:
        """Return whether there is a place for state already; makes nothing."""

    def open(self) -> None:
        """Connect, and make what is missing."""

    def apply(self, events: Sequence[Event]) -> Sequence[Applied | BaseException]:
        """Count events, each once, so that they survive a loss of power; return what each came to.

        What a handler raises is the result of its event, and the others count all the same.
        """

    def read(self, key: str) -> KeyState | None:
        """Return what is kept of a key."""

    def alive(self) -> None:
        """Raise where the database is away."""

    def snapshot(self) -> AbstractContextManager[Rows]:
        """Give all that is stored now, whatever is written meanwhile."""

    def replace(self, fresh: Callable[[Iterable[KeyState]], Rows]) -> None:
        """Put other rows in the place of all that is stored, while nobody else can write.

        `fresh` is called when that holds, with what is stored, and returns what is to be there instead.
        """

    def close(self) -> None:
        """Let go of the database; may be called at any time."""
