"""Rows of text in columns, without borders: what is copied from a terminal stays whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def counted(number: int, noun: str) -> str:
    """Return `1 topic` or `2 topics`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def in_columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return `head` and `rows`, every column but the last padded to its widest cell."""
    table = [[name.upper() for name in head], *rows]
    widths = [max(len(row[number]) for row in table) for number in range(len(head) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in table
    ]
    return "\n".join(line.rstrip() for line in lines)
