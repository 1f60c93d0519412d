"""Three-way merge of lines, for where git is absent: what is on PyPI for it is GPL (merge3) or given up (three-merge).

Changes that overlap or touch are a conflict, as git has it, unless both sides made the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Lines = list[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """A stretch of the merge; where `conflict` is said, both sides changed `base`, each in its own way."""

    base: Lines
    ours: Lines
    theirs: Lines
    conflict: bool = False

    @property
    def merged(self) -> Lines:
        """Return what a stretch without a conflict comes to."""
        return self.theirs if self.ours == self.base else self.ours


@dataclass(frozen=True, slots=True)
class _Edit:
    """Lines `start` to `end` of the base became lines `first` to `last`."""

    start: int
    end: int
    first: int
    last: int


def diff3(base: Lines, ours: Lines, theirs: Lines) -> Iterator[Hunk]:
    """Yield the stretches of the merge in order; those that neither side changed as well."""
    our_edits, their_edits = _edits(base, ours), _edits(base, theirs)
    at, our_shift, their_shift = 0, 0, 0
    for start, end in _groups([*our_edits, *their_edits]):
        yield Hunk(base=base[at:start], ours=base[at:start], theirs=base[at:start])
        our_grown, their_grown = _grown(our_edits, start, end), _grown(their_edits, start, end)
        hunk = Hunk(
            base=base[start:end],
            ours=ours[start + our_shift : end + our_shift + our_grown],
            theirs=theirs[start + their_shift : end + their_shift + their_grown],
        )
        clean = hunk.ours == hunk.theirs or hunk.base in (hunk.ours, hunk.theirs)
        yield hunk if clean else Hunk(base=hunk.base, ours=hunk.ours, theirs=hunk.theirs, conflict=True)
        at, our_shift, their_shift = end, our_shift + our_grown, their_shift + their_grown
    yield Hunk(base=base[at:], ours=base[at:], theirs=base[at:])


def two_way(ours: Lines, theirs: Lines) -> Iterator[Hunk]:
    """Yield the stretches of two texts that have no common ancestor: each difference is a conflict."""
    at = there = 0
    for edit in [*_edits(ours, theirs), _Edit(len(ours), len(ours), len(theirs), len(theirs))]:
        yield Hunk(base=ours[at : edit.start], ours=ours[at : edit.start], theirs=theirs[there : edit.first])
        old, new = ours[edit.start : edit.end], theirs[edit.first : edit.last]
        if old or new:
            yield Hunk(base=[], ours=old, theirs=new, conflict=True)
        at, there = edit.end, edit.last


def _edits(base: Lines, other: Lines) -> list[_Edit]:
    opcodes = SequenceMatcher(None, base, other, autojunk=False).get_opcodes()
    return [_Edit(*bounds) for tag, *bounds in opcodes if tag != "equal"]


def _groups(edits: Sequence[_Edit]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of the base in which edits overlap or touch."""
    edits = sorted(edits, key=lambda edit: (edit.start, edit.end))
    if not edits:
        return
    start, end = edits[0].start, edits[0].end
    for edit in edits[1:]:
        if edit.start > end:
            yield start, end
            start, end = edit.start, edit.end
        end = max(end, edit.end)
    yield start, end


def _grown(edits: Sequence[_Edit], start: int, end: int) -> int:
    """Return by how many lines a side's edits in a stretch made it longer."""
    inside = (edit for edit in edits if start <= edit.start and edit.end <= end)
    return sum((edit.last - edit.first) - (edit.end - edit.start) for edit in inside)
