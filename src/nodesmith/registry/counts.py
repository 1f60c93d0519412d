"""What was not taken for the truth, and why: counted by short words, so that health and metrics can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# The words are ours, but a mistake must not make them endless.
MOST_REASONS = 100
OTHER = "other"


class Counts:
    """How often each reason was met, and how often anything was."""

    def __init__(self) -> None:
        self._by_reason: dict[str, int] = {}

    def add(self, reason: str, times: int = 1) -> None:
        """Count a reason."""
        if reason not in self._by_reason and len(self._by_reason) >= MOST_REASONS:
            reason = OTHER
        self._by_reason[reason] = self._by_reason.get(reason, 0) + times

    @property
    def total(self) -> int:
        """How many there were in all."""
        return sum(self._by_reason.values())

    def by_reason(self) -> Mapping[str, int]:
        """Return each reason with its number, in the order of their names."""
        return dict(sorted(self._by_reason.items()))
