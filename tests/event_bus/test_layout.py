"""How a start script finds its node's module, whatever folders it lies in."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from nodesmith.generation.event_bus.layout import Layout, layout_of
from nodesmith.generation.event_bus.source import Source
from nodesmith.generation.event_bus_integration import startup_script
from nodesmith.generation.rendering import packaged_templates

if TYPE_CHECKING:
    from pathlib import Path

# Imports of the node at top/app/node.py; what is there beside it; levels; whether what lies beside is imported.
CASES = {
    "alone": ("import json", [], 0, False),
    "beside it": ("import parts", ["app/parts.py"], 0, True),
    "in a package": ("from .parts import x", ["app/__init__.py", "app/parts.py"], 1, False),
    "in a package that does not know it": ("from .parts import x", ["app/parts.py"], 1, False),
    "from above": ("from ..parts import x", ["parts.py"], 2, False),
    "by the folder's name": ("from app.parts import x", ["app/parts.py"], 1, False),
    "by a folder's name further up": ("import top.parts", ["parts.py"], 2, False),
    "both ways": ("from . import parts\nimport other_parts", ["app/parts.py", "app/other_parts.py"], 1, True),
    "a library of the same name": ("from .click import x\nimport click", ["app/click.py"], 1, False),
    "a standard module of the same name": ("from . import parts\nimport json", ["app/json.py"], 1, False),
    "packages all the way": ("import json", ["app/__init__.py", "__init__.py"], 2, False),
    "inside a function": ("def f():\n    from .parts import x", ["app/parts.py"], 1, False),
}


def write(tmp_path: Path, text: str, beside: list[str]) -> Path:
    place = tmp_path / "top" / "app" / "node.py"
    place.parent.mkdir(parents=True)
    for name in beside:
        (tmp_path / "top" / name).write_text("x = 1\n")
    place.write_text(text + "\nprint('imported as', __name__)\nraise SystemExit\n")
    return place


@pytest.mark.parametrize("case", CASES)
def test_the_layout_is_seen_from_the_imports_and_the_folders(case: str, tmp_path: Path) -> None:
    text, beside, levels, siblings = CASES[case]
    place = write(tmp_path, text, beside)

    layout = layout_of(Source(place.read_text(), "node.py"), place)

    assert layout == Layout(levels=levels, module_name="node", imports_siblings=siblings)


@pytest.mark.parametrize(
    "case", ["alone", "beside it", "from above", "by a folder's name further up", "both ways"]
)
def test_its_start_script_imports_it_so_from_any_folder(case: str, tmp_path: Path) -> None:
    text, beside, levels, _ = CASES[case]
    place = write(tmp_path, text, beside)
    layout = layout_of(Source(place.read_text(), "node.py"), place)
    script = place.with_name("start_node.py")
    script.write_text(startup_script(packaged_templates(), class_name="Node", layout=layout).text)

    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)

    name = ".".join(["top", "app", "node"][2 - levels :])
    assert (done.stdout, done.stderr) == (f"imported as {name}\n", "")
