"""Writes that happen whole or not at all."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from typing_extensions import Buffer

_COPIED_AT_ONCE = 1024 * 1024


def write_whole(path: Path, text: str) -> None:
    """Write `text` beside `path`, and put it in its place only when all of it is there."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def append_whole(file: int, parts: Sequence[Buffer], *, size: int) -> None:
    """Append `parts` to an open file of `size` bytes, or leave it as it was and raise `OSError` (a full disk)."""
    whole = sum(len(memoryview(part)) for part in parts)
    try:
        written = os.writev(file, parts)
        if written < whole:
            rest = memoryview(b"".join(parts))[written:]
            while rest:
                rest = rest[os.write(file, rest) :]
    except OSError:
        os.ftruncate(file, size)
        raise


def cut_front(path: Path, size: int) -> None:
    """Put the file's bytes from `size` on in its place, once the medium has them."""
    beside = path.with_name(path.name + ".new")
    with path.open("rb") as whole, beside.open("wb") as rest:
        whole.seek(size)
        shutil.copyfileobj(whole, rest, _COPIED_AT_ONCE)
        rest.flush()
        os.fsync(rest.fileno())
    beside.replace(path)
