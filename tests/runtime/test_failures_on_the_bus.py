"""Commands that fail, on the embedded broker and on Apache Kafka: tried again, waited for, or kept as dead letters."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer, TopicPartition
from support.kafka_clients import consumer
from support.nodes import RunningNode, running_node
from support.waiting import wait_until
from support.wire import command, committed, reading, send

from nodesmith.cli.application import run
from nodesmith.runtime.consumer import read_message
from nodesmith.runtime.dead_letters import CUT_BYTES, DeadLetter, read_dead_letter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from support.broker import RunningBroker
    from support.wire import Record

COMMANDS = "onex.cmd.demo.flaky-requested.v1"
COMPLETED = "onex.evt.demo.flaky-completed.v1"
FAILED = "onex.evt.demo.flaky-failed.v1"
DEAD_LETTERS = "onex.dlq.demo.flaky.v1"
GROUP = "demo.flaky"


@pytest.fixture
def servers(both_brokers: RunningBroker) -> str:
    return both_brokers.bootstrap_servers


@pytest.fixture
def start_flaky(start_greeter: Path) -> Path:
    return start_greeter.with_name("start_flaky.py")


@contextmanager
def flaky(script: Path, servers: str, folder: Path, **settings: str) -> Iterator[RunningNode]:
    """Run the flaky node with quick retries; its journal and its data are in `folder`."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "GREETER_JOURNAL": str(folder),
        "NODESMITH_DATA_DIR": str(folder / "data"),
        "RETRY_ATTEMPTS": "3",
        "RETRY_BASE_SECONDS": "0.05",
        "BREAKER_FAILURES": "100",
        **settings,
    }
    with running_node(script, folder / f"log-{uuid4()}", environment=environment) as node:
        yield node.wait_ready()


def journal(folder: Path) -> list[str]:
    return (folder / "journal").read_text().splitlines()


def write(name: str, **payload: Any) -> tuple[str, dict[str, Any]]:
    """Return a command's id and the command."""
    sent = str(uuid4())
    return sent, command("demo.flaky.write", {"name": name, **payload}, envelope_id=sent)


def answer(servers: str, topic: str, sent: str) -> dict[str, Any]:
    with reading(servers, topic) as answers:
        record = answers.wait_for(lambda record: record.envelope.get("parent_envelope_id") == sent)
        return record.payload


def letters(servers: str, count: int) -> list[DeadLetter]:
    """Return the last `count` dead letters, when there are no fewer that fit."""
    with consumer(servers, f"letters-{uuid4()}") as client:
        client.subscribe([DEAD_LETTERS])
        found: list[DeadLetter] = []

        def enough() -> bool:
            messages = client.consume(500, 0.1)
            found.extend(read_dead_letter(read_message(m)) for m in messages if m.error() is None)
            return len(found) >= count

        wait_until(enough, why=f"{count} dead letters", seconds=20)
    return sorted(found, key=lambda letter: letter.last_failure)


def letter_of(servers: str, key: bytes) -> DeadLetter:
    found: list[DeadLetter] = []

    def there() -> bool:
        found[:] = [letter for letter in letters(servers, 1) if letter.key == key]
        return bool(found)

    wait_until(there, why="the dead letter", seconds=20)
    assert len(found) == 1
    return found[0]


def keyed(key: bytes) -> Callable[[Record], bool]:
    return lambda record: record.key == key


def wait_until_all_is_committed(servers: str, sent: int) -> None:
    wait_until(lambda: committed(servers, GROUP, COMMANDS) == sent, why="all committed", seconds=15)


def count_of(servers: str, topic: str) -> int:
    """Return how many records are on a topic."""
    with consumer(servers, "counts") as client:
        partitions = client.list_topics(topic, timeout=5).topics[topic].partitions
        marks = [client.get_watermark_offsets(TopicPartition(topic, number)) for number in partitions]
    return sum(high for _, high in marks)


def test_what_passes_is_answered_once_with_its_attempts_and_holds_up_no_other_key(
    servers: str, start_flaky: Path, tmp_path: Path
) -> None:
    slow = {"RETRY_ATTEMPTS": "5", "RETRY_BASE_SECONDS": "0.5"}
    flaky_id, failing = write("ann", failures=4)
    behind_id, behind = write("ann")
    other_id, other = write("bob")
    with flaky(start_flaky, servers, tmp_path, **slow) as node:
        send(servers, COMMANDS, failing, behind, key="ann")
        send(servers, COMMANDS, other, key="bob")
        assert answer(servers, COMPLETED, flaky_id) == {"attempt": 5}
        assert answer(servers, COMPLETED, behind_id) == answer(servers, COMPLETED, other_id) == {"attempt": 1}
        assert (
            'nodesmith_commands_retried_total{error_type="TemporaryError",operation="write"} 4.0'
            in (node.get("/metrics")[1])
        )
    written = [line for line in journal(tmp_path) if line.startswith("write")]
    assert [line for line in written if "ann" in line] == [
        *(f"write ann {attempt}" for attempt in range(1, 6)),
        "write ann 1",
    ]
    assert written.index("write bob 1") < written.index("write ann 5")
    with reading(servers, COMPLETED) as completed:
        completed.wait_for_count(3)
        answered = [record.envelope["parent_envelope_id"] for record in completed.records]
    assert answered.count(flaky_id) == 1


def test_a_command_whose_attempts_are_used_up_is_answered_and_kept_as_it_came(
    servers: str, start_flaky: Path, tmp_path: Path
) -> None:
    sent, failing = write("used-up", failures=9)
    value = json.dumps(failing, indent=3).encode()
    headers: list[tuple[str, str | bytes | None]] = [
        ("x-odd", b"\xff\x00"),
        ("x-twice", b"1"),
        ("x-twice", None),
        ("ns-dlq-attempts", b"forged"),
    ]
    with flaky(start_flaky, servers, tmp_path) as node:
        produce(servers, value, key=b"\xfe-key", headers=headers)
        failure = answer(servers, FAILED, sent)
        letter = letter_of(servers, b"\xfe-key")
        after_id, after = write("used-up")
        send(servers, COMMANDS, after, key="after")
        assert answer(servers, COMPLETED, after_id) == {"attempt": 1}
        assert "nodesmith_dead_letters_total" in node.get("/metrics")[1]
    assert (failure["attempts"], failure["retryable"]) == (3, True)
    assert (failure["error_type"], failure["message"]) == ("TemporaryError", "attempt 3 came to nothing")
    assert (letter.value, letter.headers) == (value, tuple(headers[:3]))
    assert (letter.error_type, letter.error_message) == ("TemporaryError", "attempt 3 came to nothing")
    assert (letter.attempts, letter.replays, letter.topic) == (3, 0, COMMANDS)
    assert letter.first_failure < letter.last_failure
    assert place_holds(servers, letter)


def produce(servers: str, value: bytes, *, key: bytes, headers: list[tuple[str, str | bytes | None]]) -> None:
    producer = Producer({"bootstrap.servers": servers, "log_level": 2})
    producer.produce(COMMANDS, value, key=key, headers=headers)
    assert producer.flush(10) == 0


def place_holds(servers: str, letter: DeadLetter) -> bool:
    """Return whether the letter's origin is where its bytes are."""
    with consumer(servers, "origin") as client:
        client.assign([TopicPartition(letter.topic, letter.partition, letter.offset)])
        message = wait_until(lambda: client.poll(0.2), why="the record at the origin")
    return message is not None and message.value() == letter.value


def test_a_final_failure_of_a_handler_is_an_answer_and_no_dead_letter(
    servers: str, start_flaky: Path, tmp_path: Path
) -> None:
    sent, failing = write("final", failures=1, then="no such thing")
    with flaky(start_flaky, servers, tmp_path):
        before = count_of(servers, DEAD_LETTERS)
        send(servers, COMMANDS, failing, key="final")
        failure = answer(servers, FAILED, sent)
        assert count_of(servers, DEAD_LETTERS) == before
    assert (failure["error_type"], failure["attempts"], failure["retryable"]) == ("ValueError", 2, False)


POISON: Mapping[str, tuple[bytes | None, str]] = {
    "no JSON": (b"no json", "InvalidEnvelopeError"),
    "no value": (None, "InvalidEnvelopeError"),
    "no envelope": (b'{"payload": [1]}', "InvalidEnvelopeError"),
    "no Unicode": (b"\xff\xfe", "InvalidEnvelopeError"),
    "an unknown operation": (
        b'{"event_type": "demo.flaky.dance", "payload": {}}',
        "UnknownOperationError",
    ),
    "no operation": (b'{"payload": {}}', "UnknownOperationError"),
    "a payload that does not fit": (
        b'{"event_type": "demo.flaky.write", "payload": {"nam": 1}}',
        "InvalidPayloadError",
    ),
    "too large": (b"[" + b"x" * 3_000, "RecordTooLargeError"),
}


def test_poison_of_every_kind_is_kept_at_once_answered_and_stops_nothing(
    servers: str, start_flaky: Path, tmp_path: Path
) -> None:
    with (
        flaky(start_flaky, servers, tmp_path, COMMAND_MAX_BYTES="2000") as node,
        reading(servers, FAILED) as failed,
    ):
        producer = Producer({"bootstrap.servers": servers, "log_level": 2})
        for kind, (value, _) in POISON.items():
            producer.produce(COMMANDS, value, key=kind.encode(), partition=0)
        after_id, after = write("after-poison")
        producer.produce(COMMANDS, json.dumps(after), key=b"after", partition=0)
        assert producer.flush(10) == 0
        assert answer(servers, COMPLETED, after_id) == {"attempt": 1}
        for kind, (value, error_type) in POISON.items():
            letter = letter_of(servers, kind.encode())
            assert (letter.value, letter.error_type, letter.attempts) == (value, error_type, 1)
            answered = failed.wait_for(keyed(kind.encode()))
            assert answered.payload["error_type"] == error_type
        assert node.readiness()["ready"]


def test_a_record_that_does_not_fit_beside_its_facts_is_kept_in_part(
    servers: str, start_flaky: Path, tmp_path: Path
) -> None:
    value = b"x" * 1_048_400  # with the facts beside it more than a topic takes
    with flaky(start_flaky, servers, tmp_path):
        producer = Producer({"bootstrap.servers": servers, "log_level": 2, "message.max.bytes": 2_000_000})
        producer.produce(COMMANDS, value, key=b"huge", headers=[("x", b"1")])
        assert producer.flush(10) == 0
        letter = letter_of(servers, b"huge")
    assert (letter.value, letter.cut_from, letter.headers) == (value[:CUT_BYTES], len(value), ())
    assert letter.error_type == "InvalidEnvelopeError"


@pytest.mark.parametrize("with_id", [True, False], ids=["id", "no id"])
def test_a_replayed_dead_letter_is_done_under_its_id_and_once_however_often_it_is_replayed(
    servers: str, start_flaky: Path, tmp_path: Path, with_id: bool
) -> None:
    (tmp_path / "down").touch()
    name = f"replayed-{uuid4()}"
    sent, value = write(name)
    if not with_id:
        del value["envelope_id"]
    with flaky(start_flaky, servers, tmp_path) as node, reading(servers, FAILED) as failures:
        send(servers, COMMANDS, value, key=name)
        failed = failures.wait_for(keyed(name.encode())).envelope["parent_envelope_id"]
        assert failed == sent or not with_id
        letter_of(servers, name.encode())
        (tmp_path / "down").unlink()
        for _ in range(2):
            assert run(["dlq", "replay", "demo/flaky", "--key", name, "--kafka-servers", servers]) == 0
        assert answer(servers, COMPLETED, failed) == {"attempt": 1}
        again = 'nodesmith_commands_answered_again_total{operation="write"} 1.0'
        wait_until(lambda: again in node.get("/metrics")[1], why="the second replay being answered")
    assert journal(tmp_path).count(f"write {name} 1") == 2


def test_a_dependency_that_is_down_is_waited_for_and_burns_no_attempts(
    servers: str, start_flaky: Path, tmp_path: Path
) -> None:
    (tmp_path / "down").touch()
    settings = {"BREAKER_FAILURES": "2", "BREAKER_PAUSE_SECONDS": "0.1", "BREAKER_CAP_SECONDS": "0.2"}
    with flaky(start_flaky, servers, tmp_path, **settings) as node:
        before = count_of(servers, DEAD_LETTERS)
        commands = {name: write(name) for name in ("one", "two", "three")}
        for name, (_, value) in commands.items():
            send(servers, COMMANDS, value, key=name)
        wait_until(lambda: node.readiness()["state"] == "degraded", why="the node being degraded")
        reasons = node.readiness()["reasons"]
        assert any("'ledger' failed" in reason and "the ledger is away" in reason for reason in reasons)
        assert 'nodesmith_circuit_open{dependency="ledger"} 1.0' in node.get("/metrics")[1]
        send(servers, "onex.cmd.platform.request-introspection.v1", {"payload": {"node_name": "flaky"}})
        with reading(servers, "onex.evt.platform.node-introspection.v1") as introspections:
            introspections.wait_for(lambda record: record.payload["metadata"]["waits_for"] == ["ledger"])
        note = str(uuid4())
        send(servers, COMMANDS, command("demo.flaky.note", {"name": "x"}, envelope_id=note), key="one-more")
        assert answer(servers, COMPLETED, note) == {"attempt": 1}
        # Each line beyond the attempts there are is a probe that did not count.
        wait_until(lambda: len(journal(tmp_path)) > 20, why="many probes", seconds=20)
        (tmp_path / "down").unlink()
        for sent, _ in commands.values():
            assert answer(servers, COMPLETED, sent)["attempt"] <= 3
        node.wait_ready()
        assert count_of(servers, DEAD_LETTERS) == before


def test_a_command_in_a_pause_goes_back_undone_when_the_node_stops_and_another_instance_does_it(
    servers: str, start_flaky: Path, tmp_path: Path
) -> None:
    sent, failing = write("handed-over", failures=1)
    with flaky(start_flaky, servers, tmp_path, RETRY_BASE_SECONDS="600", RETRY_CAP_SECONDS="600") as node:
        before = committed(servers, GROUP, COMMANDS)
        send(servers, COMMANDS, failing, key="handed-over")
        node.wait_for_output("attempt 1 failed, again in")
        assert node.stop() == 0, node.output
        assert "given back undone" in node.output
        assert "nothing was cut off" in node.output
    assert committed(servers, GROUP, COMMANDS) == before
    with flaky(start_flaky, servers, tmp_path):
        assert answer(servers, COMPLETED, sent) == {"attempt": 2}
        wait_until_all_is_committed(servers, before + 1)
    lines = [line for line in journal(tmp_path) if "handed-over" in line]
    assert lines == ["write handed-over 1", "write handed-over 1", "write handed-over 2"]


def test_a_command_in_a_pause_goes_on_at_another_instance_when_its_partition_moves(
    servers: str, start_flaky: Path, tmp_path: Path
) -> None:
    commands = {str(number): write(f"moves-{number}", failures=1) for number in range(12)}
    patient = {"RETRY_BASE_SECONDS": "600", "RETRY_CAP_SECONDS": "600"}
    (tmp_path / "two").mkdir()
    with flaky(start_flaky, servers, tmp_path, **patient) as one:
        for key, (_, value) in commands.items():
            send(servers, COMMANDS, value, key=key)
        wait_until(lambda: one.output.count("again in") == 12, why="all commands pausing")
        with flaky(start_flaky, servers, tmp_path / "two"):
            one.wait_for_output("given back undone", seconds=20)
            assert one.stop() == 0
            for sent, _ in commands.values():
                assert answer(servers, COMPLETED, sent) == {"attempt": 2}
