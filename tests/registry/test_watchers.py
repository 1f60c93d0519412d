"""Changes are handed on without anybody being waited for."""

from __future__ import annotations

from uuid import UUID

import pytest
from registry.sightings import introduction

from nodesmith.registry.fleet import Fleet
from nodesmith.registry.instance import Change, ChangeKind
from nodesmith.registry.watchers import (
    MOST_BEHIND,
    MOST_CHANGES,
    MOST_FIGURES,
    MOST_WATCHERS,
    Watcher,
    Watchers,
)


def change(kind: ChangeKind = "changed", number: int = 1, *, only_figures: bool = False) -> Change:
    (appeared,) = Fleet().take(introduction(str(UUID(int=number))), 0.0)
    return Change(kind=kind, instance=appeared.instance, before=appeared.instance, only_figures=only_figures)


async def told(*changes: Change) -> list[Change]:
    """Return what a watcher is told first of changes that come together."""
    watchers = Watchers()
    watcher = watchers.watch()
    assert watcher is not None
    for each in changes:
        watchers.publish([each])
    batch = await watcher.next()
    await watchers.close()
    return list(batch or ())


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [
        (("appeared", "changed"), "appeared"),
        (("changed", "lost"), "lost"),
        (("lost", "returned"), "changed"),
        (("left", "forgotten"), "forgotten"),
        (("forgotten", "appeared"), "appeared"),
        (("changed", "conflict"), "conflict"),
    ],
)
async def test_of_changes_that_come_together_the_weightiest_is_told(
    kinds: tuple[ChangeKind, ...], kind: ChangeKind
) -> None:
    assert [each.kind for each in await told(*map(change, kinds))] == [kind]


async def test_numbers_wait_where_there_are_too_many_and_nothing_else_does() -> None:
    numbers = [change(number=number, only_figures=True) for number in range(1, MOST_FIGURES + 50)]

    batch = await told(*numbers, change("lost", 9_999))

    assert len(batch) == MOST_FIGURES + 1
    assert batch[0].kind == "lost"


async def test_where_everything_changes_at_once_watchers_are_told_to_begin_anew() -> None:
    watchers = Watchers()
    watcher = watchers.watch()
    assert watcher is not None

    watchers.publish(change("lost", number) for number in range(1, MOST_CHANGES + 2))

    assert await watcher.next() is None
    await watchers.close()


async def test_a_slow_watcher_is_told_that_it_has_missed_something_and_holds_up_nobody() -> None:
    watcher = Watcher()
    for _ in range(MOST_BEHIND + 3):
        watcher.give((change(),))

    assert await watcher.next() is None
    watcher.give((change("lost"),))
    batch = await watcher.next()
    assert batch is not None
    assert batch[0].kind == "lost"


async def test_who_is_only_woken_is_not_woken_by_numbers() -> None:
    watchers, woken = Watchers(), list[str]()
    watchers.wake_on_change(lambda: woken.append("woken"))

    watchers.publish([change(only_figures=True)])
    assert woken == []
    watchers.publish([change("lost")])
    assert woken == ["woken"]


async def test_no_more_watch_than_there_is_room_for() -> None:
    watchers = Watchers()
    let_in = [watchers.watch() for _ in range(MOST_WATCHERS)]

    assert watchers.watch() is None
    assert let_in[0] is not None
    watchers.leave(let_in[0])
    assert watchers.watch() is not None
