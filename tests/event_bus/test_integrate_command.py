"""`nodesmith integrate` as a person meets it: what it writes, what it asks, what it refuses, and what it leaves alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "from pydantic import BaseModel\n\n\nclass Text(BaseModel):\n    text: str\n"
NODE = f'''{MODEL}

class NodeEchoEffect:
    """Says it again."""

    def echo(self, request: Text) -> Text:
        return request
'''


def integrate(
    module: Path, *options: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nodesmith", "integrate", str(module), *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=module.parent,
        env={**os.environ, **(environment or {})},
    )


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "node.py"
    path.write_text(NODE)
    return path


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_both_files_are_written_and_nothing_else(module: Path) -> None:
    done = integrate(module)

    assert done.returncode == 0, done.stderr
    assert "update     node.py" in done.stdout
    assert "create     start_node.py" in done.stdout
    assert set(tree(module.parent)) == {"node.py", "start_node.py"}
    assert os.access(module.with_name("start_node.py"), os.X_OK)
    assert not os.access(module, os.X_OK)


def test_what_nobody_said_is_told(module: Path) -> None:
    told = integrate(module).stderr

    assert "name echo (by the class's name)" in told
    assert "domain none (none was given)" in told
    assert "archetype effect (by the class's name)" in told
    assert "version 1.0.0 (no folder says another)" in told
    assert "echo" in told.splitlines()[-1]


def test_a_second_run_changes_nothing_and_says_so(module: Path) -> None:
    integrate(module, "--domain", "crm")
    before = tree(module.parent)

    again, with_option = integrate(module), integrate(module, "--domain", "crm")

    assert tree(module.parent) == before
    for done in (again, with_option):
        assert done.returncode == 0
        assert "nothing was changed" in done.stdout


def test_diff_writes_nothing_and_prints_a_patch_that_does_the_same(module: Path) -> None:
    before = tree(module.parent)
    patch = integrate(module, "--diff").stdout
    assert tree(module.parent) == before

    subprocess.run(["git", "apply", "-"], input=patch, text=True, cwd=module.parent, check=True)
    patched = tree(module.parent)
    module.write_text(NODE)
    module.with_name("start_node.py").unlink()
    integrate(module)

    assert tree(module.parent) == patched


def test_json_says_it_all_in_one_object(module: Path) -> None:
    document = json.loads(integrate(module, "--json", "--diff", "--domain", "crm").stdout)

    assert document["class"] == "NodeEchoEffect"
    assert document["node"] == {"name": "echo", "domain": "crm", "archetype": "effect", "version": "1.0.0"}
    assert document["files"] == [
        {"path": "node.py", "action": "update"},
        {"path": "start_node.py", "action": "create"},
    ]
    assert document["operations"] == ["echo"]
    assert document["written"] is False
    assert document["diff"].startswith("diff --git a/node.py b/node.py\n")


def test_a_folder_says_the_domain_and_the_version(tmp_path: Path) -> None:
    folder = tmp_path / "node_crm_echo_effect" / "v2_1_0"
    folder.mkdir(parents=True)
    (folder / "node.py").write_text(NODE)

    told = json.loads(integrate(folder / "node.py", "--json").stdout)

    assert told["node"] == {"name": "echo", "domain": "crm", "archetype": "effect", "version": "2.1.0"}
    assert told["origins"]["domain"] == told["origins"]["version"] == "by the folder's name"


def test_a_folder_may_be_given_and_a_link_is_followed(module: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "linked.py"
    link.parent.mkdir()
    link.symlink_to(module)

    assert integrate(link).returncode == 0
    assert link.is_symlink()
    assert b"EVENT_BUS_AVAILABLE" in module.read_bytes()
    assert "nothing was changed" in integrate(module.parent / ".").stdout


TWO = NODE + "\n\nclass NodeOtherCompute(NodeEchoEffect):\n    pass\n"
PLAIN = NODE.replace("NodeEchoEffect", "Echo")


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        (TWO, (), ["NodeEchoEffect (line 8)", "NodeOtherCompute (line 15)", "--class NodeEchoEffect"]),
        (PLAIN, (), ["Text (line 4)", "Echo (line 8)", "--class"]),
        (PLAIN, ("--class", "Echo"), ["does not say which archetype", "--archetype effect"]),
        (NODE.replace("NodeEchoEffect", "NodeEffect"), ("--class", "NodeEffect"), ["called", "--name"]),
        (NODE, ("--name", "Echo It"), ["snake_case", "--name"]),
        (NODE, ("--domain", "C R M"), ["snake_case", "--domain"]),
        (NODE, ("--archetype", "thing"), ["--archetype"]),
    ],
)
def test_what_cannot_be_told_is_asked_for(
    source: str, options: tuple[str, ...], words: list[str], module: Path
) -> None:
    module.write_text(source)

    done = integrate(module, *options)

    assert done.returncode == 2
    assert all(word in done.stderr for word in words), done.stderr
    assert tree(module.parent) == {"node.py": source.encode()}


INIT = "    def __init__(self):\n        "


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("class NodeXEffect:\n    def x(:\n", "invalid syntax"),
        ("x = 1\n", "defines no class"),
        ("if True:\n    class NodeXEffect: x = 1\n", "defines no class"),
        (f"class NodeXEffect:\n{INIT}self.definition = {{}}\n", "cannot be seen to be a NodeDefinition"),
        ("class NodeXEffect:\n    definition = None\n", "cannot be seen to be a NodeDefinition"),
        ("class NodeXEffect:\n    def shutdown(self): ...\n", "NodeXEffect.shutdown() is there already"),
        ("class NodeXEffect:\n    def __init__(self, url):\n        pass\n", "asks for 'url'"),
        ("class NodeXEffect:\n    def list(self): ...\n", "'list' of its own"),
        ("class NodeXEffect(Base):\n    x = 1\n", "inherits its __init__ from Base"),
        ("class NodeXEffect(Exception):\n    __slots__ = ()\n", "__slots__"),
        ("class NodeXEffect(metaclass=M):\n    x = 1\n", "metaclass"),
        ("class NodeXEffect:\n    def __new__(cls, a): ...\n", "__new__"),
        ("class NodeXEffect:\n    def __setattr__(self, *a): ...\n", "__setattr__"),
        ("class NodeXEffect:\n    @abstractmethod\n    def x(self): ...\n", "is abstract"),
    ],
)
def test_what_cannot_be_done_safely_is_refused_with_place_and_fix(
    source: str, words: str, module: Path
) -> None:
    module.write_text(source)

    done = integrate(module, "--class", "NodeXEffect") if source.count("class") > 1 else integrate(module)

    assert done.returncode == 4, done.stderr
    assert words in done.stderr
    assert f"{module}:" in done.stderr or "defines no class" in done.stderr
    assert "fix:" in done.stderr
    assert tree(module.parent) == {"node.py": source.encode()}


DATACLASS = "from dataclasses import InitVar, dataclass, field\nimport dataclasses as d\n"


@pytest.mark.parametrize(
    ("decorator", "body", "words"),
    [
        ("@dataclass(frozen=True)", "x: int = 1", "frozen"),
        ("@d.dataclass(slots=True)", "x: int = 1", "slots"),
        ("@dataclass(init=False)", "x: int = 1", "has no __init__"),
        ("@dataclass(**options)", "x: int = 1", "cannot be read"),
        ("@dataclass", "x: int", "asks for 'x'"),
        ("@dataclass", "x: int = field(repr=False)", "asks for 'x'"),
        ("@dataclass", "x: InitVar[int] = 1", "InitVar"),
        ("@dataclass", "definition: int = 1", "cannot be seen to be"),
        ("@dataclass", "is_running: bool = False", "is_running is there already"),
        ("@pydantic.dataclasses.dataclass", "x: int = 1", "writes the __init__"),
        ("@attr.s", "x: int = 1", "writes the __init__"),
    ],
)
def test_dataclasses_that_cannot_hold_the_bus_are_refused(
    decorator: str, body: str, words: str, module: Path
) -> None:
    module.write_text(f"{DATACLASS}\n{decorator}\nclass NodeXEffect:\n    {body}\n")

    done = integrate(module)

    assert done.returncode == 4, done.stdout
    assert words in done.stderr
    assert "fix:" in done.stderr


@pytest.mark.parametrize(
    ("decorator", "body"),
    [
        ("@dataclass", "x: int = 1"),
        ("@d.dataclass(kw_only=True, frozen=False)", "x: list = field(default_factory=list)"),
        ("@dataclass()", "x: int = field(init=False)"),
        ("@dataclass(init=False)", "x: int\n    def __init__(self): self.x = 1"),
        (
            "@dataclass",
            "x: int = 1\n    def __post_init__(self):\n        if self.x:\n            self.x = 2",
        ),
        ("@dataclass", "x: InitVar[int] = 1\n    def __post_init__(self, x): self.y = x"),
    ],
)
def test_other_dataclasses_are_integrated_and_can_be_made(decorator: str, body: str, module: Path) -> None:
    echo = "    def echo(self, request: Text) -> Text: return request\n"
    module.write_text(f"{DATACLASS}{MODEL}\n{decorator}\nclass NodeXEffect:\n    {body}\n{echo}")

    assert integrate(module).returncode == 0
    made = "import node; print(node.NodeXEffect().definition.capabilities)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", made],
        cwd=module.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "('general.echo',)\n", done.stderr
    assert "nothing was changed" in integrate(module).stdout


def test_a_definition_of_ones_own_is_kept(module: Path) -> None:
    source = (
        f"from nodesmith.runtime import NodeDefinition, NodeIdentity\n{NODE}\n"
        f"{INIT}self.definition: NodeDefinition = make(NodeIdentity(name='again', domain='crm', archetype='effect'))\n"
    )
    module.write_text(source)

    done = integrate(module)
    contrary = integrate(module, "--name", "echo")

    assert done.returncode == 0, done.stderr
    text = module.read_text()
    assert "definition_of" not in text
    assert 'self._service_name = "again"' in text
    assert contrary.returncode == 2
    assert "'again'" in contrary.stderr


def test_what_a_person_changes_in_the_definition_stays(module: Path) -> None:
    integrate(module)
    text = module.read_text()
    module.write_text(text.replace("version=(1, 0, 0),", "version=(1, 2, 0),\n            bus_clients=(),"))
    before = tree(module.parent)

    done = integrate(module)

    assert "nothing was changed" in done.stdout
    assert tree(module.parent) == before


def test_a_generated_node_needs_nothing(tmp_path: Path) -> None:
    spec = tmp_path / "echo.node.yaml"
    spec.write_text("node: effect\nname: echo\noperations: {say: {input: {a: str}, output: {a: str}}}\n")
    generate = ["generate", str(spec), "-o", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "nodesmith", *generate], check=True, capture_output=True)

    done = integrate(tmp_path / "node_echo_effect" / "v1_0_0" / "node.py")

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("unchanged") == 2


def test_a_start_script_of_somebody_elses_is_a_conflict_and_nothing_is_written(module: Path) -> None:
    script = module.with_name("start_node.py")
    script.write_text("print('mine')\n")
    before = tree(module.parent)

    done = integrate(module)

    assert done.returncode == 3
    assert "start_node.py" in done.stderr
    assert "fix:" in done.stderr
    assert tree(module.parent) == before


def test_a_start_script_of_ours_that_was_edited_is_kept_and_a_lost_one_written_again(module: Path) -> None:
    integrate(module)
    script = module.with_name("start_node.py")
    script.write_text(edited := script.read_text() + "# mine\n")

    kept = integrate(module)

    assert kept.returncode == 0
    assert script.read_text() == edited
    assert "edited" in kept.stdout
    script.unlink()
    assert "create     start_node.py" in integrate(module).stdout
    assert script.exists()


ODD = NODE.replace('"""Says it again."""', '"""Répète."""')


@pytest.mark.parametrize(
    "data",
    [
        ODD.encode(),
        b"\xef\xbb\xbf" + ODD.encode(),
        b"# -*- coding: latin-1 -*-\n" + ODD.encode("latin-1"),
        b"#!/usr/bin/python3\n# vim: set fileencoding=cp1252 :\n" + ODD.encode("cp1252"),
        ODD.replace("\n", "\r\n").encode(),
        ODD.replace("    ", "\t").encode(),
        ODD.replace("\n", "\r\n", 3).encode(),
        ODD.rstrip().encode(),
    ],
    ids=["utf-8", "mark", "latin-1", "cp1252", "crlf", "tabs", "mixed", "no end"],
)
def test_every_byte_that_was_there_is_there_still(data: bytes, module: Path) -> None:
    module.write_bytes(data)

    assert integrate(module).returncode == 0

    mark = b"\xef\xbb\xbf"  # the mark is the file's, whatever line comes first
    left = iter(module.read_bytes().removeprefix(mark).splitlines())
    assert all(line in left for line in data.removeprefix(mark).splitlines())
    assert module.read_bytes().startswith(mark) == data.startswith(mark)
    compile(module.read_bytes(), "node.py", "exec")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"class NodeXEffect:\n    x = '\xe9'\n", "node.py:2"),
        (b"# -*- coding: klingon -*-\nclass NodeXEffect: x = 1\n", "klingon"),
        (b"class NodeXEffect:\n    x = '\0'\n", "null bytes"),
    ],
)
def test_bytes_that_are_no_text_are_refused(data: bytes, words: str, module: Path) -> None:
    module.write_bytes(data)

    done = integrate(module)

    assert done.returncode == 4
    assert words in done.stderr
    assert module.read_bytes() == data


@pytest.mark.parametrize(("name", "code"), [("node.py", 2), ("start_node.py", 3)])
def test_a_pipe_is_not_waited_for(module: Path, name: str, code: int) -> None:
    module.with_name(name).unlink(missing_ok=True)
    os.mkfifo(module.with_name(name))

    done = integrate(module)

    assert done.returncode == code
    assert name in done.stderr
    assert "is no regular file" in done.stderr


@pytest.mark.parametrize("name", ["missing.py", "readme.txt", "start_node.py", "json.py", "my-node.py"])
def test_what_is_no_nodes_module_is_bad_input(name: str, tmp_path: Path) -> None:
    if name != "missing.py":
        (tmp_path / name).write_text(NODE)

    done = integrate(tmp_path / name)

    assert done.returncode == 2
    assert name in done.stderr
    assert "fix:" in done.stderr


def test_an_error_is_one_json_object_where_json_is_asked_for(module: Path) -> None:
    module.write_text("class NodeXEffect:\n    is_running = 1\n")

    document = json.loads(integrate(module, "--json").stdout)

    finding = document["error"]["findings"][0]
    assert (finding["rule"], finding["line"]) == ("conflict", 2)


def test_warnings_of_the_code_are_not_ours(module: Path) -> None:
    module.write_text(NODE.replace('"""Says it again."""', '"""Says \\d again."""'))

    done = integrate(module, environment={"PYTHONWARNINGS": "error"})

    assert done.returncode == 0, done.stderr
