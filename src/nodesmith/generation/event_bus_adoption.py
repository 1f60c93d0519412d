"""Give a node somebody wrote by hand the event bus's integration of stage 4.5, and the script that starts it."""

from __future__ import annotations

import ast
import keyword
import stat
import sys
from typing import TYPE_CHECKING

from nodesmith.errors import ConflictError, Finding, InputError
from nodesmith.generation.event_bus.candidates import candidates
from nodesmith.generation.event_bus.choosing import choose_class
from nodesmith.generation.event_bus.facts import Facts, Wishes, facts_of
from nodesmith.generation.event_bus.layout import Layout, layout_of
from nodesmith.generation.event_bus.module_file import ModuleFile, read_module
from nodesmith.generation.event_bus.source import refusal
from nodesmith.generation.event_bus.splice import splice_module
from nodesmith.generation.event_bus_integration import event_bus_blocks, startup_script
from nodesmith.generation.update.changes import Action, Change, Plan, UnitPlan
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from nodesmith.generation.rendering import Templates

START_SCRIPT = "start_node.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What is to be done to a node. `operations` are methods that look like operations, where its class says none."""

    folder: Path
    class_name: str
    facts: Facts
    operations: tuple[str, ...]
    plan: Plan

    @property
    def is_needed(self) -> bool:
        """Whether anything is to be written."""
        return self.plan.is_stale


def plan_adoption(path: Path, wishes: Wishes, templates: Templates) -> Adoption:
    """Return what puts the node at `path` on the event bus; reads, and writes nothing.

    Raises InputError for what is no module or leaves something to be said, GateError of stage 4.5 with a place where
    the bus cannot be put in safely, ConflictError where another `start_node.py` is in the way.
    """
    place = path.resolve()
    _check_name(path)
    module = read_module(place, file=str(path))
    cls = choose_class(module.source, wishes.class_name)
    facts = facts_of(module.source, cls, place=place, wishes=wishes)
    blocks = event_bus_blocks(templates, service_name=facts.name, adoption=_adoption(facts))
    spliced = splice_module(module.source, class_name=cls.name, blocks=blocks)
    script = startup_script(templates, class_name=cls.name, layout=_layout(module))
    return Adoption(
        folder=place.parent,
        class_name=cls.name,
        facts=facts,
        operations=() if facts.is_stated else candidates(module.source, cls),
        plan=Plan(
            units=(
                UnitPlan(
                    unit=".",
                    changes=(
                        _module_change(module, spliced.text),
                        _script_change(path, place.with_name(START_SCRIPT), script.text, cls.name),
                    ),
                ),
            )
        ),
    )


def adopt(adoption: Adoption) -> None:
    """Write what is planned, all of it or nothing; raises ConflictError where a file has changed meanwhile."""
    from nodesmith.generation.transaction import commit
    from nodesmith.generation.update.operations import operations

    commit(adoption.folder, operations(adoption.plan))


def _check_name(path: Path) -> None:
    name = path.stem
    if path.suffix != ".py" or name == "__init__" or not name.isidentifier():
        raise InputError(f"{path} is not the name of a node's module", fix="give the path of a node.py")
    if path.name == START_SCRIPT or keyword.iskeyword(name) or name in sys.stdlib_module_names:
        raise InputError(f"{path} bears a name that is taken", fix="call the node's module node.py")


def _adoption(facts: Facts) -> dict[str, object] | None:
    if facts.is_stated:
        return None
    return {
        "name": facts.name,
        "domain": facts.domain,
        "archetype": facts.archetype,
        "version": facts.version,
    }


def _layout(module: ModuleFile) -> Layout:
    layout = layout_of(module.source, module.place)
    for folder in module.place.parents[: layout.levels]:
        if "." in folder.name or not folder.name:
            message = f"the folder '{folder.name}' cannot be part of a package, as the node's imports ask for"
            fix = "rename the folder, or import what lies beside the node absolutely"
            raise refusal(module.source.finding("layout", message, fix=fix))
    return layout


def _module_change(module: ModuleFile, text: str) -> Change:
    after = module.with_text(text)
    executable = bool(module.place.stat().st_mode & stat.S_IXUSR)
    return Change(
        path=module.place.name,
        action=Action.UNCHANGED if after == module.data else Action.UPDATE,
        before=module.data,
        after=after,
        was_executable=executable,
        executable=executable,
    )


def _script_change(path: Path, place: Path, text: str, class_name: str) -> Change:
    """Return the start script, as it is where it is one for this class already: it may have been edited since."""
    shown = path.with_name(START_SCRIPT)
    if not (place.exists() or place.is_symlink()):
        return Change(path=START_SCRIPT, action=Action.CREATE, after=text.encode(), executable=True)
    if place.exists() and not place.is_file():  # a pipe would be waited for
        raise _in_the_way(shown, class_name, "is no regular file")
    try:
        before = place.read_bytes()
    except OSError as error:
        raise _in_the_way(shown, class_name, f"cannot be read: {error.strerror}") from None
    if not _starts(before, class_name):
        raise _in_the_way(shown, class_name, f"does not start {class_name}")
    action = Action.UNCHANGED if before == text.encode() else Action.KEEP
    return Change(path=START_SCRIPT, action=action, before=before, after=before)


def _starts(script: bytes, class_name: str) -> bool:
    """Say whether a start script is ours, and for this class."""
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError):
        return False
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    started = {
        ast.unparse(call.args[0]).rpartition(".")[2] for call in calls if ast.unparse(call.func) == "run_node"
    }
    return class_name in started


def _in_the_way(shown: Path, class_name: str, reason: str) -> ConflictError:
    return ConflictError(
        f"{shown} is in the way: it {reason}; nothing was written",
        findings=(Finding(rule="in-the-way", message=reason, file=str(shown)),),
        fix=f"move it away or rename it; one folder has the start script of one node, {class_name} here",
    )
