"""The process is killed (SIGKILL) at every step, and what it leaves is the old tree or the new one."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from generation.transaction.scenarios import MIXED, MOVES, SCENARIOS, SEVERAL, TURNED
from generation.transaction.trees import File, expected, new, put, read

from nodesmith.generation.transaction import Outcome, commit, interrupted, recover

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generation.transaction.killing import End, Killer
    from generation.transaction.scenarios import Scenario

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.name))
COUNTS = "let the journal count"
COUNTS_NO_MORE = "let the journal count no more"


def killed_at_each_step(scenario: Scenario, killer: Killer, folder: Path) -> Iterator[tuple[Path, End]]:
    """Give the folder that each killed process leaves, and at last that of the one which got through."""
    for at in count(1):
        target = put(folder / str(at), scenario.before)
        end = killer.commit(target, scenario.operations, kill_at=at)
        yield target, end
        if not end.killed:
            assert at > 8
            return


@each_scenario
def test_what_a_killed_run_leaves_is_the_old_tree_or_the_new_one(
    scenario: Scenario, killer: Killer, tmp_path: Path
) -> None:
    for target, end in killed_at_each_step(scenario, killer, tmp_path):
        begun = COUNTS in end.steps[:-1]
        counting = begun and COUNTS_NO_MORE not in end.steps[:-1]
        assert interrupted(target) is counting

        recovery = recover(target)

        assert (recovery and recovery.outcome) == (Outcome.FORWARD if counting else None), end.steps
        assert read(target) == (scenario.after if begun else scenario.before), end.steps


@each_scenario
def test_the_next_run_makes_good_what_a_killed_one_left(
    scenario: Scenario, killer: Killer, tmp_path: Path
) -> None:
    more = [new("node_z/node.yaml", b"name: z\n")]
    for target, end in killed_at_each_step(scenario, killer, tmp_path):
        commit(target, more)

        tree = scenario.after if COUNTS in end.steps[:-1] else scenario.before
        assert read(target) == expected(tree, more), end.steps


@each_scenario
def test_a_recovery_that_is_killed_is_made_good_by_the_next_one(
    scenario: Scenario, killer: Killer, tmp_path: Path
) -> None:
    for target, end in killed_at_each_step(scenario, killer, tmp_path):
        if not interrupted(target):
            continue
        while killer.recover(target, kill_at=2).killed:
            pass  # one step further each time

        recover(target)

        assert read(target) == scenario.after, end.steps


@pytest.mark.parametrize("scenario", [MIXED, MOVES, SEVERAL, TURNED], ids=lambda scenario: str(scenario.name))
def test_a_run_that_is_killed_while_it_takes_everything_back_leaves_the_old_tree(
    scenario: Scenario, killer: Killer, tmp_path: Path
) -> None:
    names = killer.commit(put(tmp_path / "all", scenario.before), scenario.operations, kill_at=0).steps
    last = names.index(COUNTS_NO_MORE) + 1
    for at in count(last + 2):  # the step after the last one is the turn itself
        target = put(tmp_path / str(at), scenario.before)
        end = killer.commit(target, scenario.operations, fail_at=last, kill_at=at)

        recover(target)

        assert "turn back" in end.steps[:-1]
        assert read(target) == scenario.before, end.steps
        if not end.killed:
            assert at > last + 5
            return


EDITED = b"changed by the person, after the process was killed"


@pytest.mark.parametrize("scenario", [MIXED, MOVES, SEVERAL], ids=lambda scenario: str(scenario.name))
def test_what_a_person_changes_before_the_recovery_survives(
    scenario: Scenario, killer: Killer, tmp_path: Path
) -> None:
    edited = "node_a/.nodesmith/lock.json"
    for target, end in killed_at_each_step(scenario, killer, tmp_path):
        done = f"move {edited} in" in end.steps[:-1]
        (target / edited).write_bytes(EDITED)

        recovery = recover(target)

        tree = scenario.after if done else scenario.before
        assert read(target) == {**tree, edited: File(EDITED)}, (end.steps, recovery)
        if recovery:
            assert recovery.outcome is (Outcome.FORWARD if done else Outcome.BACK)


def test_a_recovery_that_is_killed_on_its_way_back_is_made_good_by_the_next_one(
    killer: Killer, tmp_path: Path
) -> None:
    edited = "node_a/.nodesmith/lock.json"
    for target, end in killed_at_each_step(MOVES, killer, tmp_path):
        if end.steps[-1] != f"move {edited} in":
            continue
        (target / edited).write_bytes(EDITED)
        kills = 0
        while killer.recover(target, kill_at=2).killed:
            kills += 1

        assert kills > 8
        assert read(target) == {**MOVES.before, edited: File(EDITED)}
