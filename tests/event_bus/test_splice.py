"""Where the blocks go, and what is refused, with a place and a way out."""

from __future__ import annotations

import ast

import pytest
from event_bus.sources import (
    BLOCKS,
    CLASS,
    INIT_ATTRIBUTES,
    METHODS,
    NODE,
    class_named,
    method_names,
    spliced,
)

from nodesmith.errors import Finding, GateError
from nodesmith.generation.event_bus.splice import splice_event_bus


def refused(source: str, class_name: str = CLASS) -> Finding:
    with pytest.raises(GateError) as caught:
        splice_event_bus(source, class_name=class_name, blocks=BLOCKS, file="v1_0_0/node.py")
    assert caught.value.stage == "4.5"
    finding = caught.value.findings[0]
    assert finding.fix
    assert finding.file == "v1_0_0/node.py"
    return finding


def node(body: str, *, above: str = "", header: str = "class Node:") -> str:
    return f"{above}{header}\n{body}"


def init_attributes(source: str, name: str) -> list[str]:
    init = next(item for item in class_named(source, name).body if getattr(item, "name", "") == "__init__")
    assert isinstance(init, ast.FunctionDef)
    stores = (item for item in ast.walk(init) if isinstance(item, ast.Attribute))
    return [item.attr for item in stores if isinstance(item.ctx, ast.Store)]


def test_the_guard_comes_after_the_last_import_and_before_the_class() -> None:
    body = ast.parse(spliced(NODE)).body

    kinds = [type(item).__name__ for item in body]
    assert kinds[-3:] == ["If", "Try", "ClassDef"]


def test_the_methods_come_last_and_in_order() -> None:
    assert method_names(spliced(NODE)) == ["__init__", "process", *METHODS]


def test_init_ends_with_the_attributes_of_the_bus() -> None:
    assert init_attributes(spliced(NODE), CLASS) == ["definition", *INIT_ATTRIBUTES]


def test_a_second_run_gives_back_the_very_text() -> None:
    once = spliced(NODE)

    assert spliced(once) == once


def test_formatting_a_spliced_module_does_not_make_it_another_one() -> None:
    reformatted = ast.unparse(ast.parse(spliced(NODE)))

    assert spliced(reformatted) == reformatted


def test_a_class_without_init_gets_one_before_its_first_method() -> None:
    source = node(
        "    x = 1\n\n    # about it\n    @property\n    def size(self) -> int:\n        return 1\n"
    )

    result = spliced(source, "Node")

    assert method_names(result, "Node") == ["__init__", "size", *METHODS]
    assert "\n    # about it\n    @property\n    def size" in result


def test_a_class_of_one_line_is_unfolded() -> None:
    result = spliced("import os\nclass Node: x = 'é'; y = 2  # two\n", "Node")

    assert "class Node:\n    x = 'é'; y = 2  # two\n" in result
    assert method_names(result, "Node") == ["__init__", *METHODS]


def test_a_return_at_the_end_of_init_stays_the_end() -> None:
    result = spliced(node("    def __init__(self):\n        self.x = 1\n        return\n"), "Node")

    assert "self._service: NodeService | None = None\n        return\n" in result


def test_a_comment_at_the_end_of_init_stays_above_the_block() -> None:
    result = spliced(node("    def __init__(self):\n        self.x = 1\n        # that is all\n"), "Node")

    assert "self.x = 1\n        # that is all\n        self.event_publisher" in result


def test_only_the_named_class_of_several_is_changed() -> None:
    source = node("    x = 1\n") + "\n\nclass Other:\n    class Node:\n        def shutdown(self): ...\n"

    result = spliced(source, "Node")

    assert result.endswith(source[source.index("\n\nclass Other") :])


def test_a_mark_at_the_start_of_the_text_stays_there() -> None:
    result = spliced("\ufeffclass Node:\n    x = 1\n", "Node")

    assert result.rindex("\ufeff") == 0


def test_lone_carriage_returns_stay_the_line_ends() -> None:
    result = spliced("import os\rclass Node:\r  x = 1\r", "Node")

    assert "\n" not in result
    assert method_names(result, "Node") == ["__init__", *METHODS]


@pytest.mark.parametrize(
    "source",
    [
        '"""Doc."""; import sys\nclass Node: x = 1\n',
        "import sys; class_ = [\n1]\nclass Node: x = 1\n",
        "x = 1; import os\nclass Node: ...\n",
        "class Node: ...\nfrom nodesmith.runtime import Operation\n",
        "def f(): ...\nimport sys\nclass Node: ...\n",
        "with open('x') as f:\n    import sys\nclass Node:\n\tx = 1",
        "class Node:\n    x = 1\n    # the end",
    ],
)
def test_odd_places_for_imports_still_make_a_module_that_compiles(source: str) -> None:
    once = spliced(source, "Node")

    compile(once, "node.py", "exec")
    assert ast.get_docstring(ast.parse(once)) == ast.get_docstring(ast.parse(source))
    assert once.count("import UUID") == once.count("make_node_id,") == 1
    assert spliced(once, "Node") == once


def test_a_class_that_is_not_there_is_refused_with_those_that_are() -> None:
    finding = refused(NODE, "NodeMailerEfect")

    assert finding.rule == "class-missing"
    assert CLASS in finding.message
    assert CLASS in finding.fix


def test_a_class_that_is_there_twice_is_refused() -> None:
    finding = refused("class Node:\n    x = 1\n\n\nclass Node:\n    x = 2\n", "Node")

    assert (finding.rule, finding.line) == ("class-twice", 5)


def test_text_that_does_not_parse_is_refused_with_its_place() -> None:
    finding = refused("class Node:\n    def x(:\n", "Node")

    assert (finding.rule, finding.line) == ("syntax", 2)


def test_a_null_character_is_refused() -> None:
    assert refused("class Node:\n    x = '\0'\n", "Node").rule == "syntax"


def test_a_method_of_the_same_name_and_other_content_is_refused() -> None:
    source = NODE + "\n    async def shutdown(self) -> None:\n        self.done = True\n"

    finding = refused(source)

    assert finding.rule == "conflict"
    assert "shutdown" in finding.message
    assert source.splitlines()[finding.line - 1].strip().startswith("async def shutdown")


def test_an_edited_method_of_the_bus_is_a_conflict_and_is_not_overwritten() -> None:
    edited = spliced(NODE).replace("self._shutdown_event.set()", "self._shutdown_event.set(); print()")

    assert refused(edited).rule == "conflict"


@pytest.mark.parametrize(
    "cut",
    [
        "        self.is_running = False\n        self._shutdown_event",
        "else:\n    EVENT_BUS_AVAILABLE = True\n",
        "    def _get_node_capabilities",
    ],
)
def test_a_part_that_is_missing_beside_others_is_refused(cut: str) -> None:
    source = spliced(NODE)
    replacement = cut.replace("self.is_running = False", "pass").replace("= True", "= False")
    source = source.replace(cut, replacement.replace("_get_node_capabilities", "_other"))

    assert refused(source).rule in {"partial", "conflict"}


def test_a_missing_import_of_an_integrated_module_is_refused() -> None:
    assert refused(spliced(NODE).replace("import os\n", "")).rule == "partial"


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("    is_running = True\n", "conflict"),
        ("    def __init__(self):\n        self._service = 1\n", "conflict"),
        ("    def start(self):\n        self._node_id: int = 1\n", "conflict"),
        ("    def __init__(self):\n        if self:\n            return\n        self.x = 1\n", "init-shape"),
        ("    def __init__(self):\n        self.x = 1; return\n", "init-shape"),
        ("    def __init__(self):\n        raise TypeError\n", "init-shape"),
        ("    def __init__(this):\n        this.x = 1\n", "init-shape"),
        ("    if True:\n        def __init__(self):\n            pass\n", "init-shape"),
        ("    def __init__(self, os=1):\n        self.x = os\n", "name-taken"),
        ("    def __init__(self):\n        asyncio = 1\n", "name-taken"),
        ("    __slots__ = ('x',)\n", "class-shape"),
    ],
)
def test_a_class_the_bus_cannot_be_put_into_is_refused_with_its_line(body: str, rule: str) -> None:
    finding = refused(node(body), "Node")

    assert finding.rule == rule
    assert finding.line > 1


@pytest.mark.parametrize(
    "above",
    [
        "try:\n    import asyncio\nexcept ImportError:\n    asyncio = None\n",
        "import sys\n\ntry:\n    import os\nfinally:\n    pass\n",
        "import typing\n\nif typing.TYPE_CHECKING:\n    from uuid import UUID\n",
        "import sys\nif sys.version_info > (3,):\n    from uuid import UUID\n",
        "def work():\n    import asyncio as os\n    UUID = 1\n",
    ],
)
def test_the_same_import_under_a_condition_is_done_once_more_above_the_class(above: str) -> None:
    result = spliced(node("    x = 1\n", above=above), "Node")

    compile(result, "node.py", "exec")
    assert spliced(result, "Node") == result
    assert result.count("\nimport asyncio\n") + result.startswith("import asyncio\n") == 1
    assert "\nfrom uuid import UUID\n" in result


BASE = "class Base:\n    def __init__(self):\n        self.x = 1\n\n\n"


def test_a_base_class_that_takes_nothing_is_set_up_first() -> None:
    result = spliced(node("    y = 1\n", above=BASE, header="class Node(Base):"), "Node")

    assert "super().__init__()\n        self.event_publisher" in result
    assert spliced(result, "Node") == result


@pytest.mark.parametrize(
    ("above", "header", "rule"),
    [
        (BASE.replace("self)", "self, x=1)"), "class Node(Base):", "init-shape"),
        (BASE.replace("self.x", "self._service"), "class Node(Base):", "conflict"),
        ("class Base:\n    def shutdown(self): ...\n\n\n", "class Node(Base):", "conflict"),
        ("class Base(Other):\n    y = 1\n\n\n", "class Node(Base):", "init-shape"),
        (f"{BASE}class More: ...\n\n\n", "class Node(More, Base):", "init-shape"),
        ("class Base:\n    def __new__(cls, a): ...\n\n\n", "class Node(Base):", "init-shape"),
        ("class Base(metaclass=Meta):\n    y = 1\n\n\n", "class Node(Base):", "class-shape"),
        ("import enum\n\n\n", "class Node(enum.Enum):", "class-shape"),
    ],
)
def test_a_base_class_that_may_be_upset_is_refused(above: str, header: str, rule: str) -> None:
    assert refused(node("    x = 1\n", above=above, header=header), "Node").rule == rule


@pytest.mark.parametrize(
    "header",
    ["class Node(Base):", "@dataclass\nclass Node:", "@attrs.define(slots=True)\nclass Node(object):"],
)
def test_an_init_that_somebody_else_writes_is_refused(header: str) -> None:
    assert refused(node("    x: int = 1\n", header=header), "Node").rule in {"init-shape", "class-shape"}


@pytest.mark.parametrize(
    "above",
    [
        "from my.system import os\n",
        "def default_instance_id(): ...\n",
        "try:\n    import trio as asyncio\nexcept ImportError:\n    import asyncio\n",
        "try:\n    import asyncio, orjson\nexcept ImportError:\n    asyncio = None\n",
        "try:\n    pass\nexcept ValueError as os:\n    pass\n",
        "from my.system import *\n",
        "EventPublisher = None\n",
        "def list(): ...\n",
    ],
)
def test_a_name_that_means_something_else_in_the_module_is_refused(above: str) -> None:
    finding = refused(node("    x = 1\n", above=above), "Node")

    assert finding.rule in {"conflict", "name-taken"}
    assert finding.line >= 1
