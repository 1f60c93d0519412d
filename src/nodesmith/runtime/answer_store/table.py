"""What a database has to do for the records of answers. Every method blocks, in the one thread that owns it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A purge by size goes a little further than it must, so that it is not due again at once.
KEPT_OF_BOUND = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerBounds:
    """How long answers are kept and how many bytes of them, and how long a claim holds that nobody renews."""

    keep_seconds: float
    keep_bytes: int
    lease_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is known of a command somebody has claimed: its answer, or how long its claim still holds."""

    answer: bytes | None
    seconds: float = 0.0


class AnswerTable(Protocol):
    """Keeps one row a command: who works on it until when, or its answer.

    Each method is one transaction, and any error it raises leaves nothing half done.
    """

    def open(self) -> None:
        """Connect, and make what is missing."""

    def claim(self, commands: Sequence[str]) -> Mapping[str, Row]:
        """Claim those commands that nobody works on and that have no answer; return the rows of the others."""

    def finish(self, answers: Mapping[str, bytes], *, replace: bool) -> Mapping[str, bytes]:
        """Write answers so that they survive a loss of power; return those that were there first, which stay.

        With `replace` the new ones count.
        """

    def renew(self, commands: Sequence[str]) -> None:
        """Hold claims for another lease."""

    def abandon(self, commands: Sequence[str]) -> None:
        """Give claims back."""

    def purge(self) -> int:
        """Drop answers that are too old, and the oldest of too many bytes; return how many."""

    def close(self, *, for_good: bool) -> None:
        """Let go of the database; may be called at any time. `for_good`: nothing is being worked on any more."""
