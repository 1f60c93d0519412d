"""The files of a node before they touch the disk."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedFile:
    """A file's text; `seeded` files are the person's from the moment they are written, and never written again."""

    text: str
    executable: bool = False
    seeded: bool = False


NodeFiles = dict[str, GeneratedFile]
"""The files of one node, by their path relative to the node's folder, with forward slashes."""
