"""Files that do not parse in their own language."""

from __future__ import annotations

import ast
import json
import tomllib
from typing import TYPE_CHECKING

from nodesmith.errors import Finding
from nodesmith.generation.gates.parsed import ParsedNode

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodesmith.generation.files import NodeFiles


def parse_node(files: NodeFiles) -> tuple[ParsedNode, list[Finding]]:
    """Return the node's files parsed, and a finding for each that does not parse."""
    findings: list[Finding] = []
    modules: dict[str, ast.Module] = {}
    documents: dict[str, object] = {}
    for path, file in files.items():
        try:
            match path.rpartition(".")[2]:
                case "py":
                    modules[path] = ast.parse(file.text)
                case "yaml":
                    documents[path] = read_yaml(file.text)
                case ending if ending in OTHERS:
                    OTHERS[ending](file.text)
        except (
            SyntaxError,
            ValueError,
            RecursionError,
            MemoryError,
        ) as error:  # the last two: nested too deep
            line = error.lineno or 0 if isinstance(error, SyntaxError) else 0
            findings.append(Finding(rule="syntax", message=str(error), file=path, line=line))
    return ParsedNode(files, modules, documents), findings


def read_yaml(text: str) -> object:
    """Return the data of a YAML document; raises ValueError where it does not parse."""
    import yaml

    try:
        # libyaml's parser is ten times faster, where PyYAML was built with it.
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


OTHERS: dict[str, Callable[[str], object]] = {"toml": tomllib.loads, "json": json.loads}
