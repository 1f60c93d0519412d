"""A message: the JSON of an ONEX event envelope, and the headers that travel with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from nodesmith.errors import InvalidEnvelopeError
from nodesmith.runtime.handling import outgoing_trace_headers


def _now() -> datetime:
    return datetime.now(UTC)


class Envelope(BaseModel):
    """An event or a command with what is known about it; only `payload` has no default.

    Fields it does not know are ignored, so that richer envelopes of others can be read. A timestamp without a time
    zone is taken as UTC, and a `correlation_id` that is missing is the envelope's own id: the story starts here.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    payload: dict[str, Any]
    envelope_id: UUID = Field(default_factory=uuid4)
    envelope_timestamp: datetime = Field(default_factory=_now)
    correlation_id: UUID
    event_type: str | None = None
    source_tool: str | None = None
    parent_envelope_id: UUID | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: object, info: ValidationInfo) -> object:
        """Take an explicit null as missing, and give a missing correlation id the envelope's own."""
        if not isinstance(values, Mapping):
            return values
        known = {name: value for name, value in values.items() if value is not None}
        if "envelope_id" not in known:
            known["envelope_id"] = info.context["new_id"]() if info.context else uuid4()
        known.setdefault("correlation_id", known["envelope_id"])
        return known

    @field_validator("envelope_timestamp")
    @classmethod
    def _with_zone(cls, value: datetime) -> datetime:
        return value if value.tzinfo else value.replace(tzinfo=UTC)

    def to_json(self) -> bytes:
        """Return the record's value; what is not known is left out."""
        return self.model_dump_json(exclude_none=True).encode()


def make_envelope(
    payload: Mapping[str, Any],
    *,
    event_type: str,
    source: str,
    correlation_id: UUID | None = None,
    envelope_id: UUID | None = None,
    parent_envelope_id: UUID | None = None,
) -> Envelope:
    """Return an envelope around `payload`; ids that are not given are new."""
    return Envelope.model_validate(
        {
            "payload": dict(payload),
            "event_type": event_type,
            "source_tool": source,
            "correlation_id": correlation_id,
            "envelope_id": envelope_id,
            "parent_envelope_id": parent_envelope_id,
        }
    )


def read_envelope(value: bytes | None, *, new_id: Callable[[], UUID] = uuid4) -> Envelope:
    """Return the envelope in a record's value; raise InvalidEnvelopeError where there is none.

    `new_id` gives the id of an envelope that has none.
    """
    try:
        return Envelope.model_validate_json(value or b"", context={"new_id": new_id})
    except ValidationError as error:
        raise InvalidEnvelopeError(
            f"the record is no event envelope: {findings(error)}",
            fix='send a JSON object such as {"payload": {...}}',
        ) from error


def findings(error: ValidationError) -> str:
    """Return what pydantic found, as `email: Field required; tags.0: ...`, without the values themselves."""
    parts = []
    for finding in error.errors(include_url=False, include_input=False, include_context=False):
        place = ".".join(str(step) for step in finding["loc"])
        parts.append(f"{place}: {finding['msg']}" if place else finding["msg"])
    return "; ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRecord:
    """A record to be published. `headers` come beside those every record has, and win over them."""

    topic: str
    envelope: Envelope
    key: str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def record_headers(record: OutgoingRecord, *, source: str) -> list[tuple[str, str | bytes | None]]:
    """Return the CloudEvents attributes and the trace context of a record, with its own headers.

    A record that has no trace context of its own goes on with that of the record at hand.
    """
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(record.envelope.envelope_id),
        "ce_type": record.envelope.event_type or record.topic,
        "ce_source": source,
        "content-type": "application/json",
        **record.headers,
    }
    if "traceparent" not in headers:
        headers.update(outgoing_trace_headers())
    return list(headers.items())
