"""Which deleted files a person wants back."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import InputError
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The paths that were asked for, of files or folders; `met` collects those at which a deleted file was found."""

    target: Path
    wanted: tuple[str, ...]
    units: tuple[str, ...]
    met: set[str] = field(default_factory=set)

    def covers(self, unit: str, paths: Iterable[str]) -> bool:
        """Say whether a file of a unit, by any of its paths, is to be written again."""
        places = [(self.target / unit / path).resolve() for path in paths] if self.wanted else []
        met = {wanted for wanted in self.wanted for place in places if self._holds(wanted, place)}
        self.met.update(met)
        return bool(met)

    def check(self) -> None:
        """Raise InputError for a path at which nothing was deleted."""
        if missed := [wanted for wanted in self.wanted if wanted not in self.met]:
            raise InputError(
                f"nothing was deleted at {', '.join(missed)}",
                fix="give the path, relative to the target folder, of a file that --dry-run shows as deleted",
            )

    def _holds(self, wanted: str, place: Path) -> bool:
        """Take a path as relative to the target, to the one node there is, or to where the person is."""
        node = [self.target / self.units[0]] if len(self.units) == 1 else []
        return any(
            place.is_relative_to((folder / wanted).resolve()) for folder in (self.target, *node, Path())
        )
