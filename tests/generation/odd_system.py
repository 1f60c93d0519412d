"""A system of every kind of node, with the oddest text there is wherever a person may write text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.loading import load_system
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from nodesmith.spec.model import SystemSpec

ODD = (
    'ends """ a string \'\'\' and "another" \\ back {brace} {{ name }} {% if x %} {# c #}\n'
    'second line \\N{BULLET} \\x41 # noqa\n\n    indented ${HOME} `code` <b> | é 漢 😀 \u202e\u00a0\t%s\\"'
)


def described(text: str) -> str:
    return f"{text}: {ODD}"


FIELDS: dict[str, object] = {
    "text": {"type": "str", "default": ODD, "description": described("text")},
    "code": {"type": "str", "pattern": r"^[A-Z]{2}-\d+$", "max_length": 12},
    "number": {"type": "int", "ge": 10, "multiple_of": 4},
    "ratio": {"type": "float", "gt": 0, "lt": 1},
    "flag": "bool",
    "price": {"type": "decimal", "ge": 0, "default": "0.50"},
    "total": {"type": "decimal", "default": "0"},
    "reference": "uuid",
    "datetime": "datetime | null",
    "date": {"type": "date | null", "default": None},
    "data": {"type": "bytes", "default": "abc"},
    "blobs": {"type": "list[bytes]", "min_length": 1},
    "anything": {"type": "json", "default": {ODD: [1, None, ODD]}},
    "tags": {"type": "list[str]", "default": []},
    "words": {"type": "list[str]", "default": [ODD]},
    "gaps": {"type": "list[int | null]", "default": [1, None]},
    "nested": {"type": "dict[str, list[decimal]]", "default": {"a": [], "b": ["1.5"]}},
    "jsons": {"type": "list[json]", "default": [1, {"a": [None]}]},
    "counts": {"type": "dict[str, int]", "default": {ODD: 3}},
    "status": {"enum": ["open", "in progress", ODD, "class"], "default": ODD},
    "address": {
        "fields": {"street": {"type": "str", "description": ODD}, "zip_code": {"type": "str", "default": ODD}}
    },
    "lines": {
        "type": "list",
        "items": {"fields": {"sku": "str", "kind": {"enum": ["a", "b"]}}},
        "min_length": 2,
    },
}

# Fields called like builtins of Python, which stay attributes wherever they are read.
BUILTINS: dict[str, object] = {
    "id": "uuid | null",
    "type": {"enum": ["small", "large"], "default": "small"},
    "hash": {"type": "int", "default": 1},
    "format": {"type": "str", "default": "plain", "max_length": 9},
    "filter": {"type": "list[json]", "default": [{"a": 1}]},
    "input": {"type": "dict[str, list[int]]", "default": {"a": [1]}},
    "min": {"type": "decimal", "default": "0.5", "ge": 0},
    "max": {"type": "float", "default": 2},
    "object": {"fields": {"type": "str", "set": "list[str]"}, "nullable": True},
    "next": "date | null",
    "all": {"type": "list[bool]", "default": [True]},
    "cast": {"type": "bytes", "default": "YWJj"},
    "property": {"type": "bool", "default": False},
    "match": {"type": "str", "default": "case"},
}


def compute(name: str, **more: object) -> dict[str, object]:
    operation = {
        "description": described(name),
        "input": {**FIELDS, **BUILTINS},
        "output": {"answer": "decimal", "status": FIELDS["status"]},
    }
    return {
        "node": "compute",
        "name": name,
        "description": described(name),
        "operations": {"work_out": operation},
        **more,
    }


def effect(name: str, **more: object) -> dict[str, object]:
    operation = {
        "description": described(name),
        "key": "item_id",
        "timeout": "2s",
        "input": {"item_id": "str", "type": "str", "answer": {"type": "decimal | null", "default": None}},
        "output": {"item_id": "str", "id": "int", "data": {"type": "bytes", "default": "_-8="}},
    }
    undo = {"input": {"item_id": "str"}, "output": {}}
    return {
        "node": "effect",
        "name": name,
        "domain": "odd",
        "description": described(name),
        "operations": {"keep": operation, "drop": undo},
        **more,
    }


MACHINE_REDUCER: dict[str, object] = {
    "node": "reducer",
    "name": "item_states",
    "domain": "odd",
    "version": "2.0.1",
    "description": described("item_states"),
    "event_bus": True,
    "state": {
        "key": "item_id",
        "fields": {
            "item_id": "str",
            "note": {"type": "str", "default": ODD, "description": ODD},
            "status": {"enum": ["new", ODD, "gone"]},
            **BUILTINS,
        },
        "machine": {
            "field": "status",
            "initial": "new",
            "transitions": [
                {"on": "kept", "from": ["new", ODD], "to": ODD},
                {"on": "dropped", "from": ODD, "to": "gone"},
            ],
        },
    },
    "events": {
        "kept": {"description": ODD, "from": "keeper.keep", "fields": {"item_id": "str", "id": "int"}},
        "dropped": {"description": ODD, "fields": {"item_id": "str", **BUILTINS}},
    },
    "intents": {
        "tell": {"description": ODD, "fields": {"item_id": "str"}},
        "tell_again": {"fields": {"item_id": "str", "text": {"type": "str", "default": ODD}, **BUILTINS}},
    },
}

PLAIN_REDUCER: dict[str, object] = {
    "node": "reducer",
    "name": "counts",
    "description": ODD,
    "state": {"key": "id", "fields": {"id": "str", "count": {"type": "int", "default": 0}}},
    "events": {"seen": {"fields": {"id": "str"}}},
}

ORCHESTRATOR: dict[str, object] = {
    "node": "orchestrator",
    "name": "items",
    "domain": "odd",
    "description": described("items"),
    "operations": {
        "run_items": {
            "description": ODD,
            "key": "item_id",
            "input": {"item_id": "str", "type": {"type": "str", "default": "x"}},
            "output": {
                "item_id": "str",
                "id": "int",
                "text": {"type": "str", "default": "x"},
                "data": "bytes",
            },
        }
    },
    "workflow": {
        "steps": {
            # Names that meet those inside a generated function.
            "request": {
                "call": "odd/keeper.keep",
                "with": {"item_id": "input.item_id", "answer": 1.5, "type": "input.type"},
                "undo": "odd/keeper.drop",
            },
            "run": {
                "call": "odd/keeper.keep",
                "with": {"item_id": {"value": ODD}, "type": {"value": "x"}},
                "after": ["request"],
                "retries": 1,
            },
            "last": {
                "call": "odd/keeper.keep",
                "with": {"item_id": "request.item_id", "type": "input.type", "answer": "request.id"},
                "timeout": "500ms",
            },
        },
        "result": {
            "item_id": "run.item_id",
            "id": "last.id",
            "text": {"value": ODD},
            "data": {"value": "_-8="},
        },
    },
}

NODES: list[dict[str, object]] = [
    compute("calculator"),
    compute("bus_calculator", domain="odd", event_bus=True),
    effect("keeper"),
    effect("file_keeper", adapter="sqlite"),
    effect("table_keeper", adapter="postgresql"),
    effect("cache_keeper", adapter="redis"),
    effect("web_keeper", adapter="http"),
    MACHINE_REDUCER,
    PLAIN_REDUCER,
    ORCHESTRATOR,
]


def load(folder: Path, nodes: list[dict[str, object]]) -> SystemSpec:
    """Return a system as it is read from a file in `folder`."""
    file = folder / "system.yaml"
    file.write_text(to_yaml({"system": "odd", "description": ODD, "nodes": nodes}), encoding="utf-8")
    return load_system(file)
