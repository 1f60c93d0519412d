"""All candidates for a node's name, the surest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.asked_names import doers, things_asked_for
from nodesmith.spec.sentence.beside_names import names_beside_archetypes
from nodesmith.spec.sentence.given_names import labelled_names, marked_names
from nodesmith.spec.sentence.identifier_names import identifier_names
from nodesmith.spec.sentence.identifiers import bare_words
from nodesmith.spec.sentence.titles import titles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.spec.sentence.candidates import Candidate
    from nodesmith.spec.sentence.mentions import Mention
    from nodesmith.spec.sentence.structure import Structure

SURE = 95.0


def said_names(structure: Structure, mentions: Sequence[Mention]) -> list[Candidate]:
    """Return every name somebody may have given the node, the surest first."""
    found = [
        *labelled_names(structure),
        *marked_names(structure, mentions),
        *identifier_names(structure, mentions),
        *names_beside_archetypes(structure, mentions),
        *titles(structure),
        *things_asked_for(structure),
        *doers(structure),
    ]
    fields = structure.signature
    named = (c for c in found if fields is None or not fields.start <= c.at < fields.end)
    return sorted((c for c in named if _may_name(c)), key=lambda c: (-c.score, c.at))


def _may_name(candidate: Candidate) -> bool:
    """Whether anything is in it besides `effect node`; what was expressly called so may be anything."""
    empty = lexicon.NODE_NOUNS | set(lexicon.ARCHETYPE_WORDS)
    told = [word for word in bare_words(candidate.text) if word not in empty | lexicon.CREATE_VERBS]
    told = told or [
        word for word in candidate.text.split() if not word.isascii()
    ]  # a script that is refused later
    return bool(told) or (candidate.score >= SURE and bool(candidate.text.strip()))
