"""Fenced blocks of a Markdown document, so that tests can run what the documents say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_NAME = re.compile(r"# (\S+\.yaml)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block: its language and its text."""

    language: str
    text: str

    @property
    def file_name(self) -> str | None:
        """The file the block shows, where its first line is a comment with that file's name."""
        found = _FILE_NAME.match(self.text)
        return found.group(1) if found else None


def blocks(document: Path) -> list[Block]:
    """Return the fenced blocks of a document, in order."""
    return [
        Block(language=language, text=text)
        for language, text in _BLOCK.findall(document.read_text(encoding="utf-8"))
    ]


def write_shown_files(document: Path, folder: Path) -> list[Path]:
    """Write the files that a document shows into `folder` and return their paths."""
    written = []
    for block in blocks(document):
        if block.file_name:
            path = folder / block.file_name
            path.write_text(block.text, encoding="utf-8")
            written.append(path)
    return written
