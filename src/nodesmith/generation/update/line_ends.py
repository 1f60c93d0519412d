"""A file's line ends and byte order mark: set aside while texts are compared and merged, and put back afterwards."""

from __future__ import annotations

import codecs

from nodesmith.records import dataclass

BOM = codecs.BOM_UTF8


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a file's text is written down: with carriage returns, with a byte order mark."""

    crlf: bool = False
    bom: bool = False

    def apply(self, plain: bytes) -> bytes:
        """Return a text with line feeds alone as this style has it."""
        return (BOM if self.bom else b"") + (plain.replace(b"\n", b"\r\n") if self.crlf else plain)


def read_style(data: bytes, *, made: bytes) -> tuple[Style, bytes]:
    """Return a file's style and its text without it; `made` is what nodesmith would write.

    Line ends that differ within one file are content, and so is what `made` itself has.
    """
    bom = data.startswith(BOM) and not made.startswith(BOM)
    text = data.removeprefix(BOM) if bom else data
    if b"\r" in text and b"\r" not in made:
        plain = text.replace(b"\r\n", b"\n")
        if b"\r" not in plain and plain.count(b"\n") == text.count(b"\r\n"):
            return Style(crlf=True, bom=bom), plain
    return Style(bom=bom), text
