"""One record as `nodesmith tail` shows it: an envelope, or whatever it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nodesmith.errors import InvalidEnvelopeError
from nodesmith.inspection.dead_letter_data import header_data, moment, value_data
from nodesmith.runtime.dead_letters import read_dead_letter
from nodesmith.runtime.logs import printable

if TYPE_CHECKING:
    from nodesmith.runtime.records import IncomingRecord

LONGEST_TEXT = 2_000
DEAD_LETTERS = "onex.dlq."

Parts = list[tuple[str, str]]


class TailRecord:
    """A record, read as far as it can be."""

    def __init__(self, record: IncomingRecord) -> None:
        self.record = record
        self.key = record.key_text

    @cached_property
    def envelope(self) -> dict[str, Any] | None:
        """The envelope, None where the value is none."""
        try:
            document = json.loads(self.record.value or b"")
        except (ValueError, RecursionError):
            return None
        if isinstance(document, dict) and isinstance(document.get("payload"), dict):
            return document
        return None

    @cached_property
    def value_text(self) -> str:
        """The value as text, whatever its bytes are."""
        return (self.record.value or b"").decode(errors="backslashreplace")

    @property
    def event_type(self) -> str:
        """What it says it is."""
        said = (self.envelope or {}).get("event_type")
        return said if isinstance(said, str) else self.record.headers.get("ce_type", "")

    @property
    def correlation_id(self) -> str:
        """The story it says it belongs to; without one it begins its own."""
        envelope = self.envelope or {}
        said = envelope.get("correlation_id") or envelope.get("envelope_id")
        return said.lower() if isinstance(said, str) else ""

    def parts(self) -> Parts:
        """Return what is shown of it to a person, each part with what it is; nothing in it is obeyed by a terminal."""
        record = self.record
        shown = [
            ("time", self._time() or "-"),
            ("topic", record.topic),
            ("place", f"{record.partition}:{record.offset}"),
            ("type", self.event_type or "-"),
            *([("key", f"key={self.key}")] if self.key is not None else []),
            *([("correlation", f"correlation_id={self.correlation_id}")] if self.correlation_id else []),
            *self._dead_letter(),
            self._body(),
        ]
        return [(kind, printable(text)) for kind, text in shown]

    def data(self) -> dict[str, object]:
        """Return it as plain JSON data; bytes that are no UTF-8 are in base64."""
        record = self.record
        return {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": self._time(),
            "key": self.key,
            "headers": [[name, header_data(value)] for name, value in record.all_headers],
            **({"envelope": self.envelope} if self.envelope is not None else value_data(record.value)),
        }

    def _time(self) -> str | None:
        milliseconds = self.record.timestamp
        return moment(datetime.fromtimestamp(milliseconds / 1000, UTC)) if milliseconds > 0 else None

    def _dead_letter(self) -> Parts:
        if not self.record.topic.startswith(DEAD_LETTERS):
            return []
        try:
            letter = read_dead_letter(self.record)
        except InvalidEnvelopeError:
            return []
        return [("error", f"{letter.error_type}: {letter.error_message} (attempts: {letter.attempts})")]

    def _body(self) -> tuple[str, str]:
        if self.envelope is not None:
            return "payload", self._cut(json.dumps(self.envelope["payload"], ensure_ascii=False))
        if self.record.value is None:
            return "strange", "(no value)"
        return "strange", f"(no envelope) {self._cut(self.value_text)}"

    def _cut(self, text: str) -> str:
        if len(text) <= LONGEST_TEXT:
            return text
        return f"{text[:LONGEST_TEXT]}… ({len(self.record.value or b''):,} bytes)"
