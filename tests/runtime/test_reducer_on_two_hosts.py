"""State in PostgreSQL while partitions move between hosts, and while the database is away."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from support.histories import History
from support.postgresql import running_postgresql
from support.waiting import wait_until
from support.wire import committed

if TYPE_CHECKING:
    from pathlib import Path

    from support.broker import RunningBroker
    from support.postgresql import RunningPostgresql

KEYS = [f"key {number}" for number in range(6)]


def test_state_is_the_fold_of_all_events_in_order_while_hosts_come_and_die(
    broker: RunningBroker, postgresql: RunningPostgresql, tmp_path: Path
) -> None:
    history = History(servers=broker.bootstrap_servers, folder=tmp_path)
    one, two, three = (
        {"NODESMITH_STATE_URL": postgresql.url, "NODESMITH_DATA_DIR": str(tmp_path / host)}
        for host in ("host1", "host2", "host3")
    )
    with ExitStack() as stack:
        first = stack.enter_context(history.running("one", **one)).wait_ready()
        for key in KEYS:
            history.note(*range(100, 140), key=key)
        # Offsets are committed a moment after the events have counted: some come again.
        wait_until(lambda: committed(broker.bootstrap_servers, history.group, history.source) > 9, why="work")
        first.process.kill()
        first.process.wait()
        second = stack.enter_context(history.running("two", **two)).wait_ready()
        for key in KEYS:
            history.note(*range(140, 160), key=key)
        history.wait_until_done()
        stack.enter_context(history.running("three", **three)).wait_ready()
        for key in KEYS:
            history.note(*range(160, 180), key=key)
        assert second.stop() == 0, second.output
        history.wait_until_done()
        for key in KEYS:
            assert history.state(key) == list(range(100, 180))


def test_while_postgresql_is_away_no_event_is_taken_and_none_is_lost(
    broker: RunningBroker, tmp_path: Path
) -> None:
    history = History(servers=broker.bootstrap_servers, folder=tmp_path)
    with ExitStack() as stack:
        database = stack.enter_context(running_postgresql())
        node = stack.enter_context(history.running(NODESMITH_STATE_URL=database.url, RETRY_ATTEMPTS="2"))
        node.wait_ready()
        history.note(1, 2, key="a")
        history.wait_until_done()
        database.stop()
        history.note(3, 4, 5, key="a")
        wait_until(lambda: not node.readiness()["ready"], why="the node saying that it takes nothing")
        assert "the state in PostgreSQL is away" in node.readiness()["reasons"][0]
        node.stop()
        again = stack.enter_context(history.running("two", NODESMITH_STATE_URL=database.url))
        again.wait_for_output("no event is taken until it is back")
        stack.enter_context(running_postgresql(database.folder, database.port))
        history.wait_until_done()
        again.wait_ready()
        assert history.state("a") == [1, 2, 3, 4, 5]
        assert node.process.returncode == 0, node.output


def test_a_postgresql_that_hangs_is_told_and_keeps_a_node_from_nothing_but_its_events(
    embedded_broker: RunningBroker, tmp_path: Path
) -> None:
    history = History(servers=embedded_broker.bootstrap_servers, folder=tmp_path)
    with (
        running_postgresql() as database,
        history.running(NODESMITH_STATE_URL=database.url) as node,
    ):
        node.wait_ready()
        with database.hanging():
            history.note(1, 2, key="a")
            wait_until(lambda: not node.readiness()["ready"], seconds=20, why="the node telling it")
            assert node.readiness()["reasons"] == ["the state in PostgreSQL does not answer"]
            assert node.stop(seconds=12) == 0, node.output
    assert "record 0 of" in node.output
    assert committed(history.servers, history.group, history.source) == 0
