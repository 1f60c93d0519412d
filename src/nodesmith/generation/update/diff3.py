"""Three-way merge of lines, for where git is absent: what is on PyPI for it is GPL (merge3) or given up (three-merge).

Changes that overlap or touch are a conflict, as git has it, unless both sides made the same one.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from nodesmith.records import dataclass

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

    def mirrored(self) -> Hunk:
        """Return the stretch with its lines the other way round."""
        return Hunk(
            base=self.base[::-1], ours=self.ours[::-1], theirs=self.theirs[::-1], conflict=self.conflict
        )


@dataclass(frozen=True, slots=True)
class _Edit:
    """Lines `start` to `end` of the base became lines `first` to `last`."""

    start: int
    end: int
    first: int
    last: int


def diff3(base: Lines, ours: Lines, theirs: Lines) -> list[Hunk]:
    """Return the stretches of the merge in order; those that neither side changed as well.

    Where lines are repeated, which of them a side changed can be read in more than one way. So the texts are looked at from
    the end as well, and what does not come to the same then is a conflict.
    """
    hunks = list(_stretches(base, ours, theirs))
    if any(hunk.conflict for hunk in hunks):
        return hunks
    mirrored = [hunk.mirrored() for hunk in _stretches(base[::-1], ours[::-1], theirs[::-1])][::-1]
    if any(hunk.conflict for hunk in mirrored):
        return mirrored
    if [line for hunk in hunks for line in hunk.merged] != [
        line for hunk in mirrored for line in hunk.merged
    ]:
        return [Hunk(base=base, ours=ours, theirs=theirs, conflict=True)]
    return hunks


def _stretches(base: Lines, ours: Lines, theirs: Lines) -> Iterator[Hunk]:
    our_edits, their_edits = _edits(base, ours), _edits(base, theirs)
    at, our_shift, their_shift = 0, 0, 0
    wide = [_widened(edit, base, ours) for edit in our_edits] + [
        _widened(edit, base, theirs) for edit in their_edits
    ]
    for start, end in _groups(wide):
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


def _widened(edit: _Edit, base: Lines, other: Lines) -> tuple[int, int]:
    """Return the stretch of the base in which an edit may have been made: with equal lines around, it could be any of them."""
    start, end = edit.start, edit.end
    for lines in (base[edit.start : edit.end], other[edit.first : edit.last]):
        above = below = 0
        while lines and above < edit.start and base[edit.start - 1 - above] == lines[-1 - above % len(lines)]:
            above += 1
        while lines and edit.end + below < len(base) and base[edit.end + below] == lines[below % len(lines)]:
            below += 1
        start, end = min(start, edit.start - above), max(end, edit.end + below)
    return start, end


def _groups(stretches: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of the base put together where they overlap or touch."""
    if not stretches:
        return
    start, end = min(stretches)
    for first, last in sorted(stretches):
        if first > end:
            yield start, end
            start, end = first, last
        end = max(end, last)
    yield start, end


def _grown(edits: Sequence[_Edit], start: int, end: int) -> int:
    """Return by how many lines a side's edits in a stretch made it longer."""
    inside = (edit for edit in edits if start <= edit.start and edit.end <= end)
    return sum((edit.last - edit.first) - (edit.end - edit.start) for edit in inside)
