"""What is in a log's folder when it is opened: segments, where the log starts, and what a crash left."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodesmith.broker import records
from nodesmith.broker.segment import SUFFIX, Segment, segment_path

if TYPE_CHECKING:
    from pathlib import Path

    from nodesmith.broker.segment import OnBatch

logger = logging.getLogger(__name__)

UNFINISHED = (".new", ".clean")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedLog:
    """The segments, at least one, in order; and where the log starts."""

    segments: list[Segment]
    start_offset: int


class LogFolder:
    """The folder of one partition's log. A log of one file beside it, as earlier versions wrote it, is moved in."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, on_batch: OnBatch | None) -> OpenedLog:
        """Open every segment, and remove what a crash left half done."""
        self._adopt()
        said = read_start(self.path / "start")
        for entry in self.path.iterdir():
            if entry.suffix in UNFINISHED:
                entry.unlink()
        segments: list[Segment] = []
        try:
            for path in sorted(self.path.glob(f"*{SUFFIX}")):
                self._open_next(segments, path, on_batch)
            if not segments:
                path = segment_path(self.path, said or 0)
                segments.append(Segment(path, base_offset=said or 0))
        except BaseException:
            for segment in segments:
                segment.close()
            raise
        return OpenedLog(segments=segments, start_offset=max(said or 0, segments[0].base_offset))

    def _open_next(self, segments: list[Segment], path: Path, on_batch: OnBatch | None) -> None:
        base_offset = int(path.stem)
        if segments and segments[-1].end_offset > base_offset:
            path.unlink()  # it was merged into the one before: a crash came before it was removed
            return
        segments.append(Segment(path, base_offset=base_offset, on_batch=on_batch))

    def _adopt(self) -> None:
        """Move a log of one file, `0.log` and `0.start`, into its folder; a crash in between changes nothing."""
        alone, start = self.path.with_suffix(SUFFIX), self.path.with_suffix(".start")
        self.path.mkdir(exist_ok=True)
        if start.exists():
            start.replace(self.path / "start")
        if alone.exists():
            said = read_start(self.path / "start")
            alone.replace(segment_path(self.path, _first_offset(alone, said)))


def read_start(path: Path) -> int | None:
    """Return where the log starts, 0 where nothing was ever deleted, None where the file does not say it any more."""
    try:
        return max(0, int(path.read_text(encoding="ascii")))
    except FileNotFoundError:
        return 0
    except ValueError:
        logger.warning("%s says nothing: the log starts with the first record there is", path)
        return None


def _first_offset(path: Path, start: int | None) -> int:
    """Return the offset a log of one file begins at; none begins beyond where it starts, as far as that is known."""
    with path.open("rb") as file:
        head = file.read(records.HEADER_SIZE)
    if len(head) < records.HEADER_SIZE:
        return start or 0
    first = max(0, records.read_header(head).base_offset)
    return first if start is None or first <= start else start
