"""Rebuild a reducer's state from its topics: compare it with the running one, or put it in its place.

The node may run meanwhile. A comparison folds exactly the events that the running state had dealt with at one moment: those
before the offsets that the node's group had committed, and those behind them that the state's own positions include. A
rebuild folds everything the topics have, so that no event is lost whatever else is known of it, and takes the place of the
running state in one transaction that shuts the node out and begins by folding what has come since.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nodesmith.errors import InputError
from nodesmith.runtime.client import common_settings
from nodesmith.runtime.routing import Routing
from nodesmith.runtime.settings import NodeSettings
from nodesmith.runtime.state_rebuild.buried import Buried
from nodesmith.runtime.state_rebuild.comparing import pairs
from nodesmith.runtime.state_rebuild.folding import Counts, Folding
from nodesmith.runtime.state_rebuild.topic_log import TopicLog
from nodesmith.runtime.state_store.sqlite_table import SqliteState
from nodesmith.runtime.state_store.table import REMEMBERED_EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from nodesmith.runtime.context import Origin
    from nodesmith.runtime.definition import NodeDefinition
    from nodesmith.runtime.reducer import Reducer
    from nodesmith.runtime.state_rebuild.comparing import Pair
    from nodesmith.runtime.state_rebuild.topic_log import Place, Span
    from nodesmith.runtime.state_store.events import KeyState
    from nodesmith.runtime.state_store.opening import StatePlace
    from nodesmith.runtime.state_store.table import Rows

_SHOWN_GAPS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a rebuild reads and what it works with. `told` is called with how many records are done, and of how many."""

    reducer: Reducer
    definition: NodeDefinition
    place: StatePlace
    log: TopicLog
    scratch: Path
    told: Callable[[int, int], None]


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a rebuild came to.

    `is_new` where there is no running state. `lost` are keys of which it counts events that the topics do not give.
    """

    counts: Counts
    is_new: bool = False
    keys: int = 0
    gaps: list[str] = field(default_factory=list)
    differing: list[Pair] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@contextmanager
def opened_log(definition: NodeDefinition, *, servers: str) -> Iterator[TopicLog]:
    """Give what reads the topics of a node."""
    settings = common_settings(bootstrap_servers=servers, source="nodesmith-state", extra=None)
    log = TopicLog(settings, group=definition.identity.dot_path)
    try:
        yield log
    finally:
        log.close()


def compare(sources: Sources, *, allow_gap: bool) -> Outcome:
    """Return in which keys the running state is not what its events make."""
    check_there(sources.place)
    committed = sources.log.committed(sources.log.spans(sources.definition.work_topics))
    with ExitStack() as stack:
        # After the committed offsets: all that is before them is in it.
        running = _running_rows(sources.place, stack)
        assert running is not None, "it is there"
        spans = sources.log.spans(sources.definition.work_topics)
        gaps = _gaps(sources, spans, allow_gap=allow_gap)
        ahead = {
            (key, place): reached.offset
            for key, state in running.states()
            for place, reached in state.reached.items()
            if reached.offset >= committed.get(place, 0)
        }

        def dealt_with(key: str, origin: Origin) -> bool:
            place = (origin.topic, origin.partition)
            return origin.offset < max(committed.get(place, 0), ahead.get((key, place), -1) + 1)

        rebuild = _Rebuild(sources, remembered=REMEMBERED_EVENTS, wanted=dealt_with)
        stack.enter_context(rebuild.running())
        rebuild.go_on_to(spans)
        return rebuild.outcome(running, gaps=gaps, only_differing=True)


def rebuild(
    sources: Sources, *, allow_gap: bool, dry_run: bool, agreed: Callable[[Outcome], bool]
) -> Outcome:
    """Rebuild the state from its topics; put it in the place of the running one where that is `agreed` to.

    Raises InputError where that would lose events that the topics do not have any more, unless `allow_gap`.
    """
    with ExitStack() as stack:
        # Looked at first: what it counts is in the topics by the time their ends are looked up.
        running = _running_rows(sources.place, stack)
        spans = sources.log.spans(sources.definition.work_topics)
        gaps = _gaps(sources, spans, allow_gap=allow_gap)
        committed = sources.log.committed(spans)
        # Of what the node has not dealt with yet every id is kept: it will ask for the intents.
        to_come = sum(max(0, end - committed.get(place, 0)) for place, (_, end) in spans.items())
        fresh = _Rebuild(sources, remembered=REMEMBERED_EVENTS + to_come, wanted=_everything)
        stack.enter_context(fresh.running())
        fresh.go_on_to(spans)
        outcome = fresh.outcome(running, gaps=gaps)
        if outcome.lost and not allow_gap:
            raise _would_lose(outcome, sources.place)
        if not dry_run and agreed(outcome):
            if running is None:
                sources.place.table.open()
            fresh.go_on_to(sources.log.spans(sources.definition.work_topics))
            sources.place.table.replace(fresh.in_place_of)
        return outcome


def _running_rows(place: StatePlace, stack: ExitStack) -> Rows | None:
    """Return what the running state has now, None where there is none."""
    if not place.table.is_there():
        return None
    place.table.open()
    stack.callback(place.table.close)
    return stack.enter_context(place.table.snapshot())


def _everything(_key: str, _origin: Origin) -> bool:
    return True


def check_there(place: StatePlace) -> None:
    """Raise InputError where there is no state."""
    if not place.table.is_there():
        raise InputError(
            f"there is no state {place.words}",
            fix="name the data folder the node runs with: --data-dir (NODESMITH_DATA_DIR), or its NODESMITH_STATE_URL",
        )


class _Rebuild:
    """A fresh table, and how far the topics are folded into it."""

    def __init__(self, sources: Sources, *, remembered: int, wanted: Callable[[str, Origin], bool]) -> None:
        self._sources = sources
        self._table = SqliteState(sources.scratch / "rebuilt.sqlite", remembered=remembered, durable=False)
        self._ends: dict[Place, int] = {}
        self._done = 0
        settings = NodeSettings.from_environment()
        letters = sources.log.spans([sources.definition.identity.dead_letter_topic])
        self._folding = Folding(
            reducer=sources.reducer,
            routing=Routing(sources.definition, command_max_bytes=settings.command_max_bytes),
            table=self._table,
            buried=Buried(sources.log.records(letters)),
            wanted=wanted,
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        self._table.open()
        try:
            yield
        finally:
            self._table.close()

    def go_on_to(self, spans: Mapping[Place, Span]) -> None:
        """Fold what there is between where this has come and the ends of `spans`."""
        left = {place: (self._ends.get(place, first), end) for place, (first, end) in spans.items()}
        total = self._done + sum(max(0, end - first) for first, end in left.values())
        for record in self._sources.log.records(left):
            self._folding.add(record)
            self._done += 1
            self._sources.told(self._done, total)
        self._folding.flush()
        for place, (_, end) in spans.items():
            self._ends[place] = max(end, self._ends.get(place, 0))

    def outcome(self, running: Rows | None, *, gaps: list[str], only_differing: bool = False) -> Outcome:
        outcome = Outcome(counts=self._folding.counts, is_new=running is None, gaps=gaps)
        with self._table.snapshot() as rebuilt:
            for pair in pairs(running.states() if running else (), rebuilt.states()):
                outcome.keys += pair.rebuilt.state is not None
                if pair.differs:
                    outcome.differing.append(pair)
                if pair.loses and not only_differing:
                    outcome.lost.append(pair.key)
        return outcome

    def in_place_of(self, stored: Iterable[KeyState]) -> _Kept:
        """Fold on to what the running state has reached, which nobody changes now; return the rows to be there instead."""
        reached: dict[Place, int] = {}
        for key in stored:
            for place, each in key.reached.items():
                reached[place] = max(each.offset, reached.get(place, 0))
        if any(offset >= self._ends.get(place, 0) for place, offset in reached.items()):
            self.go_on_to(self._sources.log.spans(self._sources.definition.work_topics))
        return _Kept(self._table)


class _Kept:
    """The rows of a table that nobody else writes to."""

    def __init__(self, table: SqliteState) -> None:
        self._table = table

    def states(self) -> Iterator[tuple[str, KeyState]]:
        with self._table.snapshot() as rows:
            yield from rows.states()

    def known(self) -> Iterator[Any]:
        with self._table.snapshot() as rows:
            yield from rows.known()


def _gaps(sources: Sources, spans: Mapping[Place, Span], *, allow_gap: bool) -> list[str]:
    """Return what is missing of the topics, in words; raise InputError unless that is allowed."""
    gaps = [
        f"{topic}, partition {number}: the records before offset {first} are gone"
        for (topic, number), (first, _) in sorted(spans.items())
        if first > 0
    ]
    topics = {topic for topic, _ in spans}
    gaps += [
        f"{topic} is compacted: of records with the same key only the last is there"
        for topic in sources.log.compacted(topics)
    ]
    if gaps and not allow_gap:
        more = f"; and {len(gaps) - _SHOWN_GAPS} more" if len(gaps) > _SHOWN_GAPS else ""
        raise InputError(
            f"the topics of {sources.definition.identity.name} are not whole: {'; '.join(gaps[:_SHOWN_GAPS])}{more}",
            fix="say --allow-gap where the state of what is left is wanted",
        )
    return gaps


def _would_lose(outcome: Outcome, place: StatePlace) -> InputError:
    keys = ", ".join(outcome.lost[:_SHOWN_GAPS]) + (", ..." if len(outcome.lost) > _SHOWN_GAPS else "")
    return InputError(
        f"the state {place.words} counts events of {len(outcome.lost)} keys that its topics do not give ({keys}): they came"
        " by process(), their topic was made anew, today's handlers refuse them, or another order between topics does",
        fix="see with `nodesmith state compare` how they differ; say --allow-gap where the rebuilt state is right",
    )
