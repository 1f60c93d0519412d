"""A module's source text with positions, and edits that leave every other byte as it was."""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from nodesmith.errors import Finding, GateError
from nodesmith.generation.event_bus.scope import bound_names
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

STAGE = "4.5"
# Python's own idea of a line: str.splitlines() would also break at form feeds and at U+2028.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_LINE_END = re.compile(r"\r\n|\r|\n")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Edit:
    r"""Put `text`, whose lines end in `\n`, in the place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Source:
    """The text of one module; `file` is what findings call it."""

    text: str
    file: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; raises GateError where the text does not parse."""
        try:
            with warnings.catch_warnings(
                action="ignore"
            ):  # they are about a person's code, and not ours to tell
                return ast.parse(self.text.removeprefix(_BYTE_ORDER_MARK))
        except SyntaxError as error:
            raise refusal(self.syntax_finding(error)) from None
        except (ValueError, RecursionError) as error:
            raise refusal(Finding(rule="syntax", message=str(error), file=self.file)) from None

    @cached_property
    def bindings(self) -> dict[str, int]:
        """The names the module binds at its top level, with a line for each."""
        return dict(bound_names(self.tree.body))

    @cached_property
    def lines(self) -> list[str]:
        """The lines with their ends; line `n` of the syntax tree is `lines[n - 1]`."""
        return _LINE.findall(self.text)

    @cached_property
    def newline(self) -> str:
        """What most lines end in."""
        ends = Counter(_LINE_END.findall(self.text))
        return ends.most_common(1)[0][0] if ends else "\n"

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line))
        return starts

    def line_start(self, line: int) -> int:
        """Return the offset of the first character of a line, or of the text's end for the line after the last."""
        mark = len(_BYTE_ORDER_MARK) if line == 1 and self.text.startswith(_BYTE_ORDER_MARK) else 0
        return self._starts[min(line - 1, len(self.lines))] + mark

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a syntax tree's position, whose column counts bytes of UTF-8."""
        start = self.line_start(line)
        before = self.text[start : self._starts[line]].encode("utf-8", "surrogatepass")[:column]
        return start + len(before.decode("utf-8", "surrogatepass"))

    def indentation(self, line: int) -> str:
        """Return the white space a line begins with."""
        text = self.lines[line - 1]
        return text[: len(text) - len(text.lstrip(" \t\f"))]

    def begins_its_line(self, node: ast.stmt) -> bool:
        """Say whether nothing but white space stands before a statement on its line."""
        start = self.line_start(node.lineno)
        before = self.text[start : self.offset(node.lineno, node.col_offset)]
        return not before.strip()

    def is_blank(self, line: int) -> bool:
        """Say whether a line holds nothing; lines outside the text do."""
        return not 1 <= line <= len(self.lines) or not self.lines[line - 1].strip()

    def is_comment(self, line: int) -> bool:
        """Say whether a line outside any statement holds a comment and nothing else."""
        return 1 <= line <= len(self.lines) and self.lines[line - 1].lstrip().startswith("#")

    def above_comments(self, line: int, *, floor: int) -> int:
        """Return the first of the comment lines directly above a line, down to the line after `floor`."""
        while line - 1 > floor and self.is_comment(line - 1):
            line -= 1
        return line

    def insert_after(self, line: int, block: str) -> Edit:
        """Return the edit that puts whole lines after a line, and keeps whether the text ends in a line end."""
        at = self.line_start(line + 1)
        if line >= 1 and not _LINE_END.search(self.lines[line - 1]):
            return Edit(at, at, "\n" + block.removesuffix("\n"))
        return Edit(at, at, block)

    def insert_before(self, line: int, block: str) -> Edit:
        """Return the edit that puts whole lines before a line."""
        at = self.line_start(line)
        return Edit(at, at, block)

    def apply(self, edits: Iterable[Edit]) -> Source:
        """Return the edited text; edits at one place stand in the order given."""
        edits = list(edits)
        if not edits:
            return self
        text, parts, position = self.text, [], 0
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
            parts += [text[position : edit.start], edit.text.replace("\n", self.newline)]
            position = edit.end
        return Source("".join([*parts, text[position:]]), self.file)

    def finding(self, rule: str, message: str, *, fix: str, line: int = 0) -> Finding:
        """Return a finding about a line of this text."""
        return Finding(rule=rule, message=message, fix=fix, file=self.file, line=line)

    def syntax_finding(self, error: SyntaxError) -> Finding:
        """Return what Python says about a text that does not parse."""
        return Finding(
            rule="syntax",
            message=error.msg,
            fix="make the file valid Python, then integrate the event bus",
            file=self.file,
            line=error.lineno or 0,
            column=error.offset or 0,
        )


def refusal(*findings: Finding) -> GateError:
    """Return the error that stops stage 4.5."""
    first = findings[0]
    return GateError(
        f"the event bus cannot be integrated: {first.message}", stage=STAGE, findings=findings, fix=first.fix
    )
