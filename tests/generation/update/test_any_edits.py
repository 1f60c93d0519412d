"""Whatever a person makes of whatever file, and whatever becomes of the spec: no line of theirs is lost."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from generation.odd_system import load
from generation.update.workshop import DROP, KEEP, contents, keeper, tree
from hypothesis import given, settings
from hypothesis import strategies as st

from nodesmith.generation.pipeline import make
from nodesmith.generation.rendering import packaged_templates
from nodesmith.generation.update.changes import NO_CHOICES, Action, Choices, Resolution
from nodesmith.generation.update.conflicts import UnresolvedError
from nodesmith.generation.write import preview, write

if TYPE_CHECKING:
    from nodesmith.generation.files import NodeFiles
    from nodesmith.generation.update.changes import Plan

SPECS = [
    keeper(),
    keeper(description="Keeps items in order."),
    keeper(version="1.1.0"),
    keeper(version="2.0.0", description="Keeps."),
    keeper(operations={"keep": KEEP}),
    keeper(operations={"keep": {**KEEP, "input": {"item_id": "str", "count": "int"}}, "find": DROP}),
    keeper(adapter="sqlite"),
]
MADE: dict[int, dict[str, NodeFiles]] = {}


def made(number: int) -> dict[str, NodeFiles]:
    """Return what nodesmith makes of a spec; made once."""
    if number not in MADE:
        with tempfile.TemporaryDirectory() as folder:
            specs = load(Path(folder), [SPECS[number]])
            files = make(specs, Path(folder), packaged_templates(), tell=lambda _: None).files
            MADE[number] = {unit: unit_files for unit, unit_files in files.items() if unit != "."}
    return MADE[number]


@dataclass(frozen=True)
class Edit:
    """What a person does to one file: `where` are fractions, so that an edit fits any file."""

    kind: str
    file: float
    where: float
    size: int


EDITS = st.builds(
    Edit,
    kind=st.sampled_from(["insert", "replace", "cut", "crlf", "bom", "chmod", "delete", "new", "append"]),
    file=st.floats(0, 0.999),
    where=st.floats(0, 1),
    size=st.integers(1, 4),
)
ROUNDS = st.lists(
    st.tuples(st.lists(EDITS, max_size=6), st.sampled_from(range(len(SPECS)))), min_size=1, max_size=3
)
CHOICES = st.sampled_from([None, *Resolution])


def carry_out(edit: Edit, node: Path, mark: str) -> str:
    """Do an edit and return the line it added, if any."""
    files = [path for path in sorted(node.rglob("*")) if path.is_file() and ".nodesmith" not in path.parts]
    place = files[int(edit.file * len(files))]
    data = place.read_bytes()
    lines = data.splitlines(keepends=True)
    at = int(edit.where * len(lines))
    line = f"# {mark}\n".encode()
    match edit.kind:
        case "insert":
            lines[at:at] = [line]
        case "replace":
            lines[at : at + edit.size] = [line]
        case "append":
            lines.append(line.rstrip(b"\n"))
        case "cut":
            del lines[at : at + edit.size]
        case "crlf":
            lines = [data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")]
        case "bom":
            lines = [b"\xef\xbb\xbf", data]
        case "new":
            place = place.with_name(f"own_{edit.size}.txt")
            lines = [line]
        case "chmod":
            place.chmod(0o700)
        case "delete":
            place.unlink()
            return ""
    place.write_bytes(b"".join(lines))
    return f"# {mark}"


def actions(plan: Plan) -> list[tuple[str, Action, str, str]]:
    return [
        (unit.place(change.path), change.action, change.moved_from, change.detail) for unit, change in plan
    ]


def lines_of(target: Path) -> set[str]:
    return {
        line.strip().removeprefix("\ufeff")
        for path, data in contents(target).items()
        if ".nodesmith" not in path.split("/") and not path.endswith(".rej")
        for line in data.decode().splitlines()
    }


def generate(number: int, target: Path, choices: Choices) -> Plan | None:
    """Look first, then do it: the two must agree, and a conflict must change nothing."""
    planned = preview(made(number), target, replace(choices, preview=True), templates="")
    before = tree(target)
    if planned.conflicts:
        with pytest.raises(UnresolvedError) as raised:
            write(made(number), target, choices, templates="")
        assert actions(raised.value.plan) == actions(planned)
        assert tree(target) == before
        return None
    done = write(made(number), target, choices, templates="")
    assert actions(done) == actions(planned)
    assert planned.is_stale or tree(target) == before
    return done


@pytest.mark.parametrize("has_git", [True, False])
@settings(deadline=None)
@given(rounds=ROUNDS, choice=CHOICES)
def test_no_line_of_a_person_is_lost(
    has_git: bool, rounds: list[tuple[list[Edit], int]], choice: Resolution | None
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as environment:
        if not has_git:
            environment.setenv("PATH", folder)
        target = Path(folder) / "out"
        (node,) = made(0)
        generate(0, target, NO_CHOICES)
        for number, (edits, spec) in enumerate(rounds):
            for each, edit in enumerate(edits):
                carry_out(edit, target / node, f"line {number}.{each} of the person's")
            mine = {line for line in lines_of(target) if line.endswith("of the person's")}
            done = generate(spec, target, replace(NO_CHOICES, conflict=choice))
            if choice is not Resolution.THEIRS:
                assert lines_of(target) >= mine
            if done is not None and choice is not Resolution.MARKERS:
                again = generate(spec, target, NO_CHOICES)
                assert again is not None
                assert not again.is_stale


def test_every_spec_leads_to_every_other_and_back(tmp_path: Path) -> None:
    """Without edits the way makes no difference, but for what is written once."""
    for start in range(len(SPECS)):
        for end in range(len(SPECS)):
            target = tmp_path / f"{start}-{end}"
            for number in (start, end):
                assert generate(number, target, NO_CHOICES)
            (node,) = made(end)
            there = contents(target / node)
            for path, file in made(end)[node].items():
                if file.owner.value == "generated":
                    assert there[path].decode() == file.text
            assert not [
                path for path in there if "pristine" in path and path.split("pristine/")[1][:-4] not in there
            ]
            shutil.rmtree(target)
