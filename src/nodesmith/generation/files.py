"""The files of a node before they touch the disk."""

from __future__ import annotations

from enum import StrEnum

from nodesmith.records import dataclass


class Owner(StrEnum):
    """Whose a file is once it is on the disk, which decides what a later generation does with it.

    Generated files are nodesmith's and merged ones shared: both follow the spec, and a person's edits are merged in.
    Seeded ones are the person's from the moment they are written, and never written again.
    """

    GENERATED = "generated"
    MERGED = "merged"
    SEEDED = "seeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedFile:
    """A file's text, and whose it is; `moved_from` are the paths it had in earlier generations, the latest first.

    `templates` are the team's own that it was made from, as messages call them; nodesmith's own are not told.
    """

    text: str
    owner: Owner = Owner.GENERATED
    executable: bool = False
    moved_from: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()


NodeFiles = dict[str, GeneratedFile]
"""The files of one node, by their path relative to the node's folder, with forward slashes."""
