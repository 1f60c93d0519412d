"""A node's spec, its folder, and the command line that makes the one of the other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodesmith.cli.application import run
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NODE = "node_shop_keeper_effect"
KEEP: dict[str, object] = {
    "description": "Keep an item.",
    "input": {"item_id": "str"},
    "output": {"kept": "bool"},
}
DROP: dict[str, object] = {"input": {"item_id": "str"}, "output": {}}

Tree = dict[str, tuple[bytes, int]]


def keeper(**more: Any) -> dict[str, object]:
    """Return the spec of a node that keeps things."""
    return {
        "node": "effect", "name": "keeper", "domain": "shop", "version": "1.0.0",
        "description": "Keeps items.", "operations": {"keep": KEEP, "drop": DROP}, **more,
    }  # fmt: skip


def renamed(description: str = "Keeps items in order.") -> dict[str, object]:
    """Return the spec with a change that comes through in `README.md`, `pyproject.toml`, `node.py` and others."""
    return keeper(description=description)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def files(self) -> dict[str, str]:
        """What was done to each file, from the JSON object."""
        return {file["path"]: file["action"] for file in json.loads(self.out)["files"]}

    def action(self, path: str) -> str:
        return self.files[f"{NODE}/{path}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    folder: Path
    captured: pytest.CaptureFixture[str]

    @property
    def node(self) -> Path:
        return self.out / NODE

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def generate(self, spec: dict[str, object] | None = None, *options: str) -> Told:
        """Write the spec and run `nodesmith generate` on it."""
        file = self.folder / "keeper.node.yaml"
        file.write_text(to_yaml(spec or keeper()), encoding="utf-8")
        self.captured.readouterr()
        code = run(["generate", str(file), "-o", str(self.out), *options])
        printed = self.captured.readouterr()
        return Told(code=code, out=printed.out, err=printed.err)

    def json(self, spec: dict[str, object] | None = None, *options: str) -> Told:
        return self.generate(spec, *options, "--json")

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a text of a file, as a person would."""
        place = self.node / path
        text = place.read_bytes().decode()
        assert old in text, f"{old!r} is not in {path}"
        place.write_bytes(text.replace(old, new, 1).encode())

    def read(self, path: str) -> str:
        return (self.node / path).read_bytes().decode()

    def tree(self) -> Tree:
        """Return every file under the target: its bytes and when it was written."""
        return tree(self.out)


def tree(folder: Path) -> Tree:
    """Return every file below a folder: its bytes and when it was written."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder."""
    return {path: data for path, (data, _) in tree(folder).items()}
