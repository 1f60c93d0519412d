"""How much clients may ask of the broker together, so that no number of odd ones takes it from the others."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

_MOST_CONNECTIONS = 2000
_FILES_A_CONNECTION = 3  # of three files that may be open, one is a connection; the others are for logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What holds for all connections.

    `held_bytes` is for requests that have come in part and for answers that are not read; beyond it, who has made no
    progress for the longest time is cut off.
    """

    connections: int = _MOST_CONNECTIONS
    held_bytes: int = 256 * 1024 * 1024
    request_seconds: float = 30.0
    unread_seconds: float = 30.0
    idle_seconds: float = 600.0


def usual_limits() -> Limits:
    """Return the limits of a broker in this process, with fewer connections where few files may be open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return Limits()
    return Limits(connections=max(1, min(_MOST_CONNECTIONS, soft // _FILES_A_CONNECTION)))


class Since(Generic[T]):
    """Who has been in some state, the longest first; beginning again is beginning anew."""

    def __init__(self) -> None:
        self._since: dict[T, float] = {}

    def begin(self, one: T, now: float) -> None:
        """Note that it is in that state from now on."""
        self._since.pop(one, None)
        self._since[one] = now

    def end(self, one: T) -> None:
        """Note that it is not, or no longer."""
        self._since.pop(one, None)

    def __contains__(self, one: T) -> bool:
        """Tell whether it is in that state."""
        return one in self._since

    def first(self) -> T | None:
        """Return who has been in it the longest."""
        return next(iter(self._since), None)

    def before(self, moment: float) -> Iterator[T]:
        """Yield who has been in it since before a moment; the state of those may change meanwhile."""
        for one, since in list(self._since.items()):
            if since >= moment:
                return
            yield one


class HeldBytes(Generic[T]):
    """How many bytes are held for whom, and together; who has not come on for the longest time is first."""

    def __init__(self) -> None:
        self.total = 0
        self._held: dict[T, int] = {}

    def hold(self, one: T, size: int) -> None:
        """Note that so much is held for one that has just come on."""
        self.release(one)
        if size:
            self._held[one] = size
            self.total += size

    def release(self, one: T) -> None:
        """Note that nothing is held for it any more."""
        self.total -= self._held.pop(one, 0)

    def first(self) -> T | None:
        """Return who has not come on for the longest time."""
        return next(iter(self._held), None)
