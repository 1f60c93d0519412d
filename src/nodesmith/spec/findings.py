"""Collects what is wrong with a file, so that a person sees all of it at once."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from nodesmith.errors import Finding, SpecError
from nodesmith.spec.tree import printable, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.spec.tree import Place

MAX_FINDINGS = 100
MAX_TOLD = 5_000
MAX_NEAR_LENGTH = 80
MAX_LISTED = 12
MAX_COMPARED = 300

# What a file that stops in the middle cannot be blamed for.
ABSENCE_RULES = frozenset({"missing-key", "unknown-reference", "empty", "state-default", "not-on-the-bus"})


class Findings:
    """A growing list of findings. Beyond `MAX_FINDINGS` they are only counted: no person reads more."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._left_out = 0

    def __bool__(self) -> bool:
        """Return whether anything is wrong."""
        return bool(self._findings)

    def __len__(self) -> int:
        return len(self._findings) + self._left_out

    def add(self, rule: str, message: str, place: Place, fix: str = "") -> None:
        """Note one thing that is wrong at `place`."""
        if len(self._findings) >= MAX_FINDINGS:
            self._left_out += 1
            return
        self._findings.append(
            Finding(
                rule=rule,
                message=_told(message),
                fix=_told(fix),
                file=place.file,
                line=place.line,
                column=place.column,
                path=place.path,
            )
        )

    def near(self, name: str, options: Sequence[str]) -> str:
        """Return the fix for a name that is none of `options`: the one that was meant, or a list of all."""
        if len(self._findings) >= MAX_FINDINGS or not options:
            return ""
        if len(name) <= MAX_NEAR_LENGTH:
            for option in difflib.get_close_matches(name.lower(), options[:MAX_COMPARED], n=1, cutoff=0.6):
                return f"did you mean {shown(option)}?"
        listed = ", ".join(shown(option)[1:-1] for option in options[:MAX_LISTED]) + (
            ", ..." if len(options) > MAX_LISTED else ""
        )
        return f"use one of: {listed}" if len(options) > 1 else f"use {listed}"

    def merge(self, other: Findings) -> None:
        """Take over what was found elsewhere."""
        self._findings += other._findings
        self._left_out += other._left_out

    def without_absences(self) -> None:
        """Drop what is only missing because the file could not be read to its end."""
        self._findings = [finding for finding in self._findings if finding.rule not in ABSENCE_RULES]

    def all(self) -> tuple[Finding, ...]:
        """Return the findings in the order of files and lines, each once."""
        unique = dict.fromkeys(sorted(self._findings, key=lambda f: (f.file, f.line, f.column)))
        if not self._left_out:
            return tuple(unique)
        file = self._findings[-1].file
        return (*unique, Finding(rule="more", message=f"{self._left_out} more are not shown", file=file))

    def raise_if_any(self, source: str) -> None:
        """Raise SpecError with everything that was found."""
        if self:
            raise SpecError(summary(len(self), source), findings=self.all())


def _told(text: str) -> str:
    """Return a message without the odd signs, and without most of the length, of a name it may show."""
    line = printable(text[:MAX_TOLD])
    return line if len(text) <= MAX_TOLD else f"{line}..."


def summary(count: int, source: str) -> str:
    """Return `3 errors in orders.yaml`."""
    return f"{count} error{'' if count == 1 else 's'} in {source}"
