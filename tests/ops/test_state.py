"""`nodesmith state` beside real nodes, on the embedded broker and on Apache Kafka."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from hypothesis import given
from hypothesis import strategies as st
from support.histories import CLOSED, START_HISTORY, History
from support.postgresql import running_postgresql
from support.waiting import wait_until
from support.wire import reading, send

from nodesmith.cli.application import run
from nodesmith.runtime.records import IncomingRecord
from nodesmith.runtime.state_rebuild.comparing import pairs
from nodesmith.runtime.state_rebuild.topic_log import _Merge
from nodesmith.runtime.state_store.events import KeyState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.broker import RunningBroker

START = """\
import sys
sys.path.insert(0, {tests!r})
from nodesmith.runtime import run_node
from runtime.nodes.history import NodeHistoryReducer

sys.exit(run_node(NodeHistoryReducer))
"""


@dataclass(frozen=True, slots=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def nodesmith(*arguments: str) -> Done:
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        status = run(arguments)
    return Done(status, output.getvalue(), errors.getvalue())


def write_start(folder: Path, text: str) -> Path:
    version = folder / "v1_0_0"
    version.mkdir(parents=True)
    (version / "start_node.py").write_text(text)
    return folder


class Case:
    """A history node of a name of its own, and the commands on its state."""

    def __init__(self, history: History, monkeypatch: pytest.MonkeyPatch) -> None:
        self.history = history
        self.node = write_start(
            history.folder / "node_test_history_reducer", START.format(tests=str(Path(__file__).parents[1]))
        )
        self.data = history.folder / "data"
        self._environment = monkeypatch
        self.set(**history.environment())

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self._environment.setenv(name, value)

    def state(self, what: str, *options: str) -> Done:
        return nodesmith("state", what, str(self.node), *options)

    def data_of(self, what: str, *options: str) -> dict[str, Any]:
        done = self.state(what, *options, "--json")
        assert done.returncode in {0, 1}, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    @property
    def file(self) -> Path:
        return self.data / f"test.{self.history.name}" / "state.sqlite"

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.file)) as database:
            database.execute(statement)
            database.commit()


@pytest.fixture
def case(both_brokers: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    return Case(History(servers=both_brokers.bootstrap_servers, folder=tmp_path), monkeypatch)


@pytest.fixture
def small(embedded_broker: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """For what has nothing to do with the kind of broker."""
    return Case(History(servers=embedded_broker.bootstrap_servers, folder=tmp_path), monkeypatch)


def test_what_a_rebuild_makes_is_the_running_state_whatever_became_of_the_events(case: Case) -> None:
    history = case.history
    with history.running() as node:
        node.wait_ready()
        twice = str(uuid4())
        history.note(1, key="a", envelope_id=twice)
        history.note(2, -3, 13, key="a")
        history.note(1, key="a", envelope_id=twice)
        history.note(0, key="b", event_type=CLOSED)
        history.note(4, key="b")
        send(history.servers, history.source, b"not JSON", key="a")
        history.sent += 1
        history.wait_until_done()
        (history.folder / "lucky").touch()
        replayed = nodesmith("dlq", "replay", f"test/{history.name}", "--error-type", "TemporaryError")
        assert replayed.returncode == 0, replayed.stderr
        history.sent += 1
        history.note(0, key="b", event_type=CLOSED)
        history.note(5, key="b")
        history.wait_until_done()
        assert (history.state("a"), history.state("b")) == ([1, 2, 13], [5])
        found = case.data_of("compare")
    assert found["differing"] == 0
    assert (found["counted"], found["refused"], found["again"], found["dead_letters"]) == (6, 1, 1, 2)
    assert found["failed"] == {"ValueError": 1}
    assert found["others"] == 2


def test_a_state_that_was_changed_behind_the_nodes_back_is_found_and_mended_while_the_node_runs(
    small: Case,
) -> None:
    history = small.history
    with history.running() as node:
        node.wait_ready()
        history.note(*range(100, 110), key="a")
        history.note(*range(100, 105), key="b")
        history.wait_until_done()
        small.change(
            """UPDATE state SET state = '{"key": "a", "numbers": [7], "status": "open"}' WHERE key = 'a'"""
        )
        compared = small.state("compare")
        assert compared.returncode == 1
        assert 'key \'a\'\n  running (10 events): {"key": "a", "numbers": [7]' in compared.stdout
        assert "1 keys differ" in compared.stdout
        assert "would change 1 key " in small.state("rebuild", "--dry-run").stdout
        assert history.state("a") == [7]
        done = small.state("rebuild", "--yes")
        assert done.returncode == 0, done.stderr
        assert "is rebuilt: 2 keys, 1 changed" in done.stdout
        history.note(110, key="a")
        history.wait_until_done()
        assert history.state("a") == list(range(100, 111))
        with reading(history.servers, f"onex.intent.test.{history.kebab}-intended.v1") as intents:
            assert len(intents.wait_for_count(16)) == 16
        assert small.state("compare").returncode == 0


def test_a_node_that_lost_its_disk_goes_on_with_a_rebuilt_state_and_counts_nothing_twice(
    case: Case,
) -> None:
    history = case.history
    with history.running() as node:
        node.wait_ready()
        history.note(*range(100, 110), key="a")
        history.wait_until_done()
    history.note(*range(110, 115), key="a")  # nobody has dealt with these
    case.set(NODESMITH_DATA_DIR=str(history.folder / "new"))
    assert "there is no state in" in case.state("compare").stderr
    found = case.data_of("rebuild", "--yes")
    assert (found["replaced"], found["new"], found["keys"], found["counted"]) == (True, True, 1, 15)
    with (
        history.running("two", NODESMITH_DATA_DIR=str(history.folder / "new")) as node,
        reading(history.servers, f"onex.intent.test.{history.kebab}-intended.v1") as intents,
    ):
        node.wait_ready()
        history.note(115, key="a")
        history.wait_until_done()
        assert history.state("a") == list(range(100, 116))
        assert [each.payload["number"] for each in intents.wait_for_count(16)] == list(range(100, 116))


def test_a_topic_without_its_beginning_is_refused_unless_that_is_allowed(case: Case) -> None:
    history = case.history
    with history.running() as node:
        node.wait_ready()
        history.note(*range(100, 110), key="a")
        history.wait_until_done()
    drop_before(history, offset=4)
    refused = case.state("rebuild", "--yes")
    assert refused.returncode == 2
    assert "the records before offset 4 are gone" in refused.stderr
    assert "--allow-gap" in refused.stderr
    compared = case.state("compare", "--allow-gap")
    assert compared.returncode == 1
    assert "rebuilt (6 events)" in compared.stdout
    assert case.data_of("rebuild", "--allow-gap", "--yes")["lost"] == 1
    assert case.data_of("show", "a")["states"][0]["state"]["numbers"] == list(range(104, 110))


def drop_before(history: History, *, offset: int) -> None:
    admin = AdminClient({"bootstrap.servers": history.servers, "log_level": 2})
    partitions = admin.list_topics(history.source, timeout=5).topics[history.source].partitions
    places = [TopicPartition(history.source, number, offset) for number in partitions]
    for done in admin.delete_records(places).values():
        with contextlib.suppress(KafkaException):  # nothing is that far in the other partitions
            done.result(10)


def test_events_the_topics_do_not_have_are_not_thrown_away(small: Case) -> None:
    history = small.history
    with history.running() as node:
        node.wait_ready()
        history.note(*range(100, 103), key="a")
        history.wait_until_done()
    small.change("UPDATE state SET events = events + 1, off_bus = 1 WHERE key = 'a'")
    refused = small.state("rebuild", "--yes")
    assert refused.returncode == 2
    assert "counts events of 1 keys that its topics do not give (a)" in refused.stderr
    assert small.data_of("show")["states"][0]["off_bus_events"] == 1
    assert small.data_of("rebuild", "--yes", "--allow-gap")["replaced"]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_state_is_compared_and_rebuilt_beside_a_node_that_goes_on_counting(small: Case, kind: str) -> None:
    history, looked, ended = small.history, 0, threading.Event()

    def send_on() -> None:
        number = 100
        while not ended.wait(0.05):
            for key in ("a", "b"):
                history.note(*range(number, number + 2), key=key)
            number += 2

    with contextlib.ExitStack() as stack:
        if kind == "postgresql":
            small.set(NODESMITH_STATE_URL=stack.enter_context(running_postgresql()).url)
        node = stack.enter_context(history.running())
        node.wait_ready()
        sending = threading.Thread(target=send_on)
        sending.start()
        wait_until(lambda: history.sent > 0, why="events")
        while looked < 2:
            assert small.data_of("compare")["differing"] == 0
            assert small.data_of("rebuild", "--yes")["replaced"]
            looked += 1
        ended.set()
        sending.join()
        history.wait_until_done()
        for key in ("a", "b"):
            assert history.state(key) == list(range(100, 100 + history.sent // 2))
        assert small.data_of("compare")["differing"] == 0


def test_state_is_shown_of_all_keys_or_of_one(small: Case) -> None:
    history = small.history
    with history.running() as node:
        node.wait_ready()
        history.note(100, 101, key="a")
        history.note(100, key="b")
        history.wait_until_done()
        shown = small.state("show").stdout.splitlines()
        assert shown[0].split() == ["KEY", "EVENTS", "STATE"]
        assert shown[1] == 'a    2       {"key": "a", "numbers": [100, 101], "status": "open"}'
        assert json.loads(small.state("show", "b").stdout)["numbers"] == [100]
        one = small.data_of("show", "a")
        assert one["states"][0]["events"] == 2
        assert one["states"][0]["positions"][0]["topic"] == history.source
        missing = small.state("show", "c")
        assert (missing.returncode, "there is no state of 'c'" in missing.stderr) == (2, True)


@pytest.mark.parametrize(("typed", "words"), [("n\n", "nothing was changed"), ("", "nobody answered")])
def test_a_rebuild_asks_and_changes_nothing_without_a_yes(small: Case, typed: str, words: str) -> None:
    history = small.history
    with history.running() as node:
        node.wait_ready()
        history.note(100, key="a")
        history.wait_until_done()
    small.change("""UPDATE state SET state = '{"key": "a"}'""")
    done = subprocess.run(
        [sys.executable, "-m", "nodesmith", "state", "rebuild", str(small.node)],
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 2
    assert "of which 1 differ" in done.stderr
    assert words in done.stderr
    assert small.data_of("show", "a")["states"][0]["state"] == {"key": "a"}


def test_a_node_that_cannot_be_loaded_or_is_no_reducer_says_so(small: Case, tmp_path: Path) -> None:
    broken = write_start(tmp_path / "broken", "import nothing_of_that_name\n")
    done = nodesmith("state", "show", str(broken))
    assert done.returncode == 5
    assert "No module named 'nothing_of_that_name'" in done.stderr
    greeter = write_start(
        tmp_path / "greeter",
        f"import runpy\nrunpy.run_path({str(START_HISTORY.with_name('start_greeter.py'))!r}, run_name='__main__')\n",
    )
    small.set(GREETER_JOURNAL=str(tmp_path))
    done = nodesmith("state", "show", str(greeter))
    assert (done.returncode, "greeter is no reducer" in done.stderr) == (2, True)
    both = nodesmith("state", "show", str(tmp_path))
    assert (both.returncode, "more than one node" in both.stderr) == (2, True)


def test_a_bus_or_a_database_that_is_away_is_said_and_nothing_is_changed(small: Case) -> None:
    done = small.state("rebuild", "--yes", "--kafka-servers", "127.0.0.1:9")
    assert (done.returncode, "no Kafka broker at 127.0.0.1:9 answers" in done.stderr) == (5, True)
    small.set(NODESMITH_STATE_URL="postgresql://nobody@127.0.0.1:9/none")
    done = small.state("show")
    assert (done.returncode, "the state in PostgreSQL cannot be used" in done.stderr) == (5, True)
    assert not small.file.exists()


def test_a_rebuild_whose_command_is_killed_leaves_no_process_and_the_state_as_it_was(small: Case) -> None:
    history = small.history
    history.note(100, key="a")
    with history.running() as node:
        node.wait_ready()
        history.wait_until_done()
    command = [sys.executable, "-m", "nodesmith", "state", "rebuild", str(small.node)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "of 1 key counted" not in (line := process.stderr.readline()):
            assert line, "it ended without asking"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
    assert len(children) == 1
    wait_until(lambda: not Path(f"/proc/{children[0]}").exists(), why="the end of the node's process")
    assert small.state("compare").returncode == 0


@given(
    st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=4),
    st.randoms(use_true_random=False),
)
def test_merged_records_are_in_order_within_each_partition_and_none_is_missing(
    times: list[list[int]], chance: Any
) -> None:
    parts = {
        ("t", part): [
            IncomingRecord(
                topic="t", partition=part, offset=offset, key=None, value=None, headers={}, timestamp=moment
            )
            for offset, moment in enumerate(moments)
        ]
        for part, moments in enumerate(times)
        if moments
    }
    merge = _Merge({place: len(records) for place, records in parts.items()})
    coming = {place: list(records) for place, records in parts.items()}
    merged: list[IncomingRecord] = []
    while merge.unfinished:
        while merge.waiting:
            place = chance.choice([place for place, left in coming.items() if left])
            merge.add(coming[place].pop(0))
        merged.append(merge.next())
    for place, records in parts.items():
        assert [record for record in merged if record.source == place] == records
    if all(moments == sorted(moments) for moments in times):
        assert [record.timestamp for record in merged] == sorted(moment for each in times for moment in each)


@given(
    st.dictionaries(st.text(max_size=2), st.integers(0, 2)),
    st.dictionaries(st.text(max_size=2), st.integers(0, 2)),
)
def test_two_states_side_by_side_name_exactly_the_keys_that_differ(
    here: dict[str, int], there: dict[str, int]
) -> None:
    def rows(states: dict[str, int]) -> Iterator[tuple[str, KeyState]]:
        for key in sorted(states, key=str.encode):
            yield key, KeyState(state=str(states[key]), events=1)

    differing = {pair.key for pair in pairs(rows(here), rows(there)) if pair.differs}
    assert differing == {key for key in here.keys() | there.keys() if here.get(key) != there.get(key)}
