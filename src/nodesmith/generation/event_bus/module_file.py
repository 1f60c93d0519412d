"""A module's bytes as text and back, in the encoding that Python would read them in."""

from __future__ import annotations

import io
import tokenize
import warnings
from typing import TYPE_CHECKING

from nodesmith.errors import Finding, InputError
from nodesmith.generation.event_bus.source import Source, refusal
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleFile:
    """A Python file: its bytes, their text, and the encoding between them."""

    place: Path
    data: bytes
    source: Source
    encoding: str

    def with_text(self, text: str) -> bytes:
        """Return the bytes of another text of this file; raises GateError where Python cannot read them."""
        data = text.encode(self.encoding)
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(data, str(self.place), "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            message = f"with the event bus in it Python cannot read the file: {error}"
            fix = "run a formatter over it, and then integrate the event bus"
            raise refusal(self.source.finding("result", message, fix=fix)) from None
        return data


def read_module(place: Path, *, file: str) -> ModuleFile:
    """Read a module, which findings call `file`; raises InputError where there is none, GateError for what is no text."""
    if place.exists() and not place.is_file():  # a pipe would be waited for
        raise InputError(f"{file} is no regular file", fix="give the path of a node.py")
    try:
        data = place.read_bytes()
    except OSError as error:
        raise InputError(
            f"{file} cannot be read: {error.strerror}", fix="give the path of a node.py"
        ) from None
    encoding = _encoding(data, file)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _no_text(file, f"is not the {encoding} that it should be: {error.reason}", line) from None
    if text.encode(encoding) != data:
        raise _no_text(file, f"has bytes that {encoding} would write otherwise", 1)
    return ModuleFile(place=place, data=data, source=Source(text, file), encoding=encoding)


def _encoding(data: bytes, file: str) -> str:
    """Return what the file says it is in; the mark at the start of one in UTF-8 stays a character of its text."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        raise _no_text(file, f"says no encoding that Python knows: {error.msg}", 1) from None
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _no_text(file: str, message: str, line: int) -> Exception:
    fix = "save it as UTF-8"
    return refusal(Finding(rule="encoding", message=f"the file {message}", fix=fix, file=file, line=line))
