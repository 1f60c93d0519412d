"""Fenced blocks of a Markdown document, so that tests can run what the documents say.

A block's first line may be a comment: with a file's path it shows that file, with `from` and a path a part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"(?:# |\{# )(from )?(\S+[./]\w+)(?: #\})?\n")
GAP = "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block: its language and its text, and the file it shows, whole or in part."""

    language: str
    text: str
    file: str = ""
    is_part: bool = False


def blocks(document: Path) -> list[Block]:
    """Return the fenced blocks of a document, in order."""
    found = _BLOCK.findall(document.read_text(encoding="utf-8"))
    return [_block(language, text) for language, text in found]


def _block(language: str, text: str) -> Block:
    title = _TITLE.match(text) if language not in ("bash", "text") else None
    if title is None:
        return Block(language=language, text=text)
    is_part = bool(title[1])
    # The comment is a line of a YAML or Python file like any other; a template would print it.
    keeps_title = not is_part and not text.startswith("{#")
    return Block(
        language=language, text=text if keeps_title else text[title.end() :], file=title[2], is_part=is_part
    )


def write_file(block: Block, folder: Path) -> None:
    """Write the file that a block shows."""
    path = folder / block.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")


def missing_lines(shown: str, actual: str) -> list[str]:
    """Return the shown runs of lines that `actual` does not hold one after the other.

    `...` stands for anything: as a line of its own between two runs, and within a line.
    """
    rest = _lines(actual)
    missing = []
    for run in re.split(rf"^[ \t]*{re.escape(GAP)}[ \t]*$\n", shown, flags=re.MULTILINE):
        if not run.strip():
            continue
        patterns = [_pattern(line) for line in _lines(run)]
        found = next((at for at in range(len(rest)) if _is_at(patterns, rest[at : at + len(patterns)])), None)
        if found is None:
            missing.append(run)
        else:
            rest = rest[found + len(patterns) :]
    return missing


def _is_at(patterns: list[re.Pattern[str]], lines: list[str]) -> bool:
    """Say whether lines hold a run, whose own indentation may have been taken away."""
    lines = _lines("\n".join(lines))
    return len(lines) == len(patterns) and all(
        pattern.fullmatch(line) for pattern, line in zip(patterns, lines, strict=True)
    )


def _pattern(line: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in line.split(GAP)))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in dedent(text).strip("\n").split("\n")]
