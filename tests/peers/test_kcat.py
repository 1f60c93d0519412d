"""kcat as a peer: it sends a node its commands, reads what comes of them, and sees the topics of the broker."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from peers.flaky import Peer, running_peer
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.broker import RunningBroker

KCAT = shutil.which("kcat")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
POISON = b'\x00\xff{"payload":\n\xc3\x28'

pytestmark = pytest.mark.skipif(
    KCAT is None, reason="NOT TESTED WITH KCAT: it is not installed (Debian: apt install kcat)"
)


@pytest.fixture(scope="module")
def peer(both_brokers: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    folder = tmp_path_factory.mktemp("peer")
    with running_peer(both_brokers.bootstrap_servers, "peer-of-kcat", folder) as peer:
        yield peer


def kcat(peer: Peer, *arguments: str | Path) -> bytes:
    """Run kcat to its end and return what it prints."""
    command = [str(KCAT), "-b", peer.servers, "-q", "-X", "fetch.wait.max.ms=20", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=20).stdout


def send(peer: Peer, value: bytes, file: Path, *options: str) -> None:
    """Send a file as one record: of its input kcat makes one of each line."""
    file.write_bytes(value)
    kcat(peer, "-P", "-t", peer.commands, *options, file)


def read_one(peer: Peer, topic: str, key: str) -> dict[str, Any]:
    """Return the record with this key, as kcat writes it in JSON; what is not UTF-8 it writes into it as it is."""

    def found() -> dict[str, Any] | None:
        shown = kcat(peer, "-C", "-t", topic, "-o", "beginning", "-e", "-J").decode(errors="replace")
        records = [json.loads(line) for line in shown.split("\n") if line]
        return next((record for record in records if record["key"] == key), None)

    record = wait_until(found, why=f"a record with the key {key} on {topic}")
    assert record is not None
    return record


def headers_of(record: dict[str, Any]) -> dict[str, str]:
    """Return its headers: kcat writes names and values in turn."""
    return dict(zip(record["headers"][::2], record["headers"][1::2], strict=True))


def test_a_command_is_answered_with_its_key_its_correlation_and_its_trace(peer: Peer, tmp_path: Path) -> None:
    sent, story = str(uuid4()), str(uuid4())
    command = {"payload": {"name": "ann"}, "event_type": peer.operation}
    value = json.dumps({**command, "envelope_id": sent, "correlation_id": story}).encode()
    send(peer, value, tmp_path / "command", "-k", "ann", "-H", f"traceparent=00-{TRACE}-00f067aa0ba902b7-01")
    record = read_one(peer, peer.completed, "ann")
    result = json.loads(record["payload"])
    headers = headers_of(record)
    assert result["payload"] == {"attempt": 1}
    assert (result["parent_envelope_id"], result["correlation_id"]) == (sent, story)
    assert headers["ce_id"] == result["envelope_id"]
    assert headers["ce_type"] == f"{peer.operation}.completed"
    assert (headers["ce_source"], headers["ce_specversion"]) == (peer.name, "1.0")
    assert headers["traceparent"].startswith(f"00-{TRACE}-")


def test_a_line_typed_by_hand_is_a_command(peer: Peer, tmp_path: Path) -> None:
    value = json.dumps({"payload": {"name": "typed"}, "event_type": peer.operation}).encode()
    send(peer, value, tmp_path / "command", "-k", "typed", "-z", "snappy")
    result = json.loads(read_one(peer, peer.completed, "typed")["payload"])
    assert result["payload"] == {"attempt": 1}


def test_a_poison_record_is_read_from_the_dead_letters_as_the_bytes_that_were_sent(
    peer: Peer, tmp_path: Path
) -> None:
    send(peer, POISON, tmp_path / "poison", "-k", "bad", "-H", "from=kcat")
    headers = headers_of(read_one(peer, peer.dead_letters, "bad"))
    failure = json.loads(read_one(peer, peer.failed, "bad")["payload"])["payload"]
    letters = kcat(peer, "-C", "-t", peer.dead_letters, "-o", "beginning", "-e", "-f", "%k|%s|")
    assert letters == b"bad|" + POISON + b"|"
    assert (headers["from"], headers["ns-dlq-topic"]) == ("kcat", peer.commands)
    assert headers["ns-dlq-error-type"] == failure["error_type"] == "InvalidEnvelopeError"


def test_it_lists_the_topics_that_the_node_made(peer: Peer) -> None:
    listed = json.loads(kcat(peer, "-L", "-J"))
    partitions = {each["topic"]: len(each["partitions"]) for each in listed["topics"]}
    ours = (peer.commands, peer.completed, peer.failed, peer.dead_letters)
    assert [partitions.get(topic) for topic in ours] == [4, 4, 4, 4]
    assert [broker["name"] for broker in listed["brokers"]] == [peer.servers]
