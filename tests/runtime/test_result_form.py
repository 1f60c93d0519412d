"""A result that is written in one step says what one written the long way says, and a command read at once is the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from nodesmith.runtime import NodeDefinition, NodeIdentity, Operation
from nodesmith.runtime.answers import Question, completed
from nodesmith.runtime.envelope import Envelope, read_envelope
from nodesmith.runtime.operations import Outcome
from nodesmith.runtime.records import IncomingRecord
from nodesmith.runtime.result_form import ResultForm, derived_id
from nodesmith.runtime.routing import Routing
from nodesmith.runtime.wire_record import to_wire

if TYPE_CHECKING:
    from nodesmith.runtime.wire_record import WireRecord

IDENTITY = NodeIdentity(name="greeter", domain="demo", archetype="effect")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
IDS = st.none() | st.uuids()


class Greeting(BaseModel):
    """An output, and an input, with something of each kind."""

    text: str
    number: float = 0.0
    missing: str | None = None
    more: dict[str, str] = {}


def refuse(_request: Greeting) -> Greeting:
    raise NotImplementedError


def operation(name: str = "greet") -> Operation:
    return Operation(name=name, input_model=Greeting, output_model=Greeting, handler=refuse)


def routing(*names: str) -> Routing:
    operations = tuple(operation(name) for name in names)
    return Routing(NodeDefinition(identity=IDENTITY, operations=operations), command_max_bytes=1_000_000)


def essence(wire: WireRecord) -> tuple[Any, ...]:
    """Return what a reader sees, but for the moment it was written in and the order of headers."""
    assert wire.value is not None
    envelope = Envelope.model_validate_json(wire.value).model_dump(exclude={"envelope_timestamp"})
    return wire.topic, wire.key, envelope, dict(wire.headers) | {"traceparent": b""}


@given(
    st.builds(Greeting, text=TEXTS, number=st.floats(), more=st.dictionaries(TEXTS, TEXTS, max_size=3)),
    st.uuids(),
    st.uuids(),
)
def test_a_result_in_one_step_says_what_the_long_way_says(output: Greeting, own: UUID, story: UUID) -> None:
    event_type = IDENTITY.event_type("greet")
    asked = Question(
        event_type=event_type, key=b"k", envelope_id=own, correlation_id=story, traceparent="00-a-b-01"
    )
    form = ResultForm(IDENTITY, event_type=f"{event_type}.completed", sender="s")

    at_once = form.record(output, asked, traceparent="00-a-b-01", tracestate="")

    (record,) = completed(IDENTITY, asked, Outcome(output=output))
    assert at_once is not None
    assert essence(at_once) == essence(to_wire(record, source="s"))


@given(st.uuids(), TEXTS)
def test_an_id_is_derived_as_uuid5_does(envelope_id: UUID, name: str) -> None:
    assert derived_id(envelope_id, name.encode()) == str(uuid5(envelope_id, name))


COMMANDS = st.fixed_dictionaries(
    {"payload": st.fixed_dictionaries({"text": TEXTS}, optional={"number": st.floats(allow_nan=False)})},
    optional={
        "envelope_id": IDS.map(lambda value: value and str(value)),
        "correlation_id": IDS.map(lambda value: value and str(value)),
        "event_type": st.sampled_from(["demo.greeter.greet", "demo.greeter.part", None]),
        "unknown": TEXTS,
    },
)


@given(COMMANDS, st.sampled_from([{}, {"ce_type": "demo.greeter.greet"}, {"ce_type": "nonsense"}]))
def test_a_command_read_at_once_is_what_reading_it_in_two_passes_gives(
    command: dict[str, Any], headers: dict[str, str]
) -> None:
    record = IncomingRecord(
        topic=IDENTITY.command_topic,
        partition=0,
        offset=1,
        key=b"k",
        value=json.dumps(command).encode(),
        headers=headers,
    )
    for names in (("greet",), ("greet", "part")):
        at_once = routing(*names).read_at_once(record)
        if at_once is None:
            continue
        envelope = read_envelope(record.value, new_id=lambda: record.own_id)
        long_way = routing(*names).understand(record, envelope)
        assert long_way is not None
        assert (at_once.command, at_once.request) == (long_way.command, long_way.request)


def test_the_usual_command_is_read_at_once() -> None:
    for value, headers in (
        (b'{"payload": {"text": "a"}}', {}),
        (
            b'{"payload": {"text": "a"}, "event_type": "demo.greeter.greet"}',
            {"ce_type": "demo.greeter.greet"},
        ),
    ):
        record = IncomingRecord(topic="t", partition=0, offset=1, key=None, value=value, headers=headers)
        assert routing("greet").read_at_once(record) is not None
