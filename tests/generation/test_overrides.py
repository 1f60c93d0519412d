"""A team's own templates, laid over nodesmith's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from generation.odd_system import NODES, load

from nodesmith.errors import GateError
from nodesmith.generation.code_generation import generate_code
from nodesmith.generation.contract import make_contract
from nodesmith.generation.event_bus_integration import integrate_event_bus
from nodesmith.generation.files import Owner
from nodesmith.generation.overrides import MAX_TEMPLATE_BYTES, OverrideError, overridden_templates
from nodesmith.generation.rendering import packaged_templates

if TYPE_CHECKING:
    from pathlib import Path

    from nodesmith.errors import Finding
    from nodesmith.generation.files import NodeFiles
    from nodesmith.generation.rendering import Templates
    from nodesmith.spec.model import NodeSpec

SPEC = "node: effect\nname: keeper\ndescription: Keeps things.\noperations:\n  keep:\n    input: {item_id: str, kind: {enum: [a, b]}}\n"
HANDLER = "effect/handler.py.j2"
MODEL = "common/model.py.j2"
TRACE = "ran.txt"


@pytest.fixture
def team(tmp_path: Path) -> Path:
    folder = tmp_path / "acme"
    folder.mkdir()
    (tmp_path / "keeper.node.yaml").write_text(SPEC, encoding="utf-8")
    return folder


def lay(team: Path, name: str, text: str) -> None:
    (team / name).parent.mkdir(parents=True, exist_ok=True)
    (team / name).write_text(text, encoding="utf-8")


def generate(team: Path, *arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Generate the keeper beside the team's folder, which is the current folder where none is given."""
    command = [sys.executable, "-m", "nodesmith", "generate", str(team.parent / "keeper.node.yaml")]
    return subprocess.run(
        [*command, "-o", str(team.parent / "out"), *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=cwd or team.parent,
    )  # fmt: skip


def written(team: Path, path: str) -> str:
    return (team.parent / "out" / "node_keeper_effect" / path).read_text(encoding="utf-8")


def files_of(spec: NodeSpec, templates: Templates) -> NodeFiles:
    contract = make_contract(spec)
    return integrate_event_bus(generate_code(contract, templates), contract, templates)


def rendered(team: Path, text: str) -> str:
    """Return what a template makes of a few values."""
    lay(team, "common/package.py.j2", text)
    values = {"text": "a text", "fields": ({"name": "one"},), "obj": object(), "number": 7}
    return overridden_templates(team).text("common/package.py.j2", values, stage="4")


def refused(team: Path, text: str) -> tuple[str, str]:
    """Return what is said of a template that cannot be rendered, and what to do about it."""
    with pytest.raises(GateError) as error:
        rendered(team, text)
    assert error.value.stage == "4"
    (finding,) = error.value.findings
    assert finding.file == str(team / "common/package.py.j2")
    return f"{finding.line}: {finding.message}", finding.fix


# -- what a team can do


def test_a_template_is_laid_over_ours_and_may_include_it(team: Path) -> None:
    lay(team, "_licence.j2", "# Copyright Acme, {{ node.spec.name }}\n")
    lay(team, HANDLER, '{% include "_licence.j2" %}\n{% include "nodesmith/effect/handler.py.j2" %}\n')

    run = generate(team, "--templates", team)

    handler = written(team, "v1_0_0/handlers/handler_keep.py")
    assert run.returncode == 0, run.stderr
    assert handler.startswith('# Copyright Acme, keeper\n"""How `keep` is done.')
    assert "class HandlerKeep:" in handler


def test_what_is_in_use_is_said(team: Path) -> None:
    lay(team, HANDLER, '{% include "nodesmith/effect/handler.py.j2" %}\n')

    run = generate(team, "--templates", "acme", "--json")

    assert run.stderr.startswith(f"templates: acme ({HANDLER})\n")
    assert json.loads(run.stdout)["templates"] == {"folder": "acme", "overridden": [HANDLER]}


def test_new_takes_templates_as_well(team: Path) -> None:
    lay(team, "common/env.j2", "ACME=1\n")
    command = [sys.executable, "-m", "nodesmith", "new", "An effect called mailer that sends mail."]

    run = subprocess.run(
        [*command, "-o", str(team.parent / "out"), "--templates", str(team)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    assert [place.read_text() for place in (team.parent / "out").rglob(".env.example")] == ["ACME=1\n"]


def test_a_template_may_say_whose_its_file_is_and_else_goes_by_ours(team: Path) -> None:
    lay(team, "common/Dockerfile.j2", "{# owner: seeded #}\nFROM acme\n")
    lay(team, "common/env.j2", "ACME=1\n")
    templates = overridden_templates(team)

    assert templates.declaration("common/Dockerfile.j2").owner is Owner.SEEDED
    assert templates.declaration("common/env.j2").owner is Owner.MERGED


def test_what_is_not_overridden_is_rendered_to_the_same_bytes(team: Path, tmp_path: Path) -> None:
    lay(team, "_part.j2", "")
    templates = overridden_templates(team)

    for spec in load(tmp_path, NODES).nodes:
        assert files_of(spec, templates) == files_of(spec, packaged_templates())


def test_a_changed_template_changes_the_digest_and_a_folder_elsewhere_does_not(
    team: Path, tmp_path: Path
) -> None:
    lay(team, "common/env.j2", "ACME=1\n")
    lay(tmp_path / "elsewhere", "common/env.j2", "ACME=1\n")
    before = overridden_templates(team).digest
    lay(team, "common/env.j2", "ACME=2\n")

    assert before == overridden_templates(tmp_path / "elsewhere").digest
    assert before not in (overridden_templates(team).digest, packaged_templates().digest)


def test_the_start_script_may_be_overridden_and_stays_executable(team: Path) -> None:
    lay(team, "event_bus/start_node.py.j2", '{% include "nodesmith/event_bus/start_node.py.j2" %}\n# Acme\n')

    run = generate(team, "--templates", team)

    assert run.returncode == 0, run.stderr
    assert os.access(team.parent / "out/node_keeper_effect/v1_0_0/start_node.py", os.X_OK)


def test_filters_and_methods_of_plain_data_are_there(team: Path) -> None:
    text = (
        "{{ text | docstring }}|{{ text | python_repr }}|{{ text | markdown }}|{{ text.upper() }}|{{ 'a,b'.split(',') | join('-') }}"
        "|{% for field in fields %}{{ loop.index }}{{ field.name }}{{ loop.cycle('x', 'y') }}{% endfor %}"
        "|{{ '%03d' % number }}|{{ range(3) | sum }}|{{ 'x' ~ number if number > 3 }}|{{ 'x' if number > 9 }}"
        "|{% macro m(a) %}<{{ a }}{{ caller() }}>{% endmacro %}{% call m('q') %}in{% endcall %}"
        "|{% for n in range(9) if n is odd %}{{ n }}{% endfor %}|{{ text.replace('a', 'b') }}"
    )

    assert rendered(team, text) == ("a text|'a text'|a text|A TEXT|a-b|1onex|007|3|x7||<qin>|1357|b text")


# -- where they are


def configure(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def test_a_pyproject_above_names_the_folder_relative_to_itself(team: Path) -> None:
    lay(team, "common/env.j2", "ACME=1\n")
    configure(team.parent, '[tool.nodesmith]\ntemplates = "acme"\n')
    (team.parent / "deep").mkdir()
    configure(team.parent / "deep" / "er", "[project]\nname = 'unrelated, and not even valid\n")

    run = generate(team, cwd=team.parent / "deep" / "er")

    assert run.returncode == 0, run.stderr
    assert run.stderr.startswith(f"templates: {team} (common/env.j2)\n")
    assert written(team, ".env.example") == "ACME=1\n"


def test_the_flag_wins(team: Path) -> None:
    lay(team, "common/env.j2", "ACME=1\n")
    configure(team.parent, '[tool.nodesmith]\ntemplates = "nowhere"\n')

    assert generate(team, "--templates", team).returncode == 0


def test_a_table_without_templates_and_no_table_change_nothing(team: Path) -> None:
    for text in ("[tool.nodesmith]\n", "[project]\nname = 'nodesmith'\n"):
        configure(team.parent, text)

        run = generate(team)

        assert run.returncode == 0, run.stderr
        assert "templates:" not in run.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.nodesmith]\ntemplate = 'acme'\n", "pyproject.toml:2: [tool.nodesmith] has no key 'template' [unknown-key]\n    fix: did you mean 'templates'?"),
        ("[tool.nodesmith]\nx = 1\n", "pyproject.toml:2: [tool.nodesmith] has no key 'x' [unknown-key]\n    fix: use one of: templates"),
        ("[tool.nodesmith]\ntemplates = ['acme']\n", "pyproject.toml:2: 'templates' is no path [wrong-type]"),
        ("[tool.nodesmith]\ntemplates = ''\n", "pyproject.toml:2: 'templates' is no path [wrong-type]"),
        ("[tool.nodesmith]\ntemplates = 'acme\n", "pyproject.toml:2: this is no TOML"),
        ("[tool.nodesmith]\ntemplates = acme\n", "pyproject.toml:2:13: this is no TOML"),
        ("[tool]\nnodesmith = 1\n", "pyproject.toml: 'tool.nodesmith' is no table [wrong-type]"),
        ("[tool.nodesmith]\ntemplates = 'nowhere'\n", "nowhere: cannot be read: No such file or directory [templates-folder]"),
        ("[tool.nodesmith]\ntemplates = 'keeper.node.yaml'\n", "keeper.node.yaml: cannot be read: Not a directory [templates-folder]"),
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_be_used_is_refused_with_its_place(
    team: Path, text: str, said: str
) -> None:
    configure(team.parent, text)

    run = generate(team, "--json")

    assert run.returncode == 2
    assert said in run.stderr
    assert json.loads(run.stdout)["error"]["findings"]
    assert not (team.parent / "out").exists()


# -- what is in the folder


def findings(team: Path) -> list[Finding]:
    with pytest.raises(OverrideError) as error:
        overridden_templates(team)
    return list(error.value.findings)


def rules(team: Path) -> dict[str, str]:
    return {finding.file.removeprefix(f"{team}/"): finding.rule for finding in findings(team)}


def test_a_file_that_lies_over_nothing_is_refused_with_the_name_that_was_meant(team: Path) -> None:
    lay(team, "effects/handler.py.j2", "")
    lay(team, "common/modle.py.j2", "")
    lay(team, "effect/node.py.jinja2", "")
    lay(team, "effect/resources_redis.py", "")

    found = {finding.file.removeprefix(f"{team}/"): finding.fix for finding in findings(team)}

    assert "effect/handler.py.j2" in found["effects/handler.py.j2"]
    assert "did you mean common/model.py.j2" in found["common/modle.py.j2"]
    assert found["effect/node.py.jinja2"] == "call it effect/node.py.j2"
    assert found["effect/resources_redis.py"] == "call it effect/resources_redis.py.j2"


def test_what_is_no_template_may_lie_beside_them(team: Path) -> None:
    lay(team, "common/env.j2", "ACME=1\n")
    for name in (
        "README.md",
        ".gitignore",
        ".git/config.j2",
        "LICENSE",
        "common/notes.txt",
        "__pycache__/x.j2",
    ):
        lay(team, name, "")

    assert list(overridden_templates(team).overrides) == ["common/env.j2"]


def test_a_folder_without_templates_is_refused(team: Path) -> None:
    assert rules(team) == {str(team): "templates-empty"}


@pytest.mark.parametrize("name", ["imports", "init", "lifecycle", "introspection_event"])
def test_the_blocks_of_the_event_bus_stay_ours(team: Path, name: str) -> None:
    lay(team, f"event_bus/{name}.py.j2", "")

    assert rules(team) == {f"event_bus/{name}.py.j2": "fixed-template"}


def test_links_that_lead_out_of_the_folder_are_not_followed(team: Path) -> None:
    lay(team.parent, "outside/env.j2", "SECRET=1\n")
    (team / "common").mkdir()
    (team / "common/env.j2").symlink_to(team.parent / "outside/env.j2")
    (team / "common/Dockerfile.j2").symlink_to("Dockerfile.j2")
    (team / "effect").symlink_to(team.parent / "outside")

    assert set(rules(team).values()) == {"templates-link"}
    assert len(rules(team)) == 3


def test_a_link_to_a_file_of_the_folder_is_read(team: Path) -> None:
    lay(team, "_env.j2", "ACME=1\n")
    (team / "common").mkdir()
    (team / "common/env.j2").symlink_to("../_env.j2")

    assert overridden_templates(team).overrides["common/env.j2"].text == "ACME=1\n"


def test_what_cannot_be_a_template_is_refused(team: Path) -> None:
    (team / "common").mkdir()
    (team / "effect").mkdir()
    (team / "common/env.j2").write_bytes(b"a\n\xff")
    (team / "common/enum.py.j2").write_bytes(b"x" * (MAX_TEMPLATE_BYTES + 1))
    (team / "common/model.py.j2").mkdir()
    (team / "common/README.md.j2").write_text("{# ownr: seeded #}\n")
    os.mkfifo(team / "effect/node.py.j2")

    assert rules(team) == {
        "common/env.j2": "encoding",
        "common/enum.py.j2": "too-large",
        "common/README.md.j2": "declaration",
        "effect/node.py.j2": "unreadable",
    }
    assert {finding.line for finding in findings(team) if finding.rule == "encoding"} == {2}


def test_a_folder_that_holds_far_more_than_templates_is_refused_soon(team: Path) -> None:
    for number in range(1_001):
        (team / f"{number}.txt").touch()

    assert rules(team) == {str(team): "templates-folder"}


# -- what a template may not do


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ self.__init__.__globals__ }}",
        "{{ text | attr('__class__') }}",
        "{{ [text] | map(attribute='__class__') | first }}",
        "{{ [text] | map('attr', '__class__') | first }}",
        "{{ '{0.__class__.__mro__}'.format(text) }}",
        "{{ '{t.__class__}'.format_map({'t': text}) }}",
        "{{ ('{0.__class__}' | escape).format(text) }}",
        "{{ lipsum.__globals__ }}",
        "{{ joiner.__init__.__globals__['os'] }}",
        "{{ (namespace | attr('__init__')).__globals__ }}",
        "{{ obj.__reduce__() }}",
        "{{ fields[0]['__class__'] }}",
        "{{ dict.__base__ }}",
        "{{ dict.fromkeys('ab') | length }}",
        "{{ ''.maketrans('a', 'b') | length }}",
        "{{ fields.append(1) }}",
        "{{ fields[0].update(name='x') }}",
        "{{ fields[0].clear() }}",
        "{{ range.mro() }}",
        "{{ text | random }}",
        "{% include '/etc/passwd' %}",
        "{% include '../../etc/passwd' %}",
        "{% import 'os' as os %}{{ os.getcwd() }}",
        "{% extends 'nodesmith/../../rendering.py' %}",
    ],
)
def test_nothing_is_reached_from_a_template_but_what_it_is_given(team: Path, text: str) -> None:
    refused(team, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n{{ txt }}", ("2: 'txt' is undefined", "did you mean 'text'?")),
        ("{{ other }}", ("1: 'other' is undefined", "it is given: fields, number, obj, text")),
        ("a\nb\n{% if %}", ("3: Expected an expression, got 'end of statement block'", "")),
        ("{{ text | upperr }}", ("1: No filter named 'upperr'.", "")),
        ("\n{% include 'nothing' %}", ("2: there is no template nothing", "")),
        ("\n\n{{ 1 // 0 }}", ("3: ZeroDivisionError: integer division or modulo by zero", "")),
        ("{{ obj }}", ("1: it prints a object, which is no text: name one of its parts, or use a filter such as python_repr", "")),
        ("{{ none }}", ("1: it prints None, which is no text: name one of its parts, or use a filter such as python_repr", "")),
        ("{{ '\\ud800' }}", ("0: its text holds half a surrogate pair, which no file can", "")),
        ("{{ obj | python_repr }}", ("1: TypeError: object has no Python literal", "")),
    ],
)  # fmt: skip
def test_an_error_in_a_template_names_its_line(team: Path, text: str, said: tuple[str, str]) -> None:
    assert refused(team, text) == said


@pytest.mark.parametrize(
    "text",
    [
        "{% for n in range(10 ** 9) %}x{% endfor %}",
        "{% for n in range(99999) %}{% for m in range(99999) %}{% endfor %}{% endfor %}",
        "{% for n in range(99999) %}{% for m in range(99999) if false %}{% endfor %}{% endfor %}",
        "{% for n in range(99999) %}{% for m in range(99999) %}xxxxxxxxxx{% endfor %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(90) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for n in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
        "{% include 'common/package.py.j2' %}",
        "{% for n in range(99999) %}{{ range(99999) | sum }}{% endfor %}",
        "{% set ns = namespace(x='xxxxxxxxxx') %}{% for n in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x='xxxxxxxxxx') %}{% for n in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for n in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=7) %}{% for n in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
        "{% set x %}{% for n in range(99999) %}{{ 'x' * 9999 }}{% endfor %}{% endset %}",
        "{{ 'x' * 10 ** 12 }}",
        "{{ [1] * 10 ** 12 }}",
        "{{ 7 ** (7 ** 70) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%*d' % (999999999, 1) }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ 'x' | center(10 ** 12) }}",
        "{{ 'x'.ljust(10 ** 12) }}",
        "{{ 'x'.zfill(10 ** 12) }}",
        "{{ '\\t'.expandtabs(10 ** 12) }}",
        "{{ [1] | batch(10 ** 12, 'x') | list }}",
        "{{ ('x' * 99999) | replace('x', 'y' * 99999) }}",
        "{{ ('x' * 99999).replace('x', 'y' * 99999) }}",
        "{{ (['x' * 99999] * 99999) | join }}",
        "{{ ''.join(['x' * 99999] * 99999) }}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{% if 1 %}" * 500 + "{% endif %}" * 500,
    ],
)  # fmt: skip
def test_what_would_not_end_or_fill_the_memory_is_ended(team: Path, text: str) -> None:
    refused(team, text)


# -- what comes of it


def test_what_a_template_makes_is_held_to_the_gates_and_the_template_is_named(team: Path) -> None:
    lay(team, HANDLER, '{% include "nodesmith/effect/handler.py.j2" %}\n\nimport numpy\nx = (\n')

    run = generate(team, "--templates", "acme", "--json")

    error: dict[str, Any] = json.loads(run.stdout)["error"]
    (finding,) = error["findings"]
    assert run.returncode == 4
    assert (finding["rule"], finding["line"] > 20) == ("syntax", True)
    assert finding["file"] == "node_keeper_effect/v1_0_0/handlers/handler_keep.py"
    assert finding["fix"] == f"mend acme/{HANDLER}"
    assert error["fix"] == f"mend acme/{HANDLER}, which it was made from"
    assert not (team.parent / "out").exists()


def test_a_node_that_stage_4_5_cannot_put_the_bus_into_names_its_template(team: Path) -> None:
    lay(team, "effect/node.py.j2", '"""Nothing."""\n')

    run = generate(team, "--templates", "acme")

    assert run.returncode == 4
    assert "mend acme/effect/node.py.j2: " in run.stderr


def test_macros_of_the_teams_that_lack_one_are_named(team: Path) -> None:
    lay(team, "common/macros.j2", "{% macro identity(node) %}NodeIdentity(){% endmacro %}\n")

    run = generate(team, "--templates", "acme")

    assert run.returncode == 4
    assert "acme/common/macros.j2" in run.stderr
    assert "nodesmith's own" not in run.stderr


@pytest.mark.parametrize("template", [MODEL, "common/enum.py.j2", "common/package.py.j2", HANDLER])
def test_no_code_that_a_template_makes_is_run(team: Path, template: str) -> None:
    trace = team.parent / TRACE
    touch = f'\nimport pathlib\n\npathlib.Path("{trace}").touch()\n'
    lay(team, template, f'{{% include "nodesmith/{template}" %}}\n{touch}')

    run = generate(team, "--templates", team)

    assert not trace.exists()
    assert run.returncode == 4 or (team.parent / "out").exists()


def test_a_model_that_lacks_what_the_contract_says_is_a_finding(team: Path) -> None:
    lay(
        team,
        MODEL,
        'from pydantic import BaseModel\n\n\nclass {{ model.class_name }}(BaseModel):\n    """None."""\n',
    )

    run = generate(team, "--templates", team)

    assert run.returncode == 4
    assert "ModelKeepInput does not declare the field item_id [model]" in run.stderr


def test_a_model_with_a_method_of_the_teams_is_built_where_the_node_is_verified(team: Path) -> None:
    method = "\n    def described(self) -> str:\n        return type(self).__name__\n"
    lay(team, MODEL, f'{{% include "nodesmith/{MODEL}" %}}\n{method}')

    run = generate(team, "--templates", team, "--verify")

    assert run.returncode == 0, run.stderr
    assert "def described" in written(team, "v1_0_0/models/model_keep_input.py")
