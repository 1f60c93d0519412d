from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from generation.transaction.scenarios import MIXED, MOVES, SEVERAL
from generation.transaction.trees import File, files, new, put, read

from nodesmith.errors import GateError
from nodesmith.generation.transaction import Outcome, commit, interrupted, recover

if TYPE_CHECKING:
    from pathlib import Path

    from generation.transaction.killing import Killer
    from generation.transaction.scenarios import Scenario

LOCK = "node_a/.nodesmith/lock.json"
EDITED = b"changed by the person, after the process was killed"


def killed_before(step: str, scenario: Scenario, killer: Killer, folder: Path) -> Path:
    """Return a folder in which a process was killed just before a step."""
    steps = killer.commit(put(folder / "whole", scenario.before), scenario.operations, kill_at=0).steps
    target = put(folder / "target", scenario.before)
    assert killer.commit(target, scenario.operations, kill_at=steps.index(step) + 1).killed
    return target


def generate(target: Path) -> None:
    commit(target, [new("node_b/a", b"")])


def staging(target: Path) -> Path:
    (folder,) = target.glob(".nodesmith-writing-*")
    return folder


def test_nothing_is_recovered_where_nothing_happened(tmp_path: Path) -> None:
    assert recover(tmp_path) is None
    assert recover(tmp_path / "missing") is None
    assert not interrupted(tmp_path)
    assert not interrupted(tmp_path / "missing")
    assert read(tmp_path) == {}


def test_a_second_recovery_finds_nothing_to_do(killer: Killer, tmp_path: Path) -> None:
    target = killed_before(f"move {LOCK} in", MIXED, killer, tmp_path)

    first, second = recover(target), recover(target)

    assert first
    assert first.outcome is Outcome.FORWARD
    assert "node_a/README.md" in first.paths
    assert second is None
    assert read(target) == MIXED.after


def test_a_change_of_what_was_already_done_is_kept_and_the_rest_is_done(
    killer: Killer, tmp_path: Path
) -> None:
    target = killed_before(f"move {LOCK} in", MIXED, killer, tmp_path)
    (target / "node_a/README.md").write_bytes(EDITED)

    recovery = recover(target)

    assert recovery
    assert recovery.outcome is Outcome.FORWARD
    assert read(target) == {**MIXED.after, "node_a/README.md": File(EDITED, 0o600)}


def test_a_change_of_what_was_still_to_be_done_takes_the_rest_back(killer: Killer, tmp_path: Path) -> None:
    target = killed_before(f"move {LOCK} in", MIXED, killer, tmp_path)
    (target / LOCK).write_bytes(EDITED)

    recovery = recover(target)

    assert recovery
    assert recovery.outcome is Outcome.BACK
    assert LOCK in recovery.reason
    assert recovery.left == ()
    assert read(target) == {**MIXED.before, LOCK: File(EDITED)}


def test_on_the_way_back_old_content_whose_place_was_changed_is_kept_beside(
    killer: Killer, tmp_path: Path
) -> None:
    target = killed_before(f"move {LOCK} in", MIXED, killer, tmp_path)
    readme, gone = "node_a/README.md", "node_a/v1_0_0/handlers/old.py"
    for path in (LOCK, readme, gone):
        (target / path).write_bytes(EDITED)

    recovery = recover(target)

    assert recovery
    assert sorted(recovery.left) == [readme, gone]
    assert read(target) == {
        **MIXED.before,
        LOCK: File(EDITED),
        readme: File(EDITED, 0o600),
        f"{readme}.orig": MIXED.before[readme],
        gone: File(EDITED),
        f"{gone}.orig": MIXED.before[gone],
    }


def test_on_the_way_back_what_a_person_has_put_into_a_new_unit_stays(killer: Killer, tmp_path: Path) -> None:
    target = killed_before("move compose.yaml in", SEVERAL, killer, tmp_path)
    (target / "compose.yaml").write_bytes(EDITED)
    (target / "node_b/node.yaml").write_bytes(EDITED)
    (target / "node_c/mine").write_bytes(EDITED)

    recovery = recover(target)

    assert recovery
    assert recovery.left == ("node_c", "node_b/node.yaml")
    mine = {"compose.yaml": EDITED, "node_b/node.yaml": EDITED, "node_c/mine": EDITED}
    assert read(target) == {**SEVERAL.before, **files(mine)}


@pytest.mark.parametrize("step", [f"move {LOCK} in", "move node_a/v1_0_0/node.py away"])
def test_a_person_who_has_put_the_old_files_back_by_himself_finds_the_new_ones_after_the_next_run(
    killer: Killer, tmp_path: Path, step: str
) -> None:
    """As `git checkout .` does: every file that was there is back, new ones stay where they are."""
    target = killed_before(step, MOVES, killer, tmp_path)
    put(target, MOVES.before)

    recover(target)

    assert read(target).keys() >= MOVES.after.keys()


def test_what_a_person_has_put_into_its_place_as_well_is_not_taken_back(
    killer: Killer, tmp_path: Path
) -> None:
    """The same bytes by another hand, such as a checkout of what was generated elsewhere."""
    target = killed_before("move node_a/v1_0_0/run.sh in", MIXED, killer, tmp_path)
    for path, content in (("node_a/v1_0_0/run.sh", b"run"), (LOCK, EDITED)):
        (target / path).write_bytes(content)

    recovery = recover(target)

    assert recovery
    assert recovery.outcome is Outcome.BACK
    assert read(target) == {**MIXED.before, LOCK: File(EDITED), "node_a/v1_0_0/run.sh": File(b"run")}


def test_folders_that_went_away_meanwhile_are_made_again_for_what_comes_back(
    killer: Killer, tmp_path: Path
) -> None:
    target = killed_before(f"move {LOCK} in", MOVES, killer, tmp_path)
    (target / LOCK).write_bytes(EDITED)
    assert not (target / "node_a/v1_0_0").exists()

    recovery = recover(target)

    assert recovery
    assert recovery.outcome is Outcome.BACK
    assert read(target) == {**MOVES.before, LOCK: File(EDITED)}


def test_what_cannot_be_taken_back_is_named_and_waits_for_the_next_run(
    killer: Killer, tmp_path: Path
) -> None:
    target = killed_before(f"move {LOCK} in", MOVES, killer, tmp_path)
    (target / LOCK).write_bytes(EDITED)
    (target / "node_a/v1_0_0").write_bytes(b"a file where a folder was")

    for attempt in (recover, generate):
        with pytest.raises(GateError, match="could not be taken back") as raised:
            attempt(target)
        assert str(staging(target)) in raised.value.fix
        assert interrupted(target)
    (target / "node_a/v1_0_0").unlink()

    assert recover(target)
    assert read(target) == {**MOVES.before, LOCK: File(EDITED)}


TORN = {
    "empty": b"",
    "cut off": b'{"format": 1, "steps": [{"do": "put"',
    "without steps": b'{"format": 1}',
    "no object": b"[]",
    "no text": b"\xff",
    "without end": b"[" * 99_999,
}


@pytest.mark.parametrize("torn", TORN.values(), ids=TORN)
def test_a_torn_journal_means_that_nothing_was_done(killer: Killer, tmp_path: Path, torn: bytes) -> None:
    target = killed_before("move node_a/README.md in", MIXED, killer, tmp_path)
    (staging(target) / "forward.json").write_bytes(torn)

    assert recover(target) is None
    assert read(target) == MIXED.before


def test_a_journal_that_was_lost_does_not_take_old_files_with_it(killer: Killer, tmp_path: Path) -> None:
    target = killed_before(f"move {LOCK} in", MIXED, killer, tmp_path)
    (staging(target) / "forward.json").write_bytes(b"")

    with pytest.raises(GateError, match="cannot be read") as raised:
        recover(target)

    assert ".old" in raised.value.fix
    assert {place.read_bytes() for place in staging(target).glob("*.old")} >= {b"not made any more"}


def test_a_journal_of_a_newer_version_is_refused(killer: Killer, tmp_path: Path) -> None:
    target = killed_before("move node_a/README.md in", MIXED, killer, tmp_path)
    (staging(target) / "forward.json").write_text(json.dumps({"format": 2, "changes": []}))
    before = read(target)

    for attempt in (recover, generate):
        with pytest.raises(GateError, match="newer nodesmith") as raised:
            attempt(target)
        assert "run that version once more" in raised.value.fix

    assert interrupted(target)
    assert read(target) == before


@pytest.mark.parametrize("path", ["../outside", "/outside", "node\\..\\outside"])
def test_a_journal_that_leads_out_of_the_target_is_not_followed(tmp_path: Path, path: str) -> None:
    """Somebody may have put one into a repository."""
    folder = tmp_path / "target/.nodesmith-writing-abcdefgh"
    put(folder, {"0": File(b"evil")})
    step = {"do": "put", "path": path, "before": None, "after": "0" * 64}
    (folder / "forward.json").write_text(json.dumps({"format": 1, "steps": [step]}))

    assert recover(tmp_path / "target") is None

    assert list((tmp_path / "target").iterdir()) == []
    assert [place.name for place in tmp_path.iterdir()] == ["target"]


def test_only_what_is_left_of_a_run_is_removed(tmp_path: Path) -> None:
    target = put(
        tmp_path / "target",
        {
            ".nodesmith-writing-mine/file": File(b"1"),
            ".nodesmith-writing-my-notes/file": File(b"1"),
            ".nodesmith-writing-my_notes/file": File(b"1"),
            ".nodesmith-writing-afileabc": File(b"1"),
        },
    )
    elsewhere = put(tmp_path / "elsewhere", files({"forward.json": b"1"}))
    (target / ".nodesmith-writing-alinkabc").symlink_to(elsewhere)
    put(
        target,
        {
            ".nodesmith-writing-abcd_123/0/node.yaml": File(b"1"),
            ".nodesmith-writing-abcd_124/7.old": File(b"1"),
        },
    )

    assert recover(target) is None

    assert sorted(place.name[-8:] for place in target.iterdir()) == [
        "afileabc", "alinkabc", "ing-mine", "my-notes", "my_notes",
    ]  # fmt: skip
    assert (elsewhere / "forward.json").is_file()
