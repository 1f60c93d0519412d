"""Requests told without a verb of their own: `Roman numerals to integers please`, `Is this IBAN valid?`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.field_types import known_type
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.things import object_words

if TYPE_CHECKING:
    from nodesmith.spec.sentence.structure import Structure


def told_tersely(structure: Structure) -> tuple[str, ...]:
    """Return what is converted or checked and who does it, as a name has it; nothing where it is no value."""
    if converted := _conversion(structure):
        return (*converted, "converter")
    asked = _question(structure)
    return (*asked, "checker") if asked else ()


def _conversion(structure: Structure) -> tuple[str, ...]:
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


def _question(structure: Structure) -> tuple[str, ...]:
    """Read `Is this IBAN valid?`: what is asked about stands before the last word."""
    text = structure.text
    if text.low(0) not in ("is", "are") or text.low(1) not in lexicon.DETERMINERS:
        return ()
    phrase = noun_phrase(text, 1)
    asked = object_words(phrase.words[:-1])
    return asked if text.low(phrase.end) == "?" and _is_value(asked) else ()


def _is_value(words: tuple[str, ...]) -> bool:
    return bool(words) and bool(known_type(words[-1]) or words[-1] in lexicon.VALUES)
