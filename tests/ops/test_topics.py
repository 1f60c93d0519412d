"""`nodesmith topics` on the embedded broker and on Apache Kafka."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from support.kafka_clients import consumer, produce
from support.kafka_wire import keyed_batch, wire_client

from nodesmith.cli.application import run

if TYPE_CHECKING:
    from support.broker import RunningBroker


class Operator:
    """Who runs the command against one broker; names of topics begin with a prefix that no other test has."""

    def __init__(self, servers: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.servers = servers
        self.prefix = f"t{uuid4().hex[:8]}"
        self._capsys = capsys

    def topic(self, name: str) -> str:
        return f"{self.prefix}.{name}"

    def make(self, name: str, *, partitions: int = 2, **settings: str) -> str:
        topic = self.topic(name)
        config = {name.replace("_", "."): value for name, value in settings.items()}
        admin = AdminClient({"bootstrap.servers": self.servers, "log_level": 2})
        admin.create_topics([NewTopic(topic, partitions, 1, config=config)], operation_timeout=10)[
            topic
        ].result(10)
        return topic

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return the exit status, and what went to standard output and standard error."""
        status = run(["topics", *arguments, "--kafka-servers", self.servers])
        return status, *self._capsys.readouterr()

    def data(self, *arguments: str) -> dict[str, Any]:
        status, output, errors = self.run(*arguments, "--json")
        assert status == 0, errors
        found: dict[str, Any] = json.loads(output)
        return found

    def refusal(self, *arguments: str) -> str:
        """Return the words of a command that was asked for something that cannot be."""
        status, output, errors = self.run(*arguments)
        assert (status, output) == (2, ""), errors
        return errors

    def typed(self, typed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command that may ask, in a process of its own."""
        command = [sys.executable, "-m", "nodesmith", "topics", *arguments, "--kafka-servers", self.servers]
        return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, check=False)

    def partitions(self) -> dict[str, int]:
        """Return the topics of this test, and how many partitions each has."""
        topics = self.data("list", f"{self.prefix}.*")["topics"]
        return {each["topic"].removeprefix(f"{self.prefix}."): each["partitions"] for each in topics}


@pytest.fixture
def operator(both_brokers: RunningBroker, capsys: pytest.CaptureFixture[str]) -> Operator:
    return Operator(both_brokers.bootstrap_servers, capsys)


def test_topics_are_listed_by_a_pattern_with_their_records(operator: Operator) -> None:
    orders, other = operator.make("orders"), operator.make("other", partitions=3)
    produce(operator.servers, orders, [b"1", b"2", b"3"])
    status, output, _ = operator.run("list", f"{operator.prefix}.*")
    lines = [line.split() for line in output.splitlines()]
    assert status == 0
    assert lines == [
        ["TOPIC", "PARTITIONS", "REPLICAS", "RECORDS"],
        [orders, "2", "1", "3"],
        [other, "3", "1", "0"],
    ]
    assert operator.data("list", orders)["topics"] == [
        {"topic": orders, "internal": False, "partitions": 2, "replication": 1, "records": 3}
    ]
    assert operator.run("list", "no-such-*") == (0, "", "no topic is called 'no-such-*'\n")


def test_the_brokers_own_topics_are_listed_only_when_asked_for(operator: Operator) -> None:
    operator.make("x")
    with consumer(operator.servers, operator.prefix) as client:
        client.commit(offsets=[TopicPartition(operator.topic("x"), 0, 0)], asynchronous=False)
    usual = {each["topic"] for each in operator.data("list")["topics"]}
    every = {each["topic"]: each["internal"] for each in operator.data("list", "--internal")["topics"]}
    assert operator.topic("x") in usual
    assert {name for name, internal in every.items() if not internal} >= usual
    assert not [name for name in usual if name.startswith("__")]


def test_a_topic_is_created_as_it_is_asked_for(operator: Operator) -> None:
    topic = operator.topic("made")
    asked = ["--partitions", "3", "--replication", "1", "--config", "retention.ms=60000"]
    assert operator.run("create", topic, *asked) == (
        0,
        f"{topic} was created: 3 partitions, 1 replica each\n",
        "",
    )
    found = operator.data("describe", topic)
    assert len(found["partitions"]) == 3
    assert {"name": "retention.ms", "value": "60000", "given_to": "topic"} in found["settings"]


def test_what_is_not_said_of_a_new_topic_is_the_brokers_choice(operator: Operator) -> None:
    made = operator.data("create", operator.topic("made"))
    assert (made["created"], made["partitions"], made["replication"]) == (True, 4, 1)


def test_a_dry_run_checks_and_creates_nothing(operator: Operator) -> None:
    topic = operator.topic("made")
    assert operator.run("create", topic, "--dry-run")[1] == f"would create {topic}; nothing was changed\n"
    assert "retention.ms" in operator.refusal("create", topic, "--dry-run", "--config", "retention.ms=soon")
    assert operator.partitions() == {}


def test_a_topic_that_is_there_is_an_error_unless_that_is_asked_for(operator: Operator) -> None:
    topic = operator.make("there")
    words = operator.refusal("create", topic)
    assert f"topic '{topic}' was not created: Topic '{topic}' already exists." in words
    assert "--if-not-exists" in words
    status, output, errors = operator.run("create", topic, "--if-not-exists", "--partitions", "9")
    assert (status, output) == (0, f"{topic} is there already: 2 partitions, 1 replica each\n")
    assert "it does not have 9 partitions: see `nodesmith topics grow`" in errors


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--config", "no.such=1"], "Unknown topic config name: no.such"),
        (["--config", "retention.ms=soon"], "Invalid value soon for configuration retention.ms: "),
        (["--config", "retention.ms"], "--config 'retention.ms' is no setting"),
        (["--config", "a=1", "--config", "a=2"], "--config a is given twice"),
        (["--replication", "3"], "ask for as many replicas as there are brokers at most"),
        (["--partitions", "0"], "--partitions"),
    ],
)
def test_what_cannot_be_created_is_exit_status_2_with_the_reason(
    operator: Operator, options: list[str], words: str
) -> None:
    assert words in operator.refusal("create", operator.topic("made"), *options)
    assert operator.partitions() == {}


def test_a_name_that_no_topic_can_have_is_told_what_can_be(operator: Operator) -> None:
    assert "use letters, digits" in operator.refusal("create", "two words")


def test_a_topic_is_described_with_offsets_settings_and_groups(operator: Operator) -> None:
    topic = operator.make("seen", cleanup_policy="compact")
    with wire_client(int(operator.servers.rpartition(":")[2])) as client:
        client.make_topic(topic)  # waits until it can be used
        client.produce(topic, keyed_batch((b"a", b"1"), (b"b", b"2"), (b"c", b"3")))
    with consumer(operator.servers, operator.prefix) as reader:
        reader.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=False)
    status, output, errors = operator.run("describe", topic)
    blocks = [[line.split() for line in block.splitlines()] for block in output.split("\n\n")]
    assert (status, errors) == (0, "")
    assert output.startswith(f"{topic}: 2 partitions, 1 replica each, 3 records\n")
    assert blocks[1][1:] == [["0", "1", "1", "1", "0", "3", "3"], ["1", "1", "1", "1", "0", "0", "0"]]
    assert ["cleanup.policy", "compact", "topic"] in blocks[2]
    assert blocks[3][1:] == [[operator.prefix, "empty", "1", "of", "2", "2"]]


def test_a_description_is_data_with_json(operator: Operator) -> None:
    topic = operator.make("seen", retention_ms="60000")
    with consumer(operator.servers, operator.prefix) as reader:
        reader.commit(offsets=[TopicPartition(topic, 1, 0)], asynchronous=False)
    data = operator.data("describe", topic)
    place = {"leader": 1, "replicas": [1], "in_sync": [1], "low": 0, "high": 0}
    assert data["partitions"] == [{"partition": 0, **place}, {"partition": 1, **place}]
    assert {"name": "retention.ms", "value": "60000", "given_to": "topic"} in data["settings"]
    assert data["groups"] == [{"group": operator.prefix, "state": "empty", "partitions": 1, "lag": 0}]


def test_a_topic_grows_and_never_shrinks(operator: Operator) -> None:
    topic = operator.make("small")
    assert (
        "instead of 2; nothing was changed"
        in operator.run("grow", topic, "--partitions", "5", "--dry-run")[1]
    )
    assert operator.partitions() == {"small": 2}
    grown = operator.run("grow", topic, "--partitions", "5")
    assert grown == (0, f"{topic} was grown: 5 partitions, 1 replica each\n", "")
    assert operator.partitions() == {"small": 5}
    words = operator.refusal("grow", topic, "--partitions", "5")
    assert f"'{topic}' has 5 partitions, and a topic never gets fewer" in words


def test_topics_are_deleted_after_a_yes(operator: Operator) -> None:
    topics = [operator.make(name) for name in ("one", "two")]
    operator.make("three")
    done = operator.typed("y\n", "delete", *topics)
    assert (done.returncode, done.stdout) == (0, f"deleted {', '.join(topics)}\n")
    assert "Delete 2 topics with all records for good?" in done.stderr
    assert topics[0] in done.stderr
    assert operator.partitions() == {"three": 2}
    assert operator.data("delete", operator.topic("three"), "--yes") == {"deleted": [operator.topic("three")]}
    assert operator.partitions() == {}


@pytest.mark.parametrize(("typed", "words"), [("n\n", "nothing was deleted"), ("", "nobody answered")])
def test_without_a_yes_nothing_is_deleted(operator: Operator, typed: str, words: str) -> None:
    done = operator.typed(typed, "delete", operator.make("kept"))
    assert done.returncode == 2
    assert words in done.stderr
    assert operator.partitions() == {"kept": 2}


def test_a_dry_run_of_a_deletion_shows_what_would_go(operator: Operator) -> None:
    topic = operator.make("kept")
    assert operator.run("delete", topic, "--dry-run")[1].endswith(
        "would delete 1 topic; nothing was changed\n"
    )
    assert operator.data("delete", topic, "--dry-run")["would_delete"][0]["topic"] == topic
    assert operator.partitions() == {"kept": 2}


def test_of_several_topics_none_is_deleted_where_one_is_not_there(operator: Operator) -> None:
    words = operator.refusal("delete", operator.make("there"), operator.topic("absent"), "--yes")
    assert f"there is no topic '{operator.topic('absent')}' on this bus" in words
    assert operator.partitions() == {"there": 2}


def test_the_brokers_own_topics_are_not_deleted(operator: Operator) -> None:
    assert "are not deleted here" in operator.refusal("delete", "__consumer_offsets", "--yes")


@pytest.mark.parametrize("what", [["describe"], ["grow", "--partitions", "9"], ["delete", "--yes"]])
def test_a_topic_that_is_not_there_is_exit_status_2_with_a_near_name(
    operator: Operator, what: list[str]
) -> None:
    topic = operator.make("orders")
    words = operator.refusal(*what, topic.replace("orders", "order"))
    assert f"there is no topic '{topic[:-1]}' on this bus\n  fix: did you mean {topic}?" in words
    assert operator.partitions() == {"orders": 2}


def test_a_bus_that_is_away_is_exit_status_5_with_its_address_and_the_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["topics", "create", "x", "--kafka-servers", "127.0.0.1:1", "--json"]) == 5
    output, errors = capsys.readouterr()
    assert "no Kafka broker at 127.0.0.1:1 answers" in errors
    assert "Connection refused" in errors
    assert json.loads(output)["error"]["type"] == "BusUnavailableError"


@pytest.mark.parametrize("what", ["list", "create", "describe", "grow", "delete"])
def test_every_one_of_the_commands_explains_itself_with_an_example(
    what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["topics", what, "--help"]) == 0
    assert f"nodesmith topics {what}" in capsys.readouterr().out.partition("Examples:")[2]
