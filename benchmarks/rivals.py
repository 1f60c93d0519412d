"""The rivals' templates, made from what nodesmith generates: the same files with the same bytes, a name filled in."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from measuring import run, tool
from samples import NAME

if TYPE_CHECKING:
    from pathlib import Path

# nodesmith's own memory of what it made; the rivals have theirs.
MEMORY = ".nodesmith"


def files_of(node: Path) -> dict[str, Path]:
    """Return the files of a generated node by their paths, without what nodesmith keeps for itself."""
    return {
        file.relative_to(node).as_posix(): file
        for file in sorted(node.rglob("*"))
        if file.is_file() and MEMORY not in file.parts
    }


def check_same(ours: Path, theirs: Path, *, name: str) -> None:
    """Make sure that both wrote the same files into their folders, else the comparison is none."""
    contents = [
        {path: file.read_text().strip() for path, file in files_of(root).items()} for root in (ours, theirs)
    ]
    contents[1].pop(".copier-answers.yml", None)
    if contents[0] != contents[1]:
        sys.exit(f"{name}'s template does not write what nodesmith writes: nothing to compare")


def fill_template(template: Path, node: Path, *, variable: str, suffix: str = "") -> None:
    """Write the files of a node into a template, its name replaced by `variable`."""
    for path, file in files_of(node).items():
        place = template / node.name.replace(NAME, variable) / f"{path}{suffix}"
        place.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text()
        if any(sign in text for sign in ("{{", "{%", "{#")):
            text = "".join(f"{{% raw %}}{line}{{% endraw %}}" for line in text.splitlines(keepends=True))
        place.write_text(text.replace(NAME, variable))
        place.chmod(file.stat().st_mode)


class Cookiecutter:
    """Writes a node by cookiecutter; its settings stay in `folder`."""

    def __init__(self, folder: Path, node: Path) -> None:
        self.template, self.config = folder / "cookiecutter", folder / "cookiecutter.yaml"
        fill_template(self.template, node, variable="{{ cookiecutter.name }}")
        (self.template / "cookiecutter.json").write_text(json.dumps({"name": NAME}))
        self.config.write_text(
            f'cookiecutters_dir: "{folder}/cookiecutters"\nreplay_dir: "{folder}/replay"\n'
        )

    def generate(self, target: Path) -> float:
        """Write the node under `target` and return the seconds it took."""
        options = ["--no-input", "--config-file", self.config, "-o", target]
        return run([tool("cookiecutter"), *options, self.template]).seconds


class Copier:
    """Writes and updates a node by copier."""

    def __init__(self, folder: Path, node: Path) -> None:
        self.template = folder / "copier"
        self.write(node)

    def write(self, node: Path) -> None:
        """Make the template write what `node` holds."""
        fill_template(self.template, node, variable="{{ name }}", suffix=".jinja")
        (self.template / "copier.yml").write_text(f"name: {{type: str, default: {NAME}}}\n")
        answers = self.template / "{{ _copier_conf.answers_file }}.jinja"
        answers.write_text("{{ _copier_answers|to_nice_yaml }}\n")

    def generate(self, target: Path, *options: str) -> float:
        """Write the node under `target` and return the seconds it took."""
        return run([tool("copier"), "copy", "--defaults", "--quiet", *options, self.template, target]).seconds

    def commit(self, tag: str) -> None:
        """Make the template as it is a version of it."""
        commit(self.template, tag)
        run(["git", "tag", tag], cwd=self.template)


def commit(folder: Path, message: str) -> None:
    """Put all of a folder under version control."""
    if not (folder / ".git").exists():
        run(["git", "init", "--quiet"], cwd=folder)
    run(["git", "add", "--all"], cwd=folder)
    run(["git", "commit", "--quiet", "--message", message], cwd=folder)
