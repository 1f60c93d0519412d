"""The outside systems a sentence speaks of, and the adapter that the spec has for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.words import singular

if TYPE_CHECKING:
    from nodesmith.spec.sentence.structure import Structure


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """An outside system: as it was written, and the spec's adapter for it, empty where there is none."""

    word: str
    adapter: str
    at: int


def find_systems(structure: Structure) -> list[System]:
    """Return the systems that are spoken of and not denied, in the text's order."""
    found: list[System] = []
    text = structure.text
    for index, token in enumerate(text.tokens):
        if not token.is_name or structure.denied[index]:
            continue
        if token.low in lexicon.SYSTEMS:
            found.append(System(word=token.text, adapter=lexicon.SYSTEMS[token.low], at=index))
        elif token.low.startswith(("http://", "https://")) or token.low.endswith((".io", ".com")):
            found.append(System(word=token.text, adapter="http", at=index))
        elif token.low in ("api", "apis") and text.low(index - 1) not in ("rest", "http"):
            found.append(System(word=f"{text.at(index - 1).text} API".strip(), adapter="http", at=index))
        elif token.low == "web" and singular(text.low(index + 1)) in ("service", "page", "site"):
            found.append(System(word="web", adapter="http", at=index))
    return found


def adapter_of(systems: list[System]) -> str:
    """Return the adapter for the first system that the spec has one for; a database wins over HTTP."""
    adapters = [system.adapter for system in systems if system.adapter]
    return next((a for a in adapters if a != "http"), adapters[0] if adapters else "")
