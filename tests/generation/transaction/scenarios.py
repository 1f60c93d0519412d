"""What is changed while the process is killed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generation.transaction.trees import File, Folder, change, expected, files, new, remove, with_folders

if TYPE_CHECKING:
    from generation.transaction.trees import Tree

    from nodesmith.generation.transaction import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    name: str
    before: Tree
    operations: tuple[Operation, ...]

    @property
    def after(self) -> Tree:
        return expected(self.before, self.operations)


OLD_NODE: Tree = with_folders(
    {
        "node_a/.nodesmith/lock.json": File(b"lock 1"),
        "node_a/README.md": File(b"mine and yours", 0o600),
        "node_a/node.yaml": File(b"version: 1.0.0\n"),
        "node_a/v1_0_0/node.py": File(b"one"),
        "node_a/v1_0_0/start_node.py": File(b"#!start", 0o775),
        "node_a/v1_0_0/handlers": Folder(0o2750),
        "node_a/v1_0_0/handlers/handler_a.py": File(b"the person's"),
        "node_a/v1_0_0/handlers/old.py": File(b"not made any more"),
        "notes.txt": File(b"the person's own"),
        "empty": Folder(0o700),
    }
)

NEW_UNIT = Scenario(
    name="a new unit",
    before=files(notes_txt=b"the person's own"),
    operations=(
        new("node_a/node.yaml", b"name: a\n"),
        new("node_a/v1_0_0/node.py", b"one"),
        new("node_a/v1_0_0/start_node.py", b"#!start", executable=True),
        new("node_a/.nodesmith/lock.json", b"lock 1"),
    ),
)
MIXED = Scenario(
    name="writes, removals and new files in an old unit",
    before=OLD_NODE,
    operations=(
        change("node_a/README.md", b"mine and yours", b"mine and yours, merged"),
        change("node_a/v1_0_0/start_node.py", b"#!start", b"#!start again"),
        remove("node_a/v1_0_0/handlers/old.py", b"not made any more"),
        new("node_a/v1_0_0/handlers/handler_b.py", b"new"),
        new("node_a/v1_0_0/run.sh", b"run", executable=True),
        new("node_a/v1_0_0/models/model_a.py", b"new"),
        new("node_a/v1_0_0/models/deep/model_b.py", b"new"),
        change("node_a/.nodesmith/lock.json", b"lock 1", b"lock 2"),
    ),
)
MOVES = Scenario(
    name="moves to another version's folder",
    before=OLD_NODE,
    operations=(
        new("node_a/v1_1_0/node.py", b"two"),
        remove("node_a/v1_0_0/node.py", b"one"),
        new("node_a/v1_1_0/start_node.py", b"#!start", executable=True),
        remove("node_a/v1_0_0/start_node.py", b"#!start"),
        new("node_a/v1_1_0/handlers/handler_a.py", b"the person's"),
        remove("node_a/v1_0_0/handlers/handler_a.py", b"the person's"),
        remove("node_a/v1_0_0/handlers/old.py", b"not made any more"),
        change("node_a/.nodesmith/lock.json", b"lock 1", b"lock 2"),
    ),
)
SEVERAL = Scenario(
    name="several units, old and new, and the system's own files",
    before=with_folders({**OLD_NODE, "compose.yaml": File(b"services: 1")}),
    operations=(
        change("node_a/node.yaml", b"version: 1.0.0\n", b"version: 1.1.0\n"),
        change("node_a/.nodesmith/lock.json", b"lock 1", b"lock 2"),
        new("node_b/node.yaml", b"name: b\n"),
        new("node_b/.nodesmith/lock.json", b"lock 1"),
        new("node_c/node.yaml", b"name: c\n"),
        new("node_c/.nodesmith/lock.json", b"lock 1"),
        change("compose.yaml", b"services: 1", b"services: 3"),
        new("asyncapi.yaml", b"channels"),
        new(".nodesmith/pristine/compose.yaml.txt", b"services: 3"),
        new(".nodesmith/lock.json", b"lock 1"),
    ),
)
TURNED = Scenario(
    name="a file that becomes a folder, and a folder that becomes a file",
    before=files(node_a__file=b"a file", node_a__folder__one=b"1", node_a__folder__deep__two=b"2"),
    operations=(
        remove("node_a/file", b"a file"),
        new("node_a/file/one", b"1"),
        remove("node_a/folder/one", b"1"),
        remove("node_a/folder/deep/two", b"2"),
        new("node_a/folder", b"a file"),
    ),
)
ALL_GONE = Scenario(
    name="everything goes",
    before=files(node_a__deep__one=b"1", node_a__two=b"2", three=b"3"),
    operations=(remove("node_a/deep/one", b"1"), remove("node_a/two", b"2"), remove("three", b"3")),
)
SCENARIOS = (NEW_UNIT, MIXED, MOVES, SEVERAL, TURNED, ALL_GONE)
