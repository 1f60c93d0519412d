from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nodesmith.errors import GateError, InputError
from nodesmith.generation.declarations import Declaration, read_declaration
from nodesmith.generation.files import Owner
from nodesmith.generation.overrides import overridden_templates
from nodesmith.generation.rendering import TEMPLATES, packaged_templates

if TYPE_CHECKING:
    from pathlib import Path

OURS = sorted(place.relative_to(TEMPLATES).as_posix() for place in TEMPLATES.rglob("*.j2"))


def makes_a_file(template: str) -> bool:
    """All but macros, which others import, and the blocks that Stage 4.5 puts into node.py."""
    is_block = template.startswith("event_bus/") and template != "event_bus/start_node.py.j2"
    return not is_block and template != "common/macros.j2"


@pytest.mark.parametrize("template", [name for name in OURS if makes_a_file(name)])
def test_every_template_that_makes_a_file_says_whose_it_is(template: str) -> None:
    assert packaged_templates().declaration(template).owner in set(Owner)


@pytest.mark.parametrize(
    ("source", "declared"),
    [
        ("{# owner: seeded #}\ntext", Declaration(owner=Owner.SEEDED)),
        ("{#- owner : merged ; executable -#}", Declaration(owner=Owner.MERGED, executable=True)),
        (
            "{# owner: generated; moved_from: {{ node.version_folder }}/start.py, run.py #}",
            Declaration(owner=Owner.GENERATED, moved_from=("{{ node.version_folder }}/start.py", "run.py")),
        ),
        ("text\n{# owner: seeded #}", None),
        ("{# Written by us: the owner is known. #}\ntext", None),
        ("", None),
    ],
)
def test_a_declaration_is_read_from_the_first_line(source: str, declared: Declaration | None) -> None:
    assert read_declaration(source, template="x.j2") == declared


@pytest.mark.parametrize(
    "source",
    [
        "{# owner: nobody #}",
        "{# owner: seeded; executble #}",
        "{# owner: seeded; executable: yes #}",
        "{# ownr: seeded #}",
        "{# Owner: seeded #}",
        "{# executable #}",
        "{# moved_from: a.py #}",
    ],
)
def test_a_declaration_that_is_not_understood_is_refused(source: str) -> None:
    with pytest.raises(InputError, match=r"x\.j2:1: the declaration .* is not understood") as refused:
        read_declaration(source, template="x.j2")

    assert "{# owner: generated #}" in refused.value.fix


def test_the_path_a_file_had_before_is_made_from_the_same_values(tmp_path: Path) -> None:
    lay(tmp_path, "{# owner: merged; moved_from: {{ text }}/start.py #}\n")

    file = overridden_templates(tmp_path).file("common/package.py.j2", {"text": "v1_0_0"}, stage="4")

    assert file.moved_from == ("v1_0_0/start.py",)


@pytest.mark.parametrize("path", ["../x.py", "/etc/passwd", "a/../../x", "a//x", "C:x", "a\\x", "a\nb", ""])
def test_a_file_cannot_have_been_outside_its_node(tmp_path: Path, path: str) -> None:
    lay(tmp_path, "{# owner: merged; moved_from: {{ text }} #}\n")

    with pytest.raises(GateError, match="is no path in the node's folder") as refused:
        overridden_templates(tmp_path).file("common/package.py.j2", {"text": path}, stage="4")

    assert refused.value.findings[0].line == 1


def test_a_name_that_the_former_path_needs_and_is_not_given_is_refused(tmp_path: Path) -> None:
    lay(tmp_path, "{# owner: merged; moved_from: {{ nothing }} #}\n")

    with pytest.raises(GateError, match="'nothing' is undefined"):
        overridden_templates(tmp_path).file("common/package.py.j2", {"text": "x"}, stage="4")


def lay(folder: Path, source: str) -> None:
    (folder / "common").mkdir()
    (folder / "common/package.py.j2").write_text(source, encoding="utf-8")
