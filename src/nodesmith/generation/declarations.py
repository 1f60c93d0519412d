"""What a template says about the file it makes, in a comment on its first line.

    {# owner: merged; executable; moved_from: {{ node.version_folder }}/start.py #}

`owner` is one of `Owner`; `moved_from` are paths that the file had before, apart by commas, written as templates.
"""

from __future__ import annotations

import difflib
import re

from nodesmith.errors import InputError
from nodesmith.generation.files import Owner
from nodesmith.records import dataclass

_HEADER = re.compile(r"\{#-?\s*(owner\s*:.*?)\s*-?#\}", re.DOTALL)
_LIKE_ONE = re.compile(r"\{#-?\s*([a-z_]+)\s*(?:[:;]|-?#\})", re.IGNORECASE)
_FACTS = ("owner", "executable", "moved_from")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """Whose a template's file is, whether it can be run, and where it was before."""

    owner: Owner
    executable: bool = False
    moved_from: tuple[str, ...] = ()


def read_declaration(source: str, *, template: str) -> Declaration | None:
    """Return what a template's first line declares, or None where it declares nothing; raises InputError."""
    header = _HEADER.match(source)
    if header is None:
        if (like_one := _LIKE_ONE.match(source)) and difflib.get_close_matches(
            like_one[1].lower(), _FACTS, cutoff=0.7
        ):
            raise _not_understood(like_one[0], template)
        return None
    entries = [entry.strip() for entry in header[1].split(";")]
    facts = {name.strip(): value.strip() for name, _, value in (entry.partition(":") for entry in entries)}
    if facts.keys() - set(_FACTS) or facts["owner"] not in set(Owner) or facts.get("executable"):
        raise _not_understood(header[1], template)
    moved_from = tuple(path.strip() for path in facts.get("moved_from", "").split(",") if path.strip())
    return Declaration(owner=Owner(facts["owner"]), executable="executable" in facts, moved_from=moved_from)


def _not_understood(declaration: str, template: str) -> InputError:
    return InputError(
        f"{template}:1: the declaration '{declaration}' is not understood",
        fix="write {# owner: generated #}, merged or seeded; then, each after a semicolon, `executable` and "
        "`moved_from: <path>, <path>`",
    )
