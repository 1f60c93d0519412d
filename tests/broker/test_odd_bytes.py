"""Bytes that are no request end their own connection and nothing else."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kio.index import load_request_schema
from support.broker import running_broker
from support.kafka_wire import METADATA, entity, wire_client, written

from nodesmith.broker.apis import APIS
from nodesmith.broker.frames import MAX_FRAME_BYTES
from nodesmith.broker.protocol import decode
from nodesmith.broker.reading import MalformedRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.broker import RunningBroker

EVERY_VERSION: list[tuple[int, int]] = [
    (api.key, version) for api in APIS.values() for version in range(api.oldest, api.newest + 1)
]
PRODUCE = 0
MANY = struct.pack(">i", 0x7FFFFFFF)


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """A broker that is sent odd bytes, and must still be there in the end."""
    with running_broker(tmp_path_factory.mktemp("victim") / "data") as running:
        yield running
        assert running.process.poll() is None
        assert running.stop() == 0
        assert "the broker failed" not in running.log.read_text()


def framed(api_key: int, version: int, body: bytes) -> bytes:
    flexible = load_request_schema(api_key, version).__flexible__
    header = struct.pack(">hhih", api_key, version, 1, 4) + b"odd!" + (b"\0" if flexible else b"")
    return struct.pack(">i", len(header) + len(body)) + header + body


def assert_alive(broker: RunningBroker) -> None:
    with wire_client(broker.port) as client:
        assert client.call(METADATA, 4, topics=(), allow_auto_topic_creation=False).brokers


frames = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda place, body: framed(place[0], place[1], body),
        st.sampled_from(EVERY_VERSION),
        st.lists(
            st.one_of(st.binary(max_size=8), st.sampled_from([MANY, b"\0\0\0\1", b"\0\1a", b"\xff\xff"]))
        ).map(b"".join),
    ),
)


@given(sent=frames)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_odd_frames_never_end_the_broker(victim: RunningBroker, sent: bytes) -> None:
    with wire_client(victim.port) as client:
        client.connection.sendall(sent)
    assert_alive(victim)


@given(place=st.sampled_from(EVERY_VERSION), body=st.binary(max_size=300))
@settings(max_examples=2000, deadline=None)
def test_reading_odd_bytes_gives_a_request_or_says_that_it_is_none(
    place: tuple[int, int], body: bytes
) -> None:
    frame = framed(place[0], place[1], body)[4:]
    try:
        call = decode(frame)
    except MalformedRequestError:
        return
    assert (call.api_key, call.version) == place


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 30,
        struct.pack(">i", -5) + b"\0" * 20,
        struct.pack(">i", MAX_FRAME_BYTES + 1) + b"\0" * 20,
        struct.pack(">i", 3) + b"abc",
        struct.pack(">ihhih", 10, 999, 0, 1, -1),
        struct.pack(">ihhih", 10, PRODUCE, 99, 1, -1),
        framed(METADATA, 4, MANY),
    ],
    ids=[
        "http",
        "tls",
        "negative",
        "too-large",
        "too-short",
        "unknown-api",
        "unknown-version",
        "array-too-long",
    ],
)
def test_what_is_no_request_closes_that_connection_with_a_line_in_the_log(
    victim: RunningBroker, sent: bytes
) -> None:
    with wire_client(victim.port) as other, wire_client(victim.port) as client:
        before = victim.log.read_text().count("closed:")
        client.connection.sendall(sent)
        assert client.is_closed()
        assert victim.log.read_text().count("closed:") == before + 1
        assert other.call(METADATA, 4, topics=None).brokers


def test_a_client_that_goes_in_the_middle_of_a_frame_leaves_no_line(victim: RunningBroker) -> None:
    before = victim.log.read_text()
    with wire_client(victim.port) as client:
        client.connection.sendall(struct.pack(">i", 100) + b"half")
    assert_alive(victim)
    assert victim.log.read_text() == before


@pytest.mark.parametrize(("api_key", "version"), EVERY_VERSION)
def test_every_version_that_is_offered_is_answered_in_its_own_schema(
    victim: RunningBroker, api_key: int, version: int
) -> None:
    with wire_client(victim.port) as client:
        if api_key == PRODUCE:
            client.call(api_key, version, acks=1)
        else:
            client.call(api_key, version)


def test_tagged_fields_that_are_not_known_are_skipped() -> None:
    api_key, version = 60, 0
    body = written(entity(load_request_schema(api_key, version), {}))
    assert body.endswith(b"\0")
    call = decode(framed(api_key, version, body[:-1] + b"\1\x63\3abc")[4:])
    assert call.request.include_cluster_authorized_operations is False
