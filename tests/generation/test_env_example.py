"""`.env.example` of a generated node: every variable that this node reads, with its default, and no other."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from nodesmith.contract.node_contract import NodeContract, build
from nodesmith.generation.code_generation import generate_code
from nodesmith.generation.rendering import packaged_templates
from nodesmith.spec.loading import load_system
from nodesmith.variables import VARIABLES

ORDERS = Path(__file__).parents[2] / "examples" / "orders"
EFFECT = """\
node: effect
name: keeper
description: Keeps things.
adapter: {adapter}
operations:
  keep: {{input: {{name: str}}, output: {{kept: bool}}}}
"""
OWN = {"postgresql": "DATABASE_URL", "sqlite": "SQLITE_PATH", "redis": "REDIS_URL", "http": "HTTP_BASE_URL"}


def env_example(node: NodeContract) -> str:
    return generate_code(node, packaged_templates())[".env.example"].text


def variables(text: str) -> dict[str, tuple[str, str]]:
    """Return each variable's default and what is said of it, in the line above."""
    return {
        name: (default, said)
        for said, name, default in re.findall(r"^# (.+)\n#([A-Z].*?)=(.*)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize("kind", ["compute", "effect", "reducer", "orchestrator"])
def test_it_has_the_variables_that_apply_as_the_table_tells_of_them(kind: str) -> None:
    (spec,) = [each for each in load_system(ORDERS / "system.yaml").nodes if each.archetype.value == kind]

    found = variables(env_example(build(spec)))

    expected = {each.name: (each.default, each.meaning) for each in VARIABLES if each.archetype in ("", kind)}
    assert {name: found[name] for name in found if name != "SQLITE_PATH"} == expected
    assert ("NODESMITH_STATE_URL" in found) == (kind == "reducer")


@pytest.mark.parametrize("adapter", OWN)
def test_an_effect_has_its_adapters_variable_as_well(adapter: str, tmp_path: Path) -> None:
    spec = tmp_path / "keeper.node.yaml"
    spec.write_text(EFFECT.format(adapter=adapter))
    node = build(load_system(spec).nodes[0])

    own = variables(env_example(node)).keys() - {each.name for each in VARIABLES}

    assert own == {OWN[adapter]}
    assert OWN[adapter] in generate_code(node, packaged_templates())["v1_0_0/resources.py"].text


def test_as_it_is_it_sets_nothing_and_every_line_may_be_uncommented(tmp_path: Path) -> None:
    (spec,) = [
        each for each in load_system(ORDERS / "system.yaml").nodes if each.archetype.value == "reducer"
    ]
    text = env_example(build(spec))
    (tmp_path / ".env").write_text(re.sub(r"^#([A-Z_]+=)", r"\1", text, flags=re.MULTILINE))

    done = subprocess.run(
        ["sh", "-ec", "set -a && . ./.env && env"],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )

    assert [line for line in text.splitlines() if line and not line.startswith("#")] == []
    shown = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert {each.name for each in VARIABLES if "<" not in each.name} <= shown.keys()
