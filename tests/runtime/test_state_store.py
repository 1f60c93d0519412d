"""State by key, in a SQLite file and in a real PostgreSQL: every event counts once, and in its order."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
import threading
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runtime.nodes import counting
from support.postgresql import running_postgresql
from support.waiting import wait_until_async

from nodesmith.errors import InputError, OperationError, StateUnavailableError, TransitionError
from nodesmith.runtime import Origin
from nodesmith.runtime.settings import NodeSettings
from nodesmith.runtime.state_store.events import Applied, Event
from nodesmith.runtime.state_store.postgresql_table import PostgresqlState
from nodesmith.runtime.state_store.sqlite_table import SqliteState
from nodesmith.runtime.state_store.store import StateStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from support.postgresql import RunningPostgresql

    from nodesmith.runtime.state_store.table import StateTable

    Opening = Callable[..., AbstractContextManager[StateTable]]

TOPIC = "onex.evt.shop.orders-completed.v1"


@pytest.fixture(params=["sqlite", "postgresql"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """Open a table; every one that is opened with the same `store` is another instance's, with the same state."""
    url = request.getfixturevalue("postgresql").url if request.param == "postgresql" else ""
    test = uuid4()

    @contextmanager
    def opened(store: str = "one", *, remembered: int = 1_000, at_once: bool = True) -> Iterator[StateTable]:
        table: StateTable
        if url:
            table = PostgresqlState(url, node=f"test.{test}.{store}", remembered=remembered)
        else:
            table = SqliteState(tmp_path / store / "state.sqlite", remembered=remembered)
        try:
            if at_once:
                table.open()
            yield table
        finally:
            table.close()

    return opened


def at(offset: int, *, partition: int = 0, timestamp: int | None = None, topic: str = TOPIC) -> Origin:
    moment = 1_000 + offset if timestamp is None else timestamp
    return Origin(topic=topic, partition=partition, offset=offset, timestamp=moment)


def event(word: str, origin: Origin | None = None, *, key: str = "k", number: int | None = None) -> Event:
    """Return an event that adds its word to the state; what comes of it says whether it counted, and after what."""
    envelope_id = uuid4() if number is None else UUID(int=number)
    return Event(key=key, envelope_id=envelope_id, fold=lambda state: adding(state, word), origin=origin)


def adding(state: str | None, word: str) -> Applied:
    return Applied(state=f"{state or ''}{word}", intents=f'["{word}"]')


def refused(origin: Origin | None = None, *, number: int) -> Event:
    def refuse(_: str | None) -> Applied:
        raise TransitionError("not now")

    return Event(key="k", envelope_id=UUID(int=number), fold=refuse, origin=origin)


def raising(error: BaseException) -> Event:
    def fail(_: str | None) -> Applied:
        raise error

    return Event(key="k", envelope_id=uuid4(), fold=fail, origin=at(0))


def words(table: StateTable, key: str = "k") -> str | None:
    found = table.read(key)
    return found.state if found else None


def test_an_event_that_comes_again_is_answered_as_it_was_the_first_time(opening: Opening) -> None:
    with opening() as one, opening() as two:
        first = one.apply([event("a", at(3), number=1)])
        one.apply([event("b", at(4))])
        assert two.apply([event("a", at(3), number=1)]) == first == (Applied(state="a", intents='["a"]'),)
        assert words(two) == "ab"


def test_a_position_holds_where_the_ids_are_forgotten(opening: Opening) -> None:
    with opening(remembered=1) as table:
        for offset in range(5):
            table.apply([event(str(offset), at(offset), number=offset)])
        with table.snapshot() as rows:
            assert len(list(rows.known())) == 1
        again = table.apply([event(str(offset), at(offset), number=offset) for offset in range(5)])
        assert words(table) == "01234"
    assert again[0] == Applied(state="01234", long_ago=True)
    assert again[4] == Applied(state="01234", intents='["4"]')


def test_an_event_sent_twice_counts_once_also_when_its_second_place_comes_again(opening: Opening) -> None:
    with opening(remembered=1) as table:
        table.apply([event("a", at(0), number=1)])
        table.apply([event("a", at(7), number=1)])
        table.apply([event("b", at(8), number=2)])
        table.apply([event("a", at(7), number=1)])
        assert words(table) == "ab"


def test_keys_and_partitions_have_positions_of_their_own(opening: Opening) -> None:
    with opening() as table:
        table.apply([event("a", at(9), key="one")])
        table.apply([event("b", at(2), key="two"), event("c", at(2, partition=1), key="one")])
        table.apply([event("d", at(2, topic="another"), key="one")])
        assert (words(table, "one"), words(table, "two")) == ("acd", "b")


def test_the_events_of_a_topic_that_was_made_anew_count(opening: Opening) -> None:
    with opening(remembered=1) as table:
        table.apply([event(word, at(offset)) for offset, word in enumerate("abc")])
        table.apply([event("d", at(0, timestamp=9_000))])
        table.apply([event("e", at(1, timestamp=9_001))])
        table.apply([event("x", at(1, timestamp=9_001)), event("y", at(0, timestamp=9_000))])
        assert words(table) == "abcde"


def test_a_refusal_is_remembered_as_well_and_an_event_refused_once_is_refused_again(opening: Opening) -> None:
    with opening(remembered=1) as table:
        assert table.read("k") is None
        first = table.apply([refused(at(0), number=1)])[0]
        assert isinstance(first, TransitionError)
        assert words(table) is None
        late = table.apply([event("a", at(0), number=1), event("a", at(0), number=2)])
        assert [type(each) for each in late] == [TransitionError, TransitionError]
        assert isinstance(table.apply([event("b", at(1), number=3)])[0], Applied)
        assert table.apply([event("a", at(0), number=1)])[0] == Applied(state="b", long_ago=True)
        assert words(table) == "b"


@pytest.mark.parametrize("error", [RuntimeError("no"), SystemExit(1), KeyboardInterrupt()])
def test_what_a_handler_raises_changes_nothing_and_its_neighbours_count(
    opening: Opening, error: BaseException
) -> None:
    with opening() as table:
        results = table.apply(
            [event("a", at(0), key="other"), raising(error), event("b", at(0), key="third")]
        )
        assert results[1] is error
        assert words(table) is None
        assert (words(table, "other"), words(table, "third")) == ("a", "b")
        assert isinstance(table.apply([event("c", at(0))])[0], Applied)


def test_an_event_off_the_bus_counts_and_is_told_apart(opening: Opening) -> None:
    with opening() as table:
        table.apply([event("a"), event("b", at(0)), event("c")])
        found = table.read("k")
    assert found is not None
    assert (found.state, found.events, found.off_bus) == ("abc", 3, 2)


@pytest.mark.parametrize("key", ["", "ü\n'\"", "\x00", "x" * 100_000, "𝄞"], ids=ascii)
def test_any_text_is_a_key(opening: Opening, key: str) -> None:
    with opening() as table:
        table.apply([event("a", at(0), key=key), event("b", at(1), key=key)])
        assert words(table, key) == "ab"
        with table.snapshot() as rows:
            assert [name for name, _ in rows.states()] == [key]


def test_a_snapshot_is_of_one_moment_and_sorted_by_the_keys_bytes(opening: Opening) -> None:
    with opening() as table:
        table.apply([event("a", at(n), key=key) for n, key in enumerate(["ü", "b", "𝄞", "Z", "a"])])
        with table.snapshot() as rows:
            names = [name for name, _ in rows.states()]
            table.apply([event("b", at(9), key="a")])
            assert dict(rows.states())["a"].state == "a"
    assert names == ["Z", "a", "b", "ü", "𝄞"]


def test_all_that_is_stored_is_replaced_at_once_with_nobody_between(opening: Opening) -> None:
    def go_on() -> None:
        with opening() as node:
            node.apply([event("!", at(6))])

    with opening() as table, opening("fresh") as fresh:
        table.apply([event("old", at(0), key="gone"), event("old", at(5), number=1)])
        fresh.apply([event("new", at(5), number=1)])
        late = threading.Thread(target=go_on)

        def rows(stored: Any) -> Any:
            assert [max(each.offset for each in key.reached.values()) for key in stored] == [0, 5]
            late.start()
            return stack

        with fresh.snapshot() as stack:
            table.replace(rows)
        late.join(10)
        assert words(table, "gone") is None
        assert words(table) == "new!"
        assert table.apply([event("new", at(5), number=1)]) == (Applied(state="new", intents='["new"]'),)


def test_a_replacement_that_fails_changes_nothing(opening: Opening) -> None:
    class Broken:
        def states(self) -> Iterator[Any]:
            raise RuntimeError("the topic is away")

    with opening() as table:
        table.apply([event("a", at(0))])
        with pytest.raises(RuntimeError):
            table.replace(lambda _: Broken())  # type: ignore[arg-type, return-value]
        table.apply([event("b", at(1))])
        assert words(table) == "ab"


KEYS = "abc"
LOGS = st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, 1)), max_size=40)
# Of each step: which partition, which instance, how many events, and how far back it begins.
STEPS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 7), st.integers(0, 12)), max_size=30
)


@given(log=LOGS, steps=STEPS, remembered=st.sampled_from([1, 1_000]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_often_events_come_again_to_either_of_two_instances_state_is_their_plain_fold(
    opening: Opening,
    log: Sequence[tuple[str, int]],
    steps: Sequence[tuple[int, int, int, int]],
    remembered: int,
) -> None:
    parts = [[(number, key) for number, (key, part) in enumerate(log) if part == which] for which in (0, 1)]
    name = f"s{uuid4()}"
    done, plain = [0, 0], dict.fromkeys(KEYS, "")
    with opening(name, remembered=remembered) as one, opening(name, remembered=remembered) as two:
        for which, instance, count, back in [*steps, (0, 0, 99, 0), (1, 1, 99, 0)]:
            first = max(0, done[which] - back)
            batch = parts[which][first : first + count]
            for offset, (_, key) in enumerate(batch, first):
                if offset >= done[which]:
                    plain[key] += f"{which}{offset} "
            done[which] = max(done[which], first + len(batch))
            (one, two)[instance].apply(
                [
                    event(f"{which}{offset} ", at(offset, partition=which), key=key, number=number)
                    for offset, (number, key) in enumerate(batch, first)
                ]
            )
        assert {key: words(one, key) or "" for key in KEYS} == plain
        assert {key: words(two, key) or "" for key in KEYS} == plain


def test_two_instances_that_get_the_same_events_at_the_same_time_count_them_once(opening: Opening) -> None:
    events = [(offset, KEYS[offset % 3]) for offset in range(60)]

    def count(step: int) -> None:
        with opening(remembered=1) as table:
            for first in range(0, 60, step):
                table.apply(
                    [event(f"{n} ", at(n), key=key, number=n) for n, key in events[first : first + step]]
                )

    threads = [threading.Thread(target=count, args=(step,)) for step in (1, 4, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with opening() as table:
        for key in KEYS:
            assert words(table, key) == "".join(f"{n} " for n, each in events if each == key)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "state.sqlite")
    return str(request.getfixturevalue("postgresql").url)


def test_a_process_that_is_killed_at_any_moment_leaves_every_event_counted_once(where: str) -> None:
    chance, last = random.Random(7), 1_200
    reached = 0
    for _ in range(4):
        command = [sys.executable, counting.__file__, where, str(max(0, reached - 40)), str(last)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(10, 60)):
                line = process.stdout.readline()
                assert line, "it ended before it was killed"
            process.kill()
            reached = max([int(line), *map(int, process.stdout.read().split())])
    subprocess.run(
        [sys.executable, counting.__file__, where, str(reached - 40), str(last)], check=True, stdout=-3
    )
    table = (
        PostgresqlState(where, node="test.killed")
        if where.startswith("postgresql")
        else SqliteState(Path(where))
    )
    table.open()
    with closing(table):
        states = [words(table, f"key {n}") for n in range(3)]
    assert states == ["".join(f" {offset}" for offset in range(n, last, 3)) for n in range(3)]


@asynccontextmanager
async def running(table: StateTable) -> AsyncIterator[StateStore]:
    store = StateStore(table, place="in PostgreSQL")
    await store.start()
    try:
        yield store
    finally:
        await store.close()


async def test_while_the_database_is_away_every_call_says_so_and_it_is_found_again() -> None:
    with running_postgresql() as first:
        async with running(PostgresqlState(first.url, node="test.away")) as store:
            await store.apply(event("a", at(0)))
            await asyncio.to_thread(first.stop)
            with pytest.raises(StateUnavailableError, match="the state in PostgreSQL is away"):
                await store.apply(event("b", at(1)))
            assert "is away" in store.problem
            with running_postgresql(first.folder, first.port):

                async def back() -> bool:
                    return not store.problem

                await wait_until_async(back, seconds=20, why="the database being found again")
                assert (await store.apply(event("b", at(1)))).state == "ab"
                assert await store.read("k") == "ab"


async def test_an_event_no_database_takes_fails_alone(opening: Opening) -> None:
    with opening(at_once=False) as table:
        store = StateStore(table, place="here")
        await store.start()
        events = [event("a", at(0)), event("b", at(1), key="\ud800"), event("c", at(2))]
        results = await asyncio.gather(*map(store.apply, events), return_exceptions=True)
        assert store.problem == ""
        assert await store.read("k") == "ac"
        await store.close()
    assert isinstance(results[1], OperationError)


async def test_events_that_come_at_once_are_written_together(opening: Opening) -> None:
    with opening(at_once=False) as table:
        store = StateStore(table, place="here")
        await store.start()
        await asyncio.gather(*(store.apply(event("x", at(n), key=str(n % 7))) for n in range(300)))
        assert [await store.read(str(n)) for n in range(7)] == ["x" * (43 if n < 6 else 42) for n in range(7)]
        await store.close()
        with pytest.raises(StateUnavailableError, match="closed"):
            await store.read("0")


def test_a_file_of_before_positions_were_kept_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(
            "CREATE TABLE state (key TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE applied (sequence INTEGER PRIMARY KEY AUTOINCREMENT, envelope_id TEXT NOT NULL UNIQUE,"
            " state TEXT NOT NULL, intents TEXT NOT NULL);"
            "INSERT INTO state VALUES ('k', 'a');"
            f"INSERT INTO applied (envelope_id, state, intents) VALUES ('{UUID(int=1)}', 'a', '[]')"
        )
    table = SqliteState(path)
    table.open()
    with closing(table):
        table.apply([event("a", at(0), number=1), event("b", at(1), number=2)])
        assert words(table) == "ab"


def test_a_file_of_a_newer_nodesmith_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="newer nodesmith"):
        SqliteState(path).open()


def test_a_url_that_names_no_postgresql_is_refused_without_saying_it() -> None:
    with pytest.raises(InputError, match="NODESMITH_STATE_URL names no PostgreSQL database") as refusal:
        NodeSettings.from_environment({"NODESMITH_STATE_URL": "mysql://user:secret@host"})
    assert "secret" not in f"{refusal.value.message} {refusal.value.fix}"


async def test_a_postgresql_that_hangs_is_given_up_and_an_event_it_may_have_counted_counts_once(
    postgresql: RunningPostgresql,
) -> None:
    table = PostgresqlState(postgresql.url, node=f"test.{uuid4()}", silent_seconds=0.3)
    store = StateStore(table, place="in PostgreSQL")
    await store.start()
    await store.apply(event("a", at(0), number=1))
    with postgresql.hanging():
        with pytest.raises(StateUnavailableError, match=r"the server has said nothing for 0\.3 s"):
            await asyncio.wait_for(store.apply(event("b", at(1), number=2)), 5)
        waiting = asyncio.create_task(store.read("k"))
        await asyncio.sleep(0)
        store.let_go()
        with pytest.raises(StateUnavailableError):
            await asyncio.wait_for(waiting, 1)

    async def counted() -> Applied | None:
        try:
            return await store.apply(event("b", at(1), number=2))
        except StateUnavailableError:
            return None

    applied = await wait_until_async(counted)
    assert applied is not None
    assert applied.state == "ab"
    await store.close()
