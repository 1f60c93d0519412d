"""Files that do not parse in their own language."""

from __future__ import annotations

import ast
import json
import tomllib
from typing import TYPE_CHECKING, Any

from nodesmith.errors import Finding
from nodesmith.generation.gates.parsed import ParsedNode

if TYPE_CHECKING:
    from collections.abc import Callable

    import yaml

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
    """Return what PyYAML's safe loader reads in a YAML document; raises ValueError where it does not parse."""
    import yaml

    # libyaml's parser is ten times faster, where PyYAML was built with it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        return None if node is None else _yaml_value(node, loader)
    except (yaml.YAMLError, TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    finally:
        loader.dispose()


def _yaml_value(node: yaml.Node, loader: yaml.SafeLoader) -> Any:
    """Return a node's data: texts, lists and mappings, which are nearly all there is, without the loader's detours."""
    if node.tag == "tag:yaml.org,2002:str":
        return node.value
    if node.tag == "tag:yaml.org,2002:seq":
        return [_yaml_value(item, loader) for item in node.value]
    if node.tag == "tag:yaml.org,2002:map" and not any(key.tag in _MERGING for key, _ in node.value):
        return {_yaml_value(key, loader): _yaml_value(value, loader) for key, value in node.value}
    return loader.construct_object(node, deep=True)


_MERGING = ("tag:yaml.org,2002:merge", "tag:yaml.org,2002:value")

OTHERS: dict[str, Callable[[str], object]] = {"toml": tomllib.loads, "json": json.loads}
