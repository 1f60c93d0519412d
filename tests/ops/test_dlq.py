"""`nodesmith dlq` on the embedded broker and on Apache Kafka, with dead letters as nodes write them."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from hypothesis import given
from hypothesis import strategies as st
from support.kafka_clients import consumer, read

from nodesmith.cli.application import run
from nodesmith.errors import InputError, InvalidPayloadError, TemporaryError
from nodesmith.inspection.dead_letter_rows import Row, Wanted, prefixes, read_moment, to_row
from nodesmith.runtime.dead_letters import DeadLetter, cut, dead_letter, to_record
from nodesmith.runtime.records import IncomingRecord
from nodesmith.runtime.retrying import Failure

if TYPE_CHECKING:
    from confluent_kafka import Message
    from support.broker import RunningBroker

    from nodesmith.runtime.wire_record import WireRecord

NOW = datetime.now(UTC)


@pytest.fixture
def servers(both_brokers: RunningBroker) -> str:
    return both_brokers.bootstrap_servers


@dataclass(frozen=True, slots=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def dlq(*arguments: str) -> Done:
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        status = run(arguments)
    return Done(status, output.getvalue(), errors.getvalue())


def asked(*arguments: str, typed: str) -> Done:
    done = subprocess.run(
        [sys.executable, "-m", "nodesmith", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Dead:
    """The dead letters of a node that no other test has, and its topic of commands; two partitions each."""

    def __init__(self, servers: str) -> None:
        self.servers = servers
        self.node = f"n{uuid4().hex[:8]}"
        self.topic = f"onex.dlq.shop.{self.node}.v1"
        self.origin = f"onex.cmd.shop.{self.node}-requested.v1"
        admin = AdminClient({"bootstrap.servers": servers, "log_level": 2})
        for made in admin.create_topics(
            [NewTopic(name, 2, 1) for name in (self.topic, self.origin)]
        ).values():
            made.result(10)

    def add(
        self,
        key: str,
        *,
        error: Exception | None = None,
        partition: int = 0,
        ago: float = 0.0,
        value: bytes = b'{"payload": {}}',
        **origin: Any,
    ) -> None:
        """Add a dead letter whose last failure was `ago` seconds before this test."""
        came = {"topic": self.origin, "partition": 1, "offset": 5, "headers": {}, **origin}
        record = IncomingRecord(key=key.encode(), value=value, **came)
        last = NOW - timedelta(seconds=ago)
        failure = Failure(
            error=error or TemporaryError("away"), attempts=5, first_at=last, last_at=last, used_up=True
        )
        self.send(to_record(dead_letter(record, failure), topic=self.topic), partition)

    def send(self, record: WireRecord, partition: int = 0) -> None:
        producer = Producer({"bootstrap.servers": self.servers, "log_level": 2})
        headers: list[tuple[str, str | bytes | None]] = list(record.headers)
        producer.produce(
            record.topic,
            record.value,
            record.key,
            headers=headers,
            partition=partition,
        )
        assert producer.flush(10) == 0

    def dlq(self, what: str, *options: str, typed: str | None = None) -> Done:
        """Run a command; in a process of its own where it may ask."""
        arguments = ["dlq", what, f"shop/{self.node}", "--kafka-servers", self.servers, *options]
        return dlq(*arguments) if typed is None else asked(*arguments, typed=typed)

    def data(self, what: str, *options: str) -> dict[str, Any]:
        done = self.dlq(what, *options, "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def keys(self, *options: str) -> list[str]:
        return [letter["key"] for letter in self.data("list", *options)["dead_letters"]]

    def bounds(self, topic: str) -> list[tuple[int, int]]:
        with consumer(self.servers, "bounds") as client:
            return [client.get_watermark_offsets(TopicPartition(topic, number)) for number in (0, 1)]

    def replayed(self, count: int) -> list[Message]:
        with consumer(self.servers, "replayed") as client:
            client.assign([TopicPartition(self.origin, number, 0) for number in (0, 1)])
            return read(client, count)


@pytest.fixture
def dead(servers: str) -> Dead:
    return Dead(servers)


@pytest.fixture
def three(dead: Dead) -> Dead:
    dead.add("old", error=InvalidPayloadError("name: Field required"), ago=7200)
    dead.add("middle", ago=60, partition=1)
    dead.add("new", ago=1)
    return dead


def test_they_are_listed_the_oldest_first_whatever_partition_they_are_in(three: Dead) -> None:
    done = three.dlq("list")
    lines = done.stdout.splitlines()
    assert lines[0].split() == [
        "ID",
        "LAST",
        "FAILURE",
        "ERROR",
        "ATTEMPTS",
        "REPLAYS",
        "KEY",
        "OPERATION",
        "MESSAGE",
    ]
    assert [line.split()[0] for line in lines[1:]] == ["0:0", "1:0", "0:1"]
    assert "InvalidPayloadError" in lines[1]
    assert lines[1].endswith("name: Field required")


def test_filters_choose(three: Dead) -> None:
    assert three.keys("--error-type", "TemporaryError") == ["middle", "new"]
    assert three.keys("--since", "1h", "--limit", "1") == ["middle"]
    assert three.keys("--until", (NOW - timedelta(seconds=30)).isoformat()) == ["old", "middle"]
    assert three.keys("--key", "new") == ["new"]
    assert three.dlq("list", "--key", "none").stderr == f"no such dead letter is in {three.topic}\n"


def test_one_is_shown_whole(dead: Dead) -> None:
    odd = (("x-odd", b"\xff"), ("x", b"1"))
    dead.add("ann", value=b'{"payload": {"name": "\xc3\xa4"}}', all_headers=odd)
    shown = dead.dlq("show", "0:0").stdout
    assert "TemporaryError: away" in shown
    assert f"{dead.origin}, partition 1, offset 5" in shown
    assert "x-odd: \\xff" in shown
    assert '"name": "ä"' in shown
    data = dead.data("show", "0:0")
    assert data["value"] == '{"payload": {"name": "ä"}}'
    assert data["headers"] == [["x-odd", {"base64": "/w=="}], ["x", "1"]]
    assert (data["attempts"], data["replays"]) == (5, 0)
    assert data["origin"] == {"topic": dead.origin, "partition": 1, "offset": 5}


def test_a_replayed_record_is_the_one_that_came_where_it_came_from(dead: Dead) -> None:
    envelope = json.dumps({"envelope_id": str(uuid4()), "payload": {}}, indent=1).encode()
    dead.add("ann", value=envelope, all_headers=(("x", None), ("ns-replay", b"1")))
    assert dead.data("replay") == {"topic": dead.topic, "replayed": 1, "to": {dead.origin: 1}, "problems": []}
    (message,) = dead.replayed(1)
    assert (message.key(), message.value(), message.partition()) == (b"ann", envelope, 1)
    headers = message.headers()
    assert isinstance(headers, list)
    assert headers[:2] == [("x", None), ("ns-replay", b"2")]
    assert [name for name, _ in headers[2:]] == ["ns-replay-id"]
    assert dead.keys() == ["ann"], "it stays until it is purged"


def test_only_what_is_chosen_is_replayed_in_its_order(three: Dead) -> None:
    assert three.dlq("replay", "--error-type", "TemporaryError").stdout.startswith("2 dead letters replayed")
    three.dlq("replay", "0:0")
    assert sorted(message.key() or b"" for message in three.replayed(3)) == [b"middle", b"new", b"old"]


def test_a_dry_run_lists_and_sends_nothing(three: Dead) -> None:
    done = three.dlq("replay", "--dry-run", "--limit", "2")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 3)
    assert f"would replay 2 dead letters of {three.topic}; nothing was changed" in done.stderr
    assert [letter["id"] for letter in three.data("replay", "--dry-run")["would_replay"]] == [
        "0:0",
        "1:0",
        "0:1",
    ]
    assert three.bounds(three.origin) == [(0, 0), (0, 0)]


def test_what_cannot_be_replayed_is_said_and_is_exit_status_5(dead: Dead) -> None:
    dead.add("good")
    dead.add("gone", topic="onex.cmd.shop.gone-requested.v1")
    letter = dead_letter(
        IncomingRecord(topic=dead.origin, partition=0, offset=3, key=b"cut", value=b"x" * 10, headers={}),
        Failure(error=TemporaryError("large"), attempts=1, first_at=NOW, last_at=NOW, used_up=False),
    )
    dead.send(to_record(cut(letter), topic=dead.topic))
    producer = Producer({"bootstrap.servers": dead.servers})
    producer.produce(dead.topic, b"no dead letter", partition=0)
    assert producer.flush(10) == 0
    done = dead.dlq("replay")
    assert (done.returncode, done.stdout) == (5, f"1 dead letter replayed, 1 to {dead.origin}\n")
    assert "not replayed: 0:1: its topic onex.cmd.shop.gone-requested.v1 is not there" in done.stderr
    assert "not replayed: 0:2: only its beginning was kept" in done.stderr
    assert f"not replayed: 0:3: record 3 of {dead.topic}, partition 0, is no dead letter" in done.stderr
    assert [message.key() for message in dead.replayed(1)] == [b"good"]
    assert "gone-requested" not in str(
        AdminClient({"bootstrap.servers": dead.servers}).list_topics(timeout=5).topics
    )


def test_many_are_replayed_with_their_progress(dead: Dead) -> None:
    producer = Producer({"bootstrap.servers": dead.servers, "log_level": 2, "linger.ms": 20})
    dead.add("first")
    count = 5_000
    came = IncomingRecord(topic=dead.origin, partition=0, offset=1, key=b"k", value=b"{}", headers={})
    failure = Failure(error=TemporaryError("x"), attempts=5, first_at=NOW, last_at=NOW, used_up=True)
    record = to_record(dead_letter(came, failure), topic=dead.topic)
    headers: list[tuple[str, str | bytes | None]] = list(record.headers)
    for number in range(count):
        producer.produce(dead.topic, b"%d" % number, b"k", headers=headers, partition=1)
        producer.poll(0)
    assert producer.flush(30) == 0
    done = dead.dlq("replay", "--key", "k")
    assert done.stdout.startswith(f"{count} dead letters replayed")
    values = [message.value() for message in dead.replayed(count)]
    assert values == [b"%d" % number for number in range(count)]


def test_purging_asks_and_deletes_what_it_showed(three: Dead) -> None:
    done = three.dlq("purge", typed="y\n")
    assert "Delete 3 dead letters" in done.stderr
    assert "InvalidPayloadError" in done.stderr
    assert done.stdout == f"3 dead letters deleted from {three.topic}\n"
    assert three.bounds(three.topic) == [(2, 2), (1, 1)]
    assert three.keys() == []


@pytest.mark.parametrize(("typed", "words"), [("n\n", "nothing was deleted"), ("", "nobody answered")])
def test_without_a_yes_nothing_is_purged(three: Dead, typed: str, words: str) -> None:
    done = three.dlq("purge", typed=typed)
    assert done.returncode == 2
    assert words in done.stderr
    assert "\nerror: " in done.stderr or typed  # in a line of its own, where nobody has ended the question's
    assert three.bounds(three.topic) == [(0, 2), (0, 1)]


def test_purging_with_filters_never_deletes_what_does_not_fit(three: Dead) -> None:
    three.add("newest")
    done = three.dlq("purge", "--error-type", "TemporaryError", "--yes")
    assert done.stdout == f"1 dead letter deleted from {three.topic}\n"
    assert "2 that fit stay: others are before them in their partitions" in done.stderr
    assert three.keys() == ["old", "new", "newest"]
    assert three.data("purge", "--until", "1h", "--yes") == {
        "topic": three.topic,
        "deleted": 1,
        "kept_though_fitting": 0,
    }
    assert three.keys() == ["new", "newest"]


def test_a_dry_run_of_a_purge_deletes_nothing(three: Dead) -> None:
    assert len(three.data("purge", "--dry-run")["would_delete"]) == 3
    assert three.bounds(three.topic) == [(0, 2), (0, 1)]


def test_a_node_is_found_without_its_domain_and_a_wrong_name_is_told_what_there_is(dead: Dead) -> None:
    dead.add("ann")
    assert "ann" in dlq("dlq", "list", dead.node, "--kafka-servers", dead.servers).stdout
    for name in ("none", "shop/none", "mill/" + dead.node):
        done = dlq("dlq", "list", name, "--kafka-servers", dead.servers)
        assert done.returncode == 2
        assert f"node '{name}' has no dead-letter topic; there are those of " in done.stderr
    assert "is no name of a node" in dlq("dlq", "list", "a/b/c", "--kafka-servers", dead.servers).stderr


def test_what_is_not_there_or_spelled_wrong_is_exit_status_2(three: Dead) -> None:
    for what, options, words in (
        ("show", ["0:7"], "there is no dead letter 0:7"),
        ("show", ["9:0"], "there is no dead letter 9:0"),
        ("show", ["first"], "'first' names no dead letter"),
        ("replay", ["0:0", "0:7"], "no such dead letter is in"),
        ("list", ["--since", "yesterday"], "'yesterday' is no time"),
        ("list", ["--limit", "0"], "--limit"),
    ):
        done = three.dlq(what, *options)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
    assert three.bounds(three.origin) == [(0, 0), (0, 0)]


@pytest.mark.parametrize("what", [["list", "x"], ["show", "x", "0:0"], ["replay", "x"], ["purge", "x"]])
def test_a_bus_that_is_away_is_exit_status_5_with_its_address_and_the_reason(what: list[str]) -> None:
    done = dlq("dlq", *what, "--kafka-servers", "127.0.0.1:1", "--json")
    assert done.returncode == 5
    assert "no Kafka broker at 127.0.0.1:1 answers" in done.stderr
    assert "Connection refused" in done.stderr
    assert json.loads(done.stdout)["error"]["type"] == "BusUnavailableError"


@pytest.mark.parametrize("what", ["list", "show", "replay", "purge"])
def test_every_one_of_the_commands_explains_itself_with_an_example(what: str) -> None:
    assert f"nodesmith dlq {what}" in dlq("dlq", what, "--help").stdout.partition("Examples:")[2]


def row(place: tuple[int, int], *, ago: float = 0.0, key: str = "k", error: str = "E") -> Row:
    partition, offset = place
    last = NOW - timedelta(seconds=ago)
    letter = DeadLetter(
        key=None,
        value=None,
        headers=(),
        error_type=error,
        error_message="",
        attempts=1,
        first_failure=last,
        last_failure=last,
        topic="t",
        partition=0,
        offset=0,
        replays=0,
        record_id=uuid4(),
    )
    return Row(partition=partition, offset=offset, key=key, size=0, letter=letter)


def test_a_row_is_chosen_where_it_fits_everything_that_is_asked() -> None:
    rows = [row((0, 0), ago=60, error="F"), row((0, 1), key="l"), row((1, 0), ago=90), row((1, 1), ago=30)]

    def chosen(**asked_for: Any) -> list[str]:
        return [one.id for one in Wanted(**asked_for).choose(rows)]

    assert chosen() == ["1:0", "0:0", "1:1", "0:1"]
    assert chosen(limit=2) == ["1:0", "0:0"]
    assert chosen(error_type="E", limit=2) == ["1:0", "1:1"]
    assert chosen(since=NOW - timedelta(seconds=60)) == ["0:0", "1:1", "0:1"]
    assert chosen(until=NOW - timedelta(seconds=60), error_type="E") == ["1:0"]
    assert chosen(places=frozenset({(0, 1), (1, 1)}), key="k") == ["1:1"]


def test_a_record_that_is_no_dead_letter_is_listed_and_chosen_only_where_nothing_is_asked_of_it() -> None:
    stray = to_row(IncomingRecord(topic="t", partition=0, offset=3, key=b"k", value=b"[", headers={}))
    assert (stray.letter, stray.event_type) == (None, "")
    assert "is no dead letter: it has no header" in stray.problem
    assert Wanted(key="k").fits(stray)
    assert not Wanted(error_type="E").fits(stray)
    assert not Wanted(since=NOW).fits(stray)


@given(chosen=st.sets(st.tuples(st.integers(0, 2), st.integers(0, 8))), count=st.integers(0, 9))
def test_nothing_that_was_not_chosen_is_ever_before_where_a_partition_is_cut(
    chosen: set[tuple[int, int]], count: int
) -> None:
    rows = [row((partition, offset)) for partition in range(3) for offset in range(count)]
    ends, gone = prefixes(rows, [one for one in rows if one.place in chosen])
    deleted = {one.place for one in rows if one.offset < ends.get(one.partition, 0)}
    assert deleted == {one.place for one in gone} <= chosen
    for partition in range(3):
        end = ends.get(partition, 0)
        assert (partition, end) not in chosen or end >= count


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("1.5h", NOW - timedelta(minutes=90)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-11-25", datetime(2026, 11, 25, tzinfo=UTC)),
        ("2026-11-25T08:30:00+02:00", datetime(2026, 11, 25, 6, 30, tzinfo=UTC)),
        ("2026-11-25T08:30:00Z", datetime(2026, 11, 25, 8, 30, tzinfo=UTC)),
    ],
)
def test_times_are_given_as_how_long_ago_or_when(text: str, moment: datetime) -> None:
    assert read_moment(text, now=NOW) == moment


@pytest.mark.parametrize("text", ["", "2", "2w", "-1h", "2026-13-01", "99999999d", "999999d"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no time"):
        read_moment(text, now=NOW)
