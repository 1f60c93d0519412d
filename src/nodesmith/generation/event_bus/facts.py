"""Who a hand-written node is: as its class says, as a person says, or as its names suggest."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from nodesmith import naming
from nodesmith.errors import InputError
from nodesmith.generation.event_bus.definition import stated_definition, stated_service_name
from nodesmith.records import dataclass

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping
    from pathlib import Path

    from nodesmith.generation.event_bus.definition import Stated
    from nodesmith.generation.event_bus.source import Source

ARCHETYPES = ("effect", "compute", "reducer", "orchestrator")
_CLASS_NAME = re.compile(r"(?:Node)?(?P<name>.*?)(?P<archetype>Effect|Compute|Reducer|Orchestrator)?")
_BY_CLASS, _BY_FOLDER = "by the class's name", "by the folder's name"
_VERSION = re.compile(r"v(\d+)_(\d+)_(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person says about the node; what is empty is to be found out."""

    class_name: str = ""
    name: str = ""
    domain: str = ""
    archetype: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Who the node is. `origins` says of each fact how it is known; `is_stated`, that its class has a definition."""

    name: str
    domain: str
    archetype: str
    version: tuple[int, ...] | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    is_stated: bool = False


def facts_of(source: Source, cls: ast.ClassDef, *, place: Path, wishes: Wishes) -> Facts:
    """Return who the node is.

    Raises InputError that asks for what cannot be told, or says what cannot be so; GateError where the class has a
    `definition` that cannot be understood.
    """
    stated = stated_definition(source, cls)
    if stated is not None:
        return _stated_facts(source, cls, stated, wishes)
    told = _CLASS_NAME.fullmatch(cls.name)
    name = wishes.name or naming.snake(told["name"] if told else "")
    archetype = wishes.archetype or (told["archetype"] if told else None or "").lower()
    _ask_for_missing(cls, name=name, archetype=archetype)
    suggested = _domain_of_folder(place, name=name, archetype=archetype)
    domain = wishes.domain or suggested
    _check_names(name=name, domain=domain)
    version = _version_of_folder(place)
    origins = {
        "name": "as given" if wishes.name else _BY_CLASS,
        "domain": "as given" if wishes.domain else _BY_FOLDER if suggested else "none was given",
        "archetype": "as given" if wishes.archetype else _BY_CLASS,
        "version": _BY_FOLDER if version else "no folder says another",
    }
    return Facts(name=name, domain=domain, archetype=archetype, version=version or (1, 0, 0), origins=origins)


def _stated_facts(source: Source, cls: ast.ClassDef, stated: Stated, wishes: Wishes) -> Facts:
    found = {"name": stated.name, "domain": stated.domain, "archetype": stated.archetype}
    for key, value in found.items():
        wish = getattr(wishes, key)
        if wish and value and wish != value:
            raise InputError(
                f"--{key} is '{wish}', and the definition of {cls.name} says '{value}'",
                fix="leave the option out, or change the definition",
            )
    name = stated_service_name(source, cls) or stated.name or wishes.name
    if not name:
        raise InputError(
            f"the definition of {cls.name} does not say the node's name in so many words",
            fix="say it with --name",
        )
    return Facts(
        name=name,
        domain=stated.domain,
        archetype=stated.archetype,
        origins=dict.fromkeys((key for key, value in found.items() if value), "by the class's definition"),
        is_stated=True,
    )


def _ask_for_missing(cls: ast.ClassDef, *, name: str, archetype: str) -> None:
    missing = {"what the node is called": name, "which archetype it is": archetype}
    options = {"what the node is called": "--name my_node", "which archetype it is": "--archetype effect"}
    asked = [question for question, answer in missing.items() if not answer]
    if asked:
        raise InputError(
            f"the name of class {cls.name} does not say {' and '.join(asked)}",
            fix=f"say it, as in {' '.join(options[question] for question in asked)}"
            + ("" if archetype else f" (one of {', '.join(ARCHETYPES)})"),
        )


def _check_names(*, name: str, domain: str) -> None:
    for option, value, problem in (
        ("--name", name, naming.name_problem(name)),
        ("--domain", domain, naming.spelling_problem(domain) if domain else ""),
    ):
        if problem:
            raise InputError(f"the node's {option[2:]} '{value}' {problem}", fix=f"give another {option}")


def _domain_of_folder(place: Path, *, name: str, archetype: str) -> str:
    """Return `crm` where the module is in `node_crm_<name>_<archetype>`, or in a version folder of it."""
    pattern = re.compile(rf"node_(\w+)_{re.escape(name)}_{archetype}")
    found = (pattern.fullmatch(folder.name) for folder in place.parents[:2])
    return next((match[1] for match in found if match), "")


def _version_of_folder(place: Path) -> tuple[int, ...] | None:
    match = _VERSION.fullmatch(place.parent.name)
    return tuple(map(int, match.groups())) if match else None
