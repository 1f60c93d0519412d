"""Files of which only marked sections follow the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.generation.files import GeneratedFile, Owner
from nodesmith.generation.update.changes import NO_CHOICES
from nodesmith.generation.update.sections import BEGIN, END, written_once
from nodesmith.generation.write import write

if TYPE_CHECKING:
    from pathlib import Path


def readme(*parts: str) -> str:
    """Return a text whose every second part is a section."""
    wrapped = (
        f"{BEGIN.decode()}\n{part}{END.decode()}\n" if odd % 2 else part for odd, part in enumerate(parts)
    )
    return "".join(wrapped)


def generate(target: Path, text: str, version: str = "v1_0_0") -> str:
    files = {
        "README.md": GeneratedFile(text=text, owner=Owner.MERGED),
        f"{version}/__init__.py": GeneratedFile(text=""),
    }
    write({"unit": files}, target, NO_CHOICES, templates="")
    return (target / "unit/README.md").read_text()


def test_only_the_sections_of_a_new_text_come_through(tmp_path: Path) -> None:
    generate(tmp_path, readme("# Title\n", "old\n", "body\n"))

    assert generate(tmp_path, readme("# New title\n", "new\n", "new body\n")) == readme(
        "# Title\n", "new\n", "body\n"
    )


def test_a_body_that_the_person_wrote_stays_beside_new_sections(tmp_path: Path) -> None:
    generate(tmp_path, readme("# Title\n", "old\n", "body\n\nend\n"))
    place = tmp_path / "unit/README.md"
    place.write_text(place.read_text().replace("body", "mine"))

    assert generate(tmp_path, readme("", "new\n", "other\n")) == readme("# Title\n", "new\n", "mine\n\nend\n")


def test_the_body_speaks_of_the_folder_by_its_present_name(tmp_path: Path) -> None:
    generate(tmp_path, readme("see v1_0_0/node.py\n", "old\n", ""))

    assert generate(tmp_path, readme("", "new\n", ""), "v2_0_0") == readme(
        "see v2_0_0/node.py\n", "new\n", ""
    )


def test_sections_that_cannot_be_told_apart_are_taken_with_the_whole_text(tmp_path: Path) -> None:
    old, new = readme("a\n", "1\n", "b\n").encode(), readme("c\n", "2\n", "d\n", "3\n", "e\n").encode()

    assert written_once(new, old) == new
    assert written_once(new, b"no sections") == new


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    generate(tmp_path, readme("a\n", "1\n", "b\n"))
    new = readme("c\n", "2\n", "d\n")

    assert generate(tmp_path, new) == generate(tmp_path, new)
