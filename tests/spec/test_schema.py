from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from spec.checking import SAMPLES, load, tree_of_text
from spec.documents import NODES

from nodesmith.errors import SpecError
from nodesmith.spec.fields import FIELD_KEYS
from nodesmith.spec.loading import SYSTEM_KEYS, load_node_document
from nodesmith.spec.node import NODE_KEYS
from nodesmith.spec.operations import OPERATION_KEYS
from nodesmith.spec.reducer import EVENT_KEYS, INTENT_KEYS, MACHINE_KEYS, STATE_KEYS
from nodesmith.spec.schema import json_schema
from nodesmith.spec.tree import plain
from nodesmith.spec.workflow import STEP_KEYS, WORKFLOW_KEYS
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)

COMPUTE = "node: compute\nname: x\noperations: {run_it: {input: {a: %s}}}\n"
ORCHESTRATOR = "node: orchestrator\nname: x\noperations: {run_it: {}}\nworkflow: {steps: {one: %s}}\n"
REDUCER = "node: reducer\nname: x\nstate: {key: k, fields: {k: str}}\nevents: {ev: %s}\n"


def objects(schema: object) -> Iterator[dict[str, Any]]:
    """Yield every part of a schema that describes a mapping of known keys."""
    match schema:
        case dict():
            if "properties" in schema and schema.get("type") == "object":
                yield schema
            for part in schema.values():
                yield from objects(part)
        case list():
            for part in schema:
                yield from objects(part)


def test_the_schema_is_one_by_the_rules_of_its_dialect() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_mapping_is_strict_and_everything_is_described() -> None:
    for part in objects(SCHEMA):
        assert part["additionalProperties"] is False, part
        assert part["title"], part
        assert part["description"], part
        for name, value in part["properties"].items():
            assert "$ref" in value or "description" in value, name


def test_the_schema_knows_the_keys_that_the_loader_knows() -> None:
    definitions: Any = SCHEMA["$defs"]
    by_part = {
        "system": SYSTEM_KEYS,
        "operation": OPERATION_KEYS,
        "state": STATE_KEYS,
        "machine": MACHINE_KEYS,
        "event": EVENT_KEYS,
        "intent": INTENT_KEYS,
        "workflow": WORKFLOW_KEYS,
        "step": STEP_KEYS,
    }

    assert {part: set(definitions[part]["properties"]) for part in by_part} == {
        part: set(keys) for part, keys in by_part.items()
    }
    archetypes = ("effect", "compute", "reducer", "orchestrator")
    assert {key for kind in archetypes for key in definitions[kind]["properties"]} == set(NODE_KEYS)
    shapes = definitions["field"]["oneOf"][1:]
    assert {key for shape in shapes for key in shape["properties"]} == set(FIELD_KEYS)


@pytest.mark.parametrize("path", sorted(SAMPLES.rglob("*.yaml")), ids=lambda path: path.name)
def test_every_sample_passes(path: Path) -> None:
    assert list(VALIDATOR.iter_errors(plain(tree_of_text(path.read_bytes())))) == []


def test_a_field_that_is_called_like_a_builtin_passes_wherever_it_is_named() -> None:
    machine = "{field: type, initial: a, transitions: [{on: ev, from: a, to: b}]}"
    state = f"{{key: id, fields: {{id: str, type: {{enum: [a, b]}}}}, machine: {machine}}}"
    text = f"node: reducer\nname: x\nstate: {state}\nevents: {{ev: {{fields: {{id: str, max: int}}}}}}\n"

    load(text)

    assert list(VALIDATOR.iter_errors(plain(tree_of_text(text)))) == []


@settings(deadline=None)
@given(NODES)
def test_every_valid_node_passes(document: dict[str, Any]) -> None:
    load_node_document(document, source="x")

    assert list(VALIDATOR.iter_errors(document)) == []


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "node: compte\nname: x\noperations: {a: {}}\n",
        "node: compute\noperations: {a: {}}\n",
        "node: compute\nname: x\n",
        "node: compute\nname: Order Sync\noperations: {a: {}}\n",
        "node: compute\nname: x\noperations: {}\n",
        "node: compute\nname: x\noperations: {a: {}}\nadapter: sqlite\n",
        "node: compute\nname: x\noperations: {a: {}}\ncolour: red\n",
        "node: compute\nname: x\noperations: {a: {}}\nversion: 1.0\n",
        "node: compute\nname: x\noperations: {a: {}}\nevent_bus: no\n",
        "node: compute\nname: x\noperations: {a: {timeout: soon}}\n",
        "node: compute\nname: x\noperations: {a: {timeout: -1}}\n",
        "node: compute\nname: x\noperations: {a: {out: {}}}\n",
        "node: compute\nname: x\noperations: {a: }\n",
        "node: effect\nname: x\noperations: {a: {}}\nadapter: postgres\n",
        "node: effect\nname: x\noperations: {a: {}}\nevent_bus: false\n",
        "node: orchestrator\nname: x\noperations: {a: {}, b: {}}\nworkflow: {steps: {c: {call: d.e}}}\n",
        "system: x\nnodes: []\n",
        *(f"node: compute\nname: {name}\noperations: {{a: {{}}}}\n" for name in ("class", "type", "match")),
        *(f"node: compute\nname: x\noperations: {{{name}: {{}}}}\n" for name in ("class", "id", "next")),
        *(COMPUTE % f"{{fields: {{{name}: str}}}}" for name in ("class", "list", "copy", "model_x")),
        "system: x\nnodes: [{node: compute, name: y}]\n",
        *(COMPUTE % field for field in ("strng", "list", "[a]", "7", "{}", "{type: str, enum: [a]}", "{enum: []}")),
        *(COMPUTE % field for field in ("{enum: [a, a]}", "{type: list}", "{type: str, items: str}", "{fields: {}}")),
        *(COMPUTE % field for field in ("{type: str, max_length: -1}", "{type: str, size: 3}", "{fields: {A: str}}")),
        *(ORCHESTRATOR % step for step in ("{}", "{call: d}", "{call: d.e, retries: -1}", "{call: d.e, with: {f: g}}")),
        *(ORCHESTRATOR % step for step in ("{call: d.e, after: f}", "{call: d.e, with: {f: {g: 1}}}")),
        *(REDUCER % event for event in ("{}", "{from: a}", "{fields: [k]}")),
    ],
)  # fmt: skip
def test_what_has_the_wrong_shape_fails_the_schema_and_the_loader(text: str) -> None:
    assert list(VALIDATOR.iter_errors(plain(tree_of_text(text))))
    with pytest.raises(SpecError):
        load(text)


def test_the_schema_survives_our_own_yaml() -> None:
    assert plain(tree_of_text(to_yaml(SCHEMA))) == SCHEMA
