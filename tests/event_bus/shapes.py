"""Modules of many shapes, for hypothesis: imports, docstrings, decorators, indentation, line ends, odd text."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

CLASS = "NodeOdd"


class Shape(NamedTuple):
    """A module's text; `folded` where a body stands on its header's line."""

    text: str
    folded: bool


HEADERS = st.sampled_from(
    [
        "",
        "#!/usr/bin/env python3\n",
        "# -*- coding: utf-8 -*-\n# Liberté\n\n",
        "# Somebody's licence, ©\n",
        '"""One line, naïve."""\n',
        '"""Says\n\n# not a comment\nimport this\n"""\n\n',
        "\n\n",
    ]
)
FUTURE = st.sampled_from(
    ["", "from __future__ import annotations\n", "from __future__ import annotations\n\n"]
)
IMPORTS = st.lists(
    st.sampled_from(
        [
            "import asyncio\n",
            "import os\n",
            "import os.path\n",
            "import sys, json\n",
            "import sys; import json\n",
            "from uuid import UUID\n",
            "from uuid import (\n    UUID,  # é, the id\n    uuid4,\n)\n",
            "from uuid import uuid4 as é; é()\n",
            "from typing import TYPE_CHECKING\n",
            "from pydantic import BaseModel  # checks\n",
            "from nodesmith.runtime import NodeDefinition\n",
            "from nodesmith.runtime import (\n    NodeDefinition,  # what it is\n    Operation  # é\n)\n",
            "from nodesmith.runtime import (NodeDefinition, \\\n  NodeIdentity)\n",
            "from nodesmith.runtime import NodeIdentity as Identity, \\\n    make_node_id\n",
            "from .models import Model\n",
            "from . import models\n",
            "# about the next one\n",
            "\n",
            "try:\n    import orjson\nexcept ImportError:\n    orjson = None\n",
            "if TYPE_CHECKING:\n    from collections.abc import Mapping\n",
            "LIMIT = 'é' * 3; SECOND = [\n    1,\n]\n",
        ]
    ),
    max_size=7,
).map("".join)
MIDDLES = st.sampled_from(
    [
        "",
        "\n\n",
        "\n\ndef helper(a, b=1):\n    return [a,\n        b]\n\n\n",
        "\n# about the class\n",
        'TEXT = """é\n# not a comment\n"""\n\n',
    ]
)
DECORATORS = st.sampled_from(["", "@str\n", "@print(\n    'é',\n)\n# after it\n"])
CLASS_HEADERS = st.sampled_from(
    [f"class {CLASS}:\n", f"class {CLASS}(object):  # é\n", f"class {CLASS}(\n    object,\n):\n"]
)
# `>` is one level of indentation.
DOCSTRINGS = st.sampled_from(["", '>"""Naïve."""\n', '>"""Many\n\n>lines.\n>"""\n\n', '>x = "é"; y = 2\n'])
INITS = st.sampled_from(
    [
        "",
        ">def __init__(self):\n>>pass\n",
        ">def __init__(self):\n>>self.x = 'é'; self.y = [\n1, 2]\n",
        ">def __init__(self, a=(\n1, 2,\n), *, b='é'):\n>>self.a = a\n>># said about a\n",
        ">def __init__(self):\n>>if self:\n>>>for _ in ():\n>>>>pass\n>>>>\n>># done\n\n",
        ">def __init__(self):\n>>with open('é') as é:\n>>>self.x = lambda: é\n>>return\n",
        ">def __init__(self):\n>>def inner():\n>>>return 1\n>>self.x = inner # é\n>>return None\n",
        ">@print\n>def __init__(self) -> None:\n>>'''Doc.\n\nstring'''\n",
    ]
)
FOLDED_INITS = st.sampled_from(
    [
        ">def __init__(self): self.x = 'é'\n",
        ">def __init__(self, é=1): self.x = é; self.y = 2  # é\n",
        ">def __init__(self,\n>>a=1): return\n",
    ]
)
MEMBERS = st.lists(
    st.sampled_from(
        [
            "\n>def work(self):\n>>return 'é'\n",
            "\n>@property\n>def size(self):\n>>return {\n1: 2}[1]\n",
            ">class Inner:\n>>def __init__(self):\n>>>self.is_running = 1\n>>>return\n",
            ">async def process(self, operation, payload):\n>>'''Run.'''\n>>return payload\n",
            ">limit = 3\n",
            "\n># a comment of the class\n",
        ]
    ),
    min_size=1,
    max_size=3,
).map("".join)
ENDS = st.sampled_from(
    [
        "",
        "\n\nif __name__ == '__main__':\n    print('é')\n",
        "# the end\n",
        "\n\nclass Other:\n    is_running = 1\n",
    ]
)


@st.composite
def modules(draw: st.DrawFn, *, folded: bool = False) -> Shape:
    """Return a module with a class the bus can be put into; a dataclass is set up by its `__post_init__`."""
    is_dataclass = draw(st.booleans())
    unit = draw(st.sampled_from(["    ", "  ", "\t"]))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    init = draw(FOLDED_INITS if folded else INITS)
    if is_dataclass:
        init = init.replace("__init__", "__post_init__")
    body = draw(DOCSTRINGS) + init + draw(MEMBERS)
    if body.strip(">\n").startswith("#"):
        body = ">z = 1\n" + body
    parts = [draw(HEADERS), draw(FUTURE), draw(IMPORTS), draw(MIDDLES)]
    if is_dataclass:
        parts.append("from dataclasses import dataclass as data\n")
    decorators = draw(DECORATORS) + ("@data(kw_only=True, order=False)\n" if is_dataclass else "")
    text = "".join([*parts, decorators, draw(CLASS_HEADERS), _indented(body, unit), draw(ENDS)])
    if draw(st.booleans()):
        text = text.rstrip("\n")
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return Shape(mark + text.replace("\n", newline), folded=folded)


def _indented(body: str, unit: str) -> str:
    lines = body.split("\n")
    return "\n".join(unit * (len(line) - len(line.lstrip(">"))) + line.lstrip(">") for line in lines)
