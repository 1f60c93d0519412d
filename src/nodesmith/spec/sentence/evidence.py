"""Something that speaks for an archetype or against it."""

from __future__ import annotations

from nodesmith.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Something that speaks for an archetype (or, with a negative weight, against it), and what it was."""

    archetype: str
    weight: float
    why: str
    said: bool = False
