"""Scores the rules on a file of sentences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nodesmith.errors import SentenceError
from nodesmith.spec.sentence import understand

FOLDER = Path(__file__).parent
FILES = (
    "sentences",
    "held_out",
    "fresh",
    "fresh_again",
    "fresh_third",
    "fresh_fourth",
    "fresh_fifth",
    "fresh_sixth",
    "fresh_seventh",
    "fresh_eighth",
    "fresh_ninth",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How many sentences of a file were understood, and which were not (what was wanted, what came out)."""

    total: int
    archetypes: int
    names: int
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        """Return the score as one line."""
        return (
            f"{self.total} sentences: archetype {100 * self.archetypes / self.total:.1f} %, "
            f"name {100 * self.names / self.total:.1f} %"
        )


def rows_of(file: str) -> list[dict[str, Any]]:
    """Return the sentences of a file with what is expected of them."""
    text = (FOLDER / f"{file}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)  # type: ignore[no-any-return]


def score(file: str) -> Score:
    """Return how well the sentences of a file are understood; a domain that was said belongs to the name."""
    archetypes = names = 0
    wrong: list[str] = []
    rows = rows_of(file)
    for row in rows:
        archetype, name = outcome(row)
        archetypes, names = archetypes + archetype, names + name
        if not (archetype and name):
            wrong.append(row["sentence"])
    return Score(total=len(rows), archetypes=archetypes, names=names, wrong=tuple(wrong))


def outcome(row: dict[str, Any]) -> tuple[bool, bool]:
    """Return whether the archetype and the name of one sentence were understood; a refusal counts as both."""
    try:
        understood = understand(row["sentence"])
    except SentenceError:
        refused = bool(row.get("refuse"))
        return refused, refused
    if row.get("refuse"):
        return False, False
    named = understood.name in row["name"] and understood.domain == row.get("domain", "")
    return understood.archetype in row["archetype"], named
