"""An operation's result as bytes: what `answers.completed` and `to_wire` come to for it, in one step.

Every command ends with one, so it is worth knowing before what is the same in all of them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha1
from typing import TYPE_CHECKING

from pydantic_core import to_json

from nodesmith.runtime.trace_context import TRACEPARENT, TRACESTATE
from nodesmith.runtime.wire_record import WireRecord

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import BaseModel

    from nodesmith.runtime.answers import Question
    from nodesmith.runtime.identity import NodeIdentity


class ResultForm:
    """What all results of one operation have in common; `sender` is who their headers say they come from."""

    def __init__(self, identity: NodeIdentity, *, event_type: str, sender: str) -> None:
        self._topic = identity.completed_topic
        self._id_of = f"{identity.dot_path} {event_type} ".encode()
        self._tail = f'","event_type":{json.dumps(event_type)},"source_tool":{json.dumps(identity.name)},"parent_envelope_id":"'
        self._type = ("ce_type", event_type.encode())
        self._sender = ("ce_source", sender.encode())

    def record(
        self, output: BaseModel, asked: Question, *, traceparent: str, tracestate: str
    ) -> WireRecord | None:
        """Return the result of a command, None where its record had no id.

        Raises PydanticSerializationError where the output cannot be written as JSON.
        """
        if asked.envelope_id is None:
            return None
        own_id = derived_id(asked.envelope_id, self._id_of)
        # A command that began its own story, as most do, has one id for both.
        parent = correlation = str(asked.envelope_id)
        if asked.correlation_id is not asked.envelope_id:
            correlation = str(asked.correlation_id)
        facts = (
            f',"envelope_id":"{own_id}","envelope_timestamp":"{_now()}","correlation_id":"{correlation}'
            f'{self._tail}{parent}"}}'
        )
        headers: list[tuple[str, bytes | None]] = [
            _VERSION,
            ("ce_id", own_id.encode()),
            self._type,
            self._sender,
            _JSON,
            (TRACEPARENT, traceparent.encode()),
        ]
        if tracestate:
            headers.append((TRACESTATE, tracestate.encode()))
        return WireRecord(
            topic=self._topic,
            key=asked.key,
            headers=tuple(headers),
            value=b'{"payload":' + to_json(output, inf_nan_mode="null") + facts.encode(),
        )


_VERSION = ("ce_specversion", b"1.0")
_JSON = ("content-type", b"application/json")


def derived_id(envelope_id: UUID, name: bytes) -> str:
    """Return what `str(uuid5(envelope_id, name))` is, without making a UUID on the way."""
    text = sha1(envelope_id.bytes + name, usedforsecurity=False).hexdigest()
    # The version, and the two bits of the variant (RFC 9562, section 5.5).
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
