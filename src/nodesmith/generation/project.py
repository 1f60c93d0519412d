"""The files around a node's code: how it is installed, configured, built and explained."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import tomli_w

from nodesmith.generation.diagram import diagram
from nodesmith.generation.examples import NoExampleError, example
from nodesmith.generation.files import GeneratedFile, NodeFiles, Owner
from nodesmith.generation.filters import one_line
from nodesmith.spec.writing import to_yaml
from nodesmith.variables import variables_for

if TYPE_CHECKING:
    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.contract.operations import OperationContract
    from nodesmith.generation.rendering import Templates

STAGE = "4"

# adapter -> nodesmith's extra for it; SQLite comes with Python.
EXTRAS = {"postgresql": "postgresql", "redis": "redis", "http": "http"}


def project_files(node: NodeContract, templates: Templates) -> NodeFiles:
    """Return the files that stand beside the version's folder."""
    values: dict[str, object] = {
        "node": node,
        "extras": extras(node),
        "project": project_name(node),
        "calls": [_call(node, operation) for operation in node.operations],
        "picture": diagram([node]) if node.spec.event_bus else "",
        "variables": variables_for(node.spec.archetype.value) if node.spec.event_bus else {},
    }
    return {
        "node.yaml": GeneratedFile(text=to_yaml(node.spec.document)),
        "pyproject.toml": GeneratedFile(text=tomli_w.dumps(project_document(node)), owner=Owner.MERGED),
        "README.md": templates.file("common/README.md.j2", values, stage=STAGE),
        "Dockerfile": templates.file("common/Dockerfile.j2", values, stage=STAGE),
        ".env.example": templates.file("common/env.j2", values, stage=STAGE),
    }


def extras(node: NodeContract) -> str:
    """Return what of nodesmith the node needs, as a requirement spells it: `[kafka,postgresql]`."""
    names = [*(["kafka"] if node.spec.event_bus else []), *_adapter_extra(node)]
    return f"[{','.join(names)}]" if names else ""


def _adapter_extra(node: NodeContract) -> list[str]:
    return [EXTRAS[node.adapter]] if node.adapter in EXTRAS else []


def project_name(node: NodeContract) -> str:
    """Return `node-crm-customer-writer-effect`."""
    return node.folder.replace("_", "-")


def project_document(node: NodeContract) -> dict[str, object]:
    """Return what `pyproject.toml` says."""
    project: dict[str, object] = {
        "name": project_name(node),
        "version": ".".join(str(part) for part in node.spec.version),
        "description": one_line(node.description),
        "readme": "README.md",
        "requires-python": ">=3.11",
        "dependencies": [f"nodesmith{extras(node)}", "pydantic>=2.10"],
        "optional-dependencies": {"test": ["pytest>=8.3", "pyyaml>=6.0.2"]},
    }
    if node.spec.event_bus:
        project["scripts"] = {project_name(node): f"{node.package}.start_node:main"}
    return {
        "build-system": {"requires": ["hatchling>=1.27"], "build-backend": "hatchling.build"},
        "project": project,
        "tool": _tools(node),
    }


def _tools(node: NodeContract) -> dict[str, object]:
    # The node's folder is itself the package, so it is put under its own name; an editable install finds it from above.
    wheel = {"only-include": ["__init__.py", node.version_folder], "sources": {"": node.folder}}
    return {
        "hatch": {"build": {"dev-mode-dirs": [".."], "targets": {"wheel": wheel}}},
        "ruff": {"target-version": "py311"},
        "mypy": {"strict": True, "python_version": "3.11"},
        "pytest": {"ini_options": {"testpaths": [f"{node.version_folder}/tests"]}},
    }


def _call(node: NodeContract, operation: OperationContract) -> str:
    """Return a shell command that calls an operation with an example, or an empty text where there is no example."""
    try:
        payload = json.dumps(example(operation.input))
    except NoExampleError:
        return ""
    # Some shells' `echo` takes a backslash for the beginning of something else.
    say = "printf %s" if "\\" in payload else "echo"
    return f"{say} {shlex.quote(payload)} | nodesmith call {node.spec.name}.{operation.name} --input -"
