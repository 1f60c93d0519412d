"""Who is alive, decided without a bus and without a clock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registry.sightings import ONE, TWO, goodbye, heartbeat, introduction

from nodesmith.registry.fleet import MOST_LIVES, Change, Fleet, Instance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.runtime.sighting import Sighting

TTL = 30.0


def kinds(changes: Sequence[Change]) -> list[str]:
    return [change.kind for change in changes]


def states(fleet: Fleet) -> dict[str, str]:
    return {instance.incarnation: instance.state for instance in fleet.instances()}


def test_an_instance_appears_with_its_introduction_and_is_as_its_heartbeat_says() -> None:
    fleet = Fleet()

    appeared = fleet.take(introduction(), 1.0)
    changed = fleet.take(heartbeat(state="degraded", in_flight=3), 2.0)

    assert (kinds(appeared), kinds(changed)) == (["appeared"], ["changed"])
    (instance,) = fleet.instances()
    assert (instance.full_name, instance.state, instance.in_flight) == ("orders/pricing", "degraded", 3)
    assert (instance.first_seen, instance.last_seen) == (1.0, 2.0)


def test_a_heartbeat_that_says_nothing_new_only_keeps_alive() -> None:
    fleet = Fleet()
    fleet.take(introduction(), 0.0)
    fleet.take(heartbeat(), 1.0)

    assert fleet.take(heartbeat(sequence=3), 2.0) == ()
    assert fleet.instances()[0].last_seen == 2.0


def test_who_was_silent_for_its_time_to_live_is_lost_then_and_not_before() -> None:
    fleet = Fleet()
    fleet.take(introduction(), 0.0)
    fleet.take(heartbeat(), 10.0)

    assert fleet.expire(10.0 + TTL - 0.01) == ()
    assert kinds(fleet.expire(10.0 + TTL)) == ["lost"]
    assert states(fleet) == {"a": "lost"}


def test_a_shorter_time_to_live_counts_from_the_heartbeat_that_says_it() -> None:
    fleet = Fleet()
    fleet.take(introduction(), 0.0)
    fleet.take(heartbeat(ttl_seconds=2.0), 1.0)

    assert kinds(fleet.expire(3.0)) == ["lost"]


def test_who_is_lost_returns_with_its_next_heartbeat() -> None:
    fleet = Fleet()
    fleet.take(introduction(), 0.0)
    fleet.expire(TTL)

    assert kinds(fleet.take(heartbeat(), TTL + 1)) == ["returned"]
    assert states(fleet) == {"a": "ready"}


def test_who_said_goodbye_has_left_and_is_forgotten_after_a_while() -> None:
    fleet = Fleet(keep_seconds=60.0)
    fleet.take(introduction(), 0.0)

    assert kinds(fleet.take(goodbye(), 5.0)) == ["left"]
    assert fleet.expire(64.9) == ()
    assert kinds(fleet.expire(65.0)) == ["forgotten"]
    assert (fleet.instances(), len(fleet)) == ((), 0)


def test_no_silence_counts_from_before_the_registry_could_hear_again() -> None:
    fleet = Fleet()
    fleet.take(introduction(), 0.0)

    fleet.hear_again(100.0)

    assert fleet.expire(100.0 + TTL - 0.01) == ()
    assert kinds(fleet.expire(100.0 + TTL)) == ["lost"]
    fleet.hear_again(200.0)
    assert fleet.expire(201.0) == ()
    assert states(fleet) == {"a": "lost"}  # who was lost before is not brought back by that


def test_what_was_said_long_ago_is_no_sign_of_life() -> None:
    fleet = Fleet()

    fleet.take(introduction(), 100.0, at=100.0 - TTL)

    assert states(fleet) == {"a": "lost"}


def test_what_was_over_long_before_it_was_heard_is_counted_and_not_shown() -> None:
    fleet = Fleet(keep_seconds=60.0)

    assert fleet.take(introduction(), 100.0, at=100.0 - TTL - 60.0) == ()
    assert (len(fleet), fleet.counts.by_reason()) == (0, {"stale": 1})


def test_what_is_over_and_read_back_at_the_start_is_history_and_not_counted() -> None:
    fleet = Fleet(keep_seconds=60.0, settled=False)

    fleet.take(introduction(), 100.0, at=100.0 - TTL - 60.0)

    assert (len(fleet), fleet.counts.by_reason()) == (0, {})


def test_nobody_is_called_lost_before_everybody_has_had_the_time_to_be_heard() -> None:
    fleet = Fleet(settled=False)
    for node_id in (ONE, TWO):
        assert fleet.take(introduction(node_id), 100.0, at=0.0) == ()

    assert kinds(fleet.take(heartbeat(TWO), 101.0)) == ["appeared"]
    (change,) = fleet.settle(105.0)

    assert (change.kind, change.instance.node_id, change.instance.state) == ("appeared", ONE, "lost")
    assert fleet.counts.total == 0


@pytest.mark.parametrize(
    ("late", "reason"),
    [
        (introduction(sequence=5), "repeated"),
        (introduction(sequence=4, state="starting"), "older-sequence"),
        (introduction(sequence=6, name="another"), "another-identity"),
    ],
)
def test_what_is_old_or_repeated_or_of_another_is_counted_and_ignored(late: Sighting, reason: str) -> None:
    fleet = Fleet()
    fleet.take(introduction(sequence=5), 0.0)

    assert fleet.take(late, 29.0) == ()
    assert fleet.counts.by_reason() == {reason: 1}
    assert kinds(fleet.expire(TTL)) == ["lost"]  # and keeps nobody alive


def test_who_beats_without_an_introduction_is_not_shown_but_to_be_asked() -> None:
    fleet = Fleet()

    assert fleet.take(heartbeat(requests=7), 0.0) == ()
    assert (fleet.unknown(), fleet.instances()) == ((ONE,), ())

    assert kinds(fleet.take(introduction(), 1.0)) == ["appeared"]
    assert (fleet.unknown(), fleet.instances()[0].figures.requests) == ((), 7)


def test_who_beats_and_never_answers_is_forgotten_when_it_is_silent() -> None:
    fleet = Fleet()
    fleet.take(heartbeat(), 0.0)

    assert fleet.expire(TTL) == ()
    assert fleet.unknown() == ()


def test_a_new_life_takes_the_place_of_one_that_ended() -> None:
    fleet = Fleet()
    fleet.take(introduction(life="a"), 0.0)
    fleet.take(goodbye(life="a"), 5.0)

    changes = fleet.take(introduction(life="b"), 6.0)

    assert sorted(kinds(changes)) == ["appeared", "forgotten"]
    assert states(fleet) == {"b": "ready"}


def test_the_goodbye_of_an_earlier_life_does_not_end_the_next() -> None:
    fleet = Fleet()
    fleet.take(introduction(life="a"), 0.0)
    fleet.take(introduction(life="b"), 5.0)

    fleet.take(goodbye(life="a"), 6.0)

    assert states(fleet) == {"b": "ready"}


def test_an_introduction_of_an_earlier_life_that_comes_late_is_counted_and_not_shown() -> None:
    fleet = Fleet()
    fleet.take(introduction(life="b"), 0.0)

    assert fleet.take(introduction(life="a"), 1.0) == ()
    assert (states(fleet), fleet.counts.by_reason()) == ({"b": "ready"}, {"older-incarnation": 1})


def test_a_killed_instance_that_was_started_again_is_gone_in_half_its_time() -> None:
    fleet = Fleet()
    fleet.take(introduction(life="a"), 0.0)
    fleet.take(heartbeat(life="a"), 1.0)
    fleet.take(introduction(life="b"), 2.0)

    assert set(states(fleet)) == {"a", "b"}
    assert not any(instance.conflict for instance in fleet.instances())
    assert kinds(fleet.expire(1.0 + TTL / 2)) == ["forgotten"]
    assert states(fleet) == {"b": "ready"}


def two_in_conflict() -> Fleet:
    fleet = Fleet()
    fleet.take(introduction(life="a"), 0.0)
    fleet.take(heartbeat(life="a", sequence=2), 1.0)
    fleet.take(introduction(life="b"), 5.0)
    fleet.take(heartbeat(life="b", sequence=2), 6.0)
    assert kinds(fleet.take(heartbeat(life="a", sequence=3), 7.0)) == ["conflict", "conflict"]
    return fleet


def test_two_processes_under_one_id_are_both_shown_with_the_conflict() -> None:
    fleet = two_in_conflict()

    texts = {instance.conflict for instance in fleet.instances()}

    assert texts == {"2 processes use this node id at once: incarnations a, b"}


@pytest.mark.parametrize("ends", ["a", "b"])
def test_a_conflict_is_over_when_one_of_the_two_ends(ends: str) -> None:
    fleet = two_in_conflict()
    other = {"a": "b", "b": "a"}[ends]

    fleet.take(goodbye(life=ends), 8.0)

    (alive,) = [instance for instance in fleet.instances() if instance.alive]
    assert (alive.incarnation, alive.conflict) == (other, "")


def test_the_rate_is_that_between_the_last_two_heartbeats_by_the_nodes_own_seconds() -> None:
    fleet = Fleet()
    fleet.take(introduction(), 0.0)
    fleet.take(heartbeat(sequence=2, requests=100, uptime_seconds=10.0), 1.0)

    fleet.take(heartbeat(sequence=3, requests=150, uptime_seconds=20.0), 99.0)

    assert fleet.instances()[0].rate_per_second == 5.0


def test_numbers_alone_are_a_change_of_figures_only() -> None:
    fleet = Fleet()
    fleet.take(introduction(), 0.0)
    fleet.take(heartbeat(sequence=2, requests=1), 1.0)

    (change,) = fleet.take(heartbeat(sequence=3, requests=2), 2.0)

    assert (change.kind, change.only_figures) == ("changed", True)


def test_no_more_instances_are_known_than_there_is_room_for() -> None:
    fleet = Fleet(most=1)
    fleet.take(introduction(ONE), 0.0)

    assert fleet.take(introduction(TWO), 0.0) == ()
    assert fleet.counts.by_reason() == {"too-many-instances": 1}
    fleet.expire(1000.0)
    assert kinds(fleet.take(introduction(TWO), 1000.0)) == ["appeared"]


def test_an_instance_that_starts_again_and_again_is_known_by_its_newest_lives() -> None:
    fleet = Fleet()

    for number in range(3 * MOST_LIVES):
        life = chr(ord("a") + number)
        fleet.take(introduction(life=life), float(number))
        fleet.take(goodbye(life=life), number + 0.5)

    assert states(fleet) == {life: "stopped"}


# One process says things one after another, each later than the one before; what arrives when is chance.
@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Sighting, float]]:
    """What up to two instances say in up to three lives each, and when; all of it within a time to live."""
    said: list[tuple[Sighting, float]] = []
    for node_id in (ONE, TWO):
        for life in draw(st.sets(st.sampled_from("abc"))):
            moments = sorted(draw(st.lists(st.integers(0, 10), min_size=1, max_size=5)))
            for sequence, moment in enumerate(moments, start=1):
                make = draw(st.sampled_from([introduction, heartbeat, heartbeat]))
                state = draw(st.sampled_from(["starting", "ready", "degraded", "draining"]))
                said.append((make(node_id, life, sequence, state=state), float(moment)))
            if draw(st.booleans()):
                said.append((goodbye(node_id, life, 9), float(moments[-1])))
    return said


def truth(said: Sequence[tuple[Sighting, float]], *, at: float) -> tuple[set[str], set[str]]:
    fleet = Fleet()
    for sighting, moment in said:
        fleet.take(sighting, 10.0, at=moment)
    fleet.expire(at)
    # A rate is an estimate out of those heartbeats that came in order.
    return {repr(replace(each, rate_per_second=None)) for each in fleet.instances()}, set(fleet.unknown())


@given(histories(), st.data(), st.sampled_from([10.0, 14.0, 16.0, 21.0, 26.0, 41.0, 90.0]))
def test_any_order_and_repetition_of_what_was_said_gives_the_same_truth(
    said: list[tuple[Sighting, float]], data: st.DataObject, at: float
) -> None:
    repeated = said + (data.draw(st.lists(st.sampled_from(said), max_size=6)) if said else [])

    shuffled = data.draw(st.permutations(repeated))

    assert truth(shuffled, at=at) == truth(said, at=at)


@given(histories(), st.data())
def test_what_changes_tell_adds_up_to_who_is_there(
    said: list[tuple[Sighting, float]], data: st.DataObject
) -> None:
    fleet, told = Fleet(keep_seconds=20.0), dict[tuple[str, str], Instance]()
    moments = sorted(data.draw(st.lists(st.integers(11, 80), max_size=4)))

    batches = [
        *(fleet.take(each, 10.0, at=at) for each, at in said),
        *(fleet.expire(float(moment)) for moment in moments),
    ]
    for change in (change for changes in batches for change in changes):
        assert (change.before is None) == (change.kind == "appeared")
        if change.kind == "forgotten":
            del told[change.instance.key]
        else:
            told[change.instance.key] = change.instance

    assert {key: each.state for key, each in told.items()} == {
        each.key: each.state for each in fleet.instances()
    }
    assert {each.conflict for each in told.values()} == {each.conflict for each in fleet.instances()}
