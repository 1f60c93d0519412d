"""What is said of a conflict: where it is, and what helps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from generation.update.workshop import NODE, renamed

from nodesmith.cli.application import run
from nodesmith.cli.outcome import lines
from nodesmith.generation.update.changes import Action, Change, Plan, UnitPlan

if TYPE_CHECKING:
    from generation.update.workshop import Workshop

CHOOSE = "choose with --conflict=markers, ours, theirs or reject"
DESCRIBED = 'description = "Keeps items."'


def in_conflict(shop: Workshop) -> None:
    shop.edit("pyproject.toml", DESCRIBED, 'description = "Mine."')


def test_markers_that_were_written_are_said_to_be_there(shop: Workshop) -> None:
    in_conflict(shop)

    told = shop.generate(renamed(), "--conflict=markers")

    said = f"merge     {shop.node}/pyproject.toml: holds markers now, to be resolved by you: round 1 place"
    assert (told.code, said in told.out) == (0, True)


def test_no_choice_is_offered_for_markers_that_are_left(shop: Workshop) -> None:
    in_conflict(shop)
    shop.generate(renamed(), "--conflict=markers")

    told = shop.generate(renamed(), "--conflict=theirs")

    assert f"{NODE}/pyproject.toml: still holds the markers of an earlier merge" in told.err
    assert "fix: edit the file until no marker is left, and generate again" in told.err
    assert CHOOSE not in told.err


def test_a_choice_is_offered_for_those_files_only_that_it_helps(shop: Workshop) -> None:
    in_conflict(shop)
    (shop.node / "Dockerfile").unlink()
    (shop.node / "Dockerfile").mkdir()

    told = shop.generate(renamed())

    assert "error: 2 files are in conflict under" in told.err
    assert f"fix: do what is said of each file, and for the others {CHOOSE}" in told.err


@pytest.mark.parametrize("option", ["--dry-run", "--diff", "--check"])
def test_a_look_says_what_to_do_about_a_conflict(shop: Workshop, option: str) -> None:
    in_conflict(shop)

    plain = shop.generate(renamed(), option)
    error = json.loads(shop.json(renamed(), option).out)["error"]

    assert "error: 1 file is in conflict under" in plain.err
    assert f"fix: {CHOOSE}" in plain.err
    assert (error["type"], error["fix"]) == ("UnresolvedError", CHOOSE)


def test_one_file_is_counted_as_one() -> None:
    change = Change(path="a", action=Action.UNCHANGED)
    new = Change(path="a", action=Action.CREATE)
    units = (UnitPlan(unit="old", changes=(change,)), UnitPlan(unit="new", changes=(new,)))

    told = list(lines(Plan(units=units), Path(), planned=False))

    assert told == ["new (1 file)", "1 file unchanged"]


def test_a_sentence_can_choose_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "A compute node called counter that counts words",
        "A compute node called counter that counts signs",
    ]
    run(["new", words[0], "-o", str(tmp_path)])
    project = tmp_path / "node_counter_compute" / "pyproject.toml"
    project.write_text(project.read_text().replace('description = "', 'description = "Mine: '))

    assert run(["new", words[1], "-o", str(tmp_path)]) == 3
    assert CHOOSE in capsys.readouterr().err
    assert run(["new", words[1], "-o", str(tmp_path), "--conflict", "ours"]) == 0
    assert 'description = "Mine: ' in project.read_text()
