"""A conversion told without a verb: `Roman numerals to integers please`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.field_types import known_type
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.things import object_words

if TYPE_CHECKING:
    from nodesmith.spec.sentence.structure import Structure


def terse_conversion(structure: Structure) -> tuple[str, ...]:
    """Return what is converted where a text only says from what to what; nothing where it is no value."""
    text, start = structure.text, 0
    if structure.actions:
        return ()
    while text.low(start) in lexicon.FILLERS:
        start += 1
    source = noun_phrase(text, start)
    if text.low(source.end) not in ("to", "into"):
        return ()
    target = noun_phrase(text, source.end + 1)
    told = text.ends_clause(target.end) or text.low(target.end) in lexicon.FILLERS
    made, given = object_words(target.words), object_words(source.words)
    return given if told and _is_value(made) and _is_value(given) else ()


def _is_value(words: tuple[str, ...]) -> bool:
    return bool(words) and bool(known_type(words[-1]) or words[-1] in lexicon.VALUES)
