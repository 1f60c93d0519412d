"""Measure an update that changes several files and conflicts in one, against `copier update`, in one run.

A person has changed the project's description in `pyproject.toml`, and the spec (for copier: the template) has changed
it as well. Both leave conflict markers there and update the other files.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from measuring import in_turn, judge, run, show, tool
from rivals import Copier, commit, files_of
from samples import NAME, one_node

LIMIT = 0.15
BEFORE, AFTER, PERSONS = "Writes customer records.", "Keeps customer records.", "Our customers."
MARKER = "<<<<<<<"


def main() -> int:
    """Print what was measured; return 1 where the limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7, help="how often each is run (default 7)")
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory(prefix="nodesmith-benchmark-") as name:
        return compare(Path(name), pairs)


def compare(folder: Path, pairs: int) -> int:
    """Prepare both projects, update copies of them in turn, and print it."""
    nodesmith(folder, BEFORE, folder / "before")
    nodesmith(folder, AFTER, folder / "after")
    [before], [after] = (folder / "before").iterdir(), (folder / "after").iterdir()
    edit(shutil.copytree(before, folder / "ours" / before.name))
    prepare_copier(folder, before, after)

    def ours(number: int) -> float:
        project = shutil.copytree(folder / "ours", folder / f"ours-{number}")
        seconds = nodesmith(folder, AFTER, project, "--conflict=markers")
        check(project / before.name, after)
        return seconds

    def theirs(number: int) -> float:
        project = shutil.copytree(folder / "theirs", folder / f"theirs-{number}")
        seconds = run([tool("copier"), "update", "--defaults", "--quiet", project]).seconds
        check(project / before.name, after)
        return seconds

    measured = in_turn(ours, theirs, pairs=pairs)
    print(f"an update with one conflict, {pairs} pairs of whole processes in turn:")
    show("nodesmith generate", measured.ours, "formatted, linted, models and contract checked")
    show("copier update", measured.theirs, "the same files, filled in only")
    return int(not judge("part of copier's time (median of the pairs)", measured.ratio, LIMIT))


def nodesmith(folder: Path, description: str, target: Path, *options: str) -> float:
    """Generate the node with a description."""
    spec = folder / f"{NAME}.node.yaml"
    spec.write_text(one_node(description))
    return run([tool("nodesmith"), "generate", spec, "-o", target, *options]).seconds


def prepare_copier(folder: Path, before: Path, after: Path) -> None:
    """Make a template of two versions, and a project of the first, edited, all under version control."""
    copier = Copier(folder, before)
    copier.commit("v1")
    copier.write(after)
    copier.commit("v2")
    copier.generate(folder / "theirs", "--vcs-ref=v1")
    commit(folder / "theirs", "generated")
    edit(folder / "theirs" / before.name)
    commit(folder / "theirs", "edited")


def edit(node: Path) -> None:
    """Change what the update changes as well."""
    project = node / "pyproject.toml"
    project.write_text(project.read_text().replace(BEFORE, PERSONS))


def check(updated: Path, wanted: Path) -> None:
    """Make sure that one file holds a conflict and every other is what was wanted, else the comparison is none."""
    texts = {path: file.read_text() for path, file in files_of(updated).items()}
    conflicts = [path for path, text in texts.items() if MARKER in text]
    others = {
        path
        for path, file in files_of(wanted).items()
        if path not in conflicts and texts[path].strip() != file.read_text().strip()
    }
    if conflicts != ["pyproject.toml"] or others:
        sys.exit(f"{updated}: conflicts in {conflicts}, not updated: {sorted(others)}; nothing to compare")


if __name__ == "__main__":
    sys.exit(main())
