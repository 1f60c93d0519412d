"""Imports come out in isort's order, as ruff itself sees it, for modules that were in order before."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from event_bus.corpus import BLOCKS as WITH_ADOPTION
from event_bus.sources import NODE, spliced

from nodesmith.generation.event_bus.splice import splice_event_bus

if TYPE_CHECKING:
    from pathlib import Path

BODY = '''

class Node:
    """Has the bus put into it."""
'''
RUNTIME = "from nodesmith.runtime import NodeDefinition\n"
LONG = "from nodesmith.runtime import NodeDefinition, NodeIdentity, Operation, Reducer\n"
WRAPPED = "from nodesmith.runtime import (\n    NodeDefinition,\n    NodeIdentity,\n    zeta,\n)\n"
COMMENTED = "from nodesmith.runtime import (\n    NodeDefinition,  # what it is\n    Operation,  # one\n)\n"
TYPES = "from typing import TYPE_CHECKING\n"
CHECKED = "\nif TYPE_CHECKING:\n    from collections.abc import Mapping\n"
FUTURE = "from __future__ import annotations\n"

HEADERS = {
    "nothing": "",
    "docstring": '"""Says."""\n',
    "licence": "# Somebody's licence.\n",
    "shebang": "#!/usr/bin/env python3\n",
    "future": FUTURE,
    "docstring_and_future": f'"""Says."""\n\n{FUTURE}',
    "standard": "import sys\n",
    "early": "import abc\nimport zlib\n",
    "all_there": "import asyncio\nimport os\nfrom uuid import UUID, uuid4\n",
    "some_there": f"{FUTURE}\nimport os\nfrom uuid import uuid4\n",
    "third_before": "from aiohttp import web\n",
    "third_after": "from pydantic import BaseModel\n",
    "third_around": f"import sys\n\nimport aiohttp\nimport zeroconf\n{RUNTIME}from pydantic import BaseModel\n",
    "local": "from .models import Model\n",
    "runtime": RUNTIME,
    "runtime_long": LONG,
    "runtime_wrapped": WRAPPED,
    "runtime_commented": COMMENTED,
    "all_groups": f"{FUTURE}\nimport sys\n{TYPES}\n{RUNTIME}from pydantic import Field\n\nfrom . import models\n",
    "checked": f"{FUTURE}\n{TYPES}\n{RUNTIME}{CHECKED}",
    "comment_above": f"import sys\n\n# validates\nfrom pydantic import BaseModel\n\n# ours\nfrom .a import b\n{CHECKED}",
    "constant_after": f"import sys\n{TYPES}\nLIMIT = 3\n",
    "constant_before": "LIMIT = 3\n\nimport sys\n",
    "guarded": "import sys\n\ntry:\n    import orjson\nexcept ImportError:\n    orjson = None\n",
    "only_guarded": "try:\n    import orjson\nexcept ImportError:\n    orjson = None\n",
    "submodule": "import os.path\n",
    "renamed": "import sys\n\nfrom nodesmith.runtime import NodeIdentity as Identity\n",
}
RULES = "E,F,I,UP,B"
# What the headers import is not used, and one of them imports late on purpose.
EXCEPT = "F401,F821,E402"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("imports")
    for name, header in HEADERS.items():
        (path / f"{name}.py").write_text(spliced(header + BODY, "Node"))
        adopted = splice_event_bus(header + BODY, class_name="Node", blocks=WITH_ADOPTION)
        (path / f"{name}_adopted.py").write_text(adopted)
    (path / "whole_node.py").write_text(spliced(NODE))
    return path


# Run from the folder: from the project's own, ruff would take nodesmith for code of this project.
def ruff(*arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    return (done.stdout + done.stderr) if done.returncode else ""


def test_the_headers_were_in_order_before(tmp_path: Path) -> None:
    for name, header in HEADERS.items():
        (tmp_path / f"{name}.py").write_text(header + BODY)

    assert not ruff("check", "--isolated", "--select", "I", folder=tmp_path)


def test_spliced_modules_pass_ruffs_checks(folder: Path) -> None:
    assert not ruff("check", "--isolated", "--select", RULES, "--ignore", EXCEPT, folder=folder)


def test_spliced_modules_are_formatted_but_for_the_quotes_of_values(folder: Path) -> None:
    preserve = 'format.quote-style="preserve"'

    assert not ruff("format", "--isolated", "--diff", "--config", preserve, folder=folder)


def test_comments_stay_with_the_names_they_are_about(folder: Path) -> None:
    text = (folder / "runtime_commented.py").read_text()

    assert "    NodeDefinition,  # what it is\n    NodeService,\n    Operation,  # one\n    default" in text


def test_comments_above_an_import_stay_above_it(folder: Path) -> None:
    text = (folder / "comment_above.py").read_text()

    assert "# validates\nfrom pydantic import BaseModel\n" in text
    assert "# ours\nfrom .a import b\n" in text
